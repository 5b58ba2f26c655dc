"""The request: what a consumer's node signs before it asks, to prove who asked.

Built here and signed elsewhere; the payload is canonical JSON. Its digest is the request's id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sekisho.documents.envelope import digest_of
from sekisho.errors import DocumentError, Finding, TrustError
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ID_PATTERN, NAME_PATTERN, ContractId, PartyId
from sekisho.model.parameters import MAX_PARAMETERS, Parameter

REQUEST_FORMAT = "sekisho.request/v1"
MAX_AGE = timedelta(seconds=120)
"""How far the two nodes' clocks may be apart, and how long a request may travel."""
NONCE_PATTERN = r"[0-9a-f]{32}"
"""128 bits in hex."""
MAX_LOOKUPS = 100
"""Tables that one request names; a grant has no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One query of one provider under one contract."""

    contract: ContractId
    provider: PartyId
    consumer: PartyId
    purpose: str
    sql: str
    nonce: str
    issued_at: str
    parameters: tuple[Parameter, ...] | None = None
    """A value for every parameter of the query; None where it has none."""
    lookups: Mapping[str, str] | None = None
    """Digests of the tables that the query joins and the consumer has brought, by name; None where
    it joins none."""

    @property
    def channel(self) -> Channel:
        """Who asks whom, under which contract."""
        return Channel(provider=self.provider, consumer=self.consumer, contract=self.contract)

    def __post_init__(self) -> None:
        """Refuse a nonce, an instant or a digest that is not one."""
        parse_moment(self.issued_at)
        if not re.fullmatch(NONCE_PATTERN, self.nonce):
            message = "a nonce is 32 digits of lower-case hex"
            raise ValueError(message)
        if self.parameters is not None:
            _check_parameters(self.parameters)
        if self.lookups is not None:
            _check_lookups(self.lookups)


def _check_parameters(parameters: tuple[Parameter, ...]) -> None:
    if not 0 < len(parameters) <= MAX_PARAMETERS:
        message = f"a request has 1 to {MAX_PARAMETERS} parameters, or none"
        raise ValueError(message)
    if len({item.name for item in parameters}) < len(parameters):
        message = "two parameters of a request bear one name"
        raise ValueError(message)


def _check_lookups(lookups: Mapping[str, str]) -> None:
    if not 0 < len(lookups) <= MAX_LOOKUPS:
        message = f"a request names 1 to {MAX_LOOKUPS} tables, or has no `lookups`"
        raise ValueError(message)
    for name, digest in lookups.items():
        if not re.fullmatch(NAME_PATTERN, name) or not re.fullmatch(ID_PATTERN, digest):
            message = "a table is named by its lookup's name and by `sha256:` and 64 digits"
            raise ValueError(message)


def request_bytes(request: Request) -> bytes:
    """Write the payload of a request."""
    return record_bytes({"format": REQUEST_FORMAT} | to_record(request))


def parse_request(payload: bytes) -> Request:
    """Read the verified payload of a request.

    Raises:
        DocumentError: It is not canonical, or not exactly a request.
    """
    record = parse_record(payload, name="request")
    if record.pop("format", None) != REQUEST_FORMAT:
        message = f"its format is not `{REQUEST_FORMAT}`"
        raise DocumentError((Finding(message=message),), name="request")
    return from_record(Request, record, name="request")


def verify_request(
    request: Request, *, provider: PartyId, consumer: PartyId, now: datetime
) -> None:
    """Hold a request to the connection it came by and to the clock.

    Raises:
        TrustError: It is for another provider, from another consumer, or not from now.
    """
    if request.provider != provider:
        message = "the request is for another provider"
        raise TrustError(message, step="request.provider")
    if request.consumer != consumer:
        message = "the request is another party's than the connection"
        raise TrustError(message, step="request.consumer")
    if abs(now - parse_moment(request.issued_at)) > MAX_AGE:
        message = "the request is not from now"
        hint = "check that both nodes' clocks are right; 120 seconds apart is the most"
        raise TrustError(message, step="request.issued_at", hint=hint)


def parameters_digest(parameters: tuple[Parameter, ...]) -> str | None:
    """Name the values of a query's parameters for a ledger; None where there are none."""
    if not parameters:
        return None
    return digest_of(record_bytes({item.name: to_record(item) for item in parameters}))
