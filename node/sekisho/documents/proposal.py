"""The wrapper that all parties of a contract sign: the terms as written, and what they come to.

The terms give days; the wrapper adds the instants that those days mean, a nonce so that no two
contracts are one, and the digest of each party's first member document, so that nobody signs with
a party that two people understand differently. The digest of the wrapper is the contract's id.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import JsonValue, StringConstraints

from sekisho.documents.canonical import canonical_json, parse_canonical
from sekisho.documents.contract import AuthoredContract, contract_from_value
from sekisho.documents.envelope import digest_of
from sekisho.documents.models import document_error, parse_value
from sekisho.documents.value import Value
from sekisho.errors import Finding
from sekisho.model.contract import Contract
from sekisho.model.instants import day_ends_at, day_starts_at, instant_text
from sekisho.model.names import ID_PATTERN, ContractId, PartyId
from sekisho.model.signed import SignedContract
from sekisho.model.terms import DocumentModel, enforced, path_text
from sekisho.model.terms_values import Instant, Party

PROPOSAL_FORMAT = "sekisho.proposal/v1"
NONCE_PATTERN = r"^[0-9a-f]{32}$"
_NO_NONCE = "0" * 32
_NO_MEMBER = "sha256:" + "0" * 64


class TermInstants(DocumentModel):
    """What the term's days mean: from the first instant up to, and without, the second."""

    starts_at: Annotated[Instant, enforced("Starts at", "開始日時")]
    ends_at: Annotated[Instant, enforced("Is over at", "終了日時（この時刻を含まない）")]


class ProposalDocument(DocumentModel):
    """A proposal as it is signed; every field is written, always."""

    format: Annotated[Literal["sekisho.proposal/v1"], enforced("Format", "形式")]
    contract: Annotated[
        dict[str, JsonValue], enforced("Terms as written", "契約条項（原文どおり）")
    ]
    nonce: Annotated[
        str, StringConstraints(pattern=NONCE_PATTERN), enforced("Nonce", "一回限りの乱数")
    ]
    term: Annotated[TermInstants, enforced("Term", "契約期間")]
    sign_by_at: Annotated[Instant, enforced("Signed before", "署名期限（この時刻を含まない）")]
    members: Annotated[
        dict[Party, Annotated[str, StringConstraints(pattern=ID_PATTERN)]],
        enforced("Members", "当事者の身元文書の要約値"),
    ]


def build_proposal(
    authored: AuthoredContract, *, nonce_hex: str, members: Mapping[PartyId, str]
) -> bytes:
    """Write the payload that all parties sign.

    Args:
        authored: The contract as its authors wrote it.
        nonce_hex: 128 random bits.
        members: The fingerprint of every party's first member document.

    Raises:
        DocumentError: When `members` are not those of the contract's parties.
    """
    instants = _instants(authored.contract)
    payload = canonical_json(
        {
            "format": PROPOSAL_FORMAT,
            "contract": dict(authored.value),
            "nonce": nonce_hex,
            "term": {
                "starts_at": instant_text(instants["term.starts_at"]),
                "ends_at": instant_text(instants["term.ends_at"]),
            },
            "sign_by_at": instant_text(instants["sign_by_at"]),
            "members": {str(party): digest for party, digest in members.items()},
        }
    )
    parse_proposal(payload)
    return payload


def parse_proposal(payload: bytes) -> SignedContract:
    """Read a contract from the bytes that were, or will be, signed.

    Everything that follows from the terms is computed again and compared: two nodes whose time
    zone rules differ notice here, before either signs.

    Raises:
        DocumentError: When the bytes are not canonical, or say something that does not follow.
    """
    value = parse_canonical(payload)
    document = parse_value(value, ProposalDocument, name="proposal")
    contract = _contract_in(value)
    findings = (*_check_instants(document, contract), *_check_members(document, contract))
    if findings:
        raise document_error(findings, name="proposal")
    return SignedContract(
        id=ContractId(digest_of(payload)),
        contract=contract,
        starts_at=document.term.starts_at,
        ends_at=document.term.ends_at,
        sign_by_at=document.sign_by_at,
        nonce=document.nonce,
        members=document.members,
    )


def unsigned_proposal(authored: AuthoredContract) -> SignedContract:
    """Read a contract that nobody has proposed yet as though it were, with its instants.

    A nonce and fingerprints of nothing stand for what a proposal draws and looks up.
    """
    members = {item.party: _NO_MEMBER for item in authored.contract.parties}
    return parse_proposal(build_proposal(authored, nonce_hex=_NO_NONCE, members=members))


def proposed_terms(payload: bytes) -> Mapping[str, Value]:
    """Hand out the terms as they were written, from a payload that `parse_proposal` accepts."""
    parse_proposal(payload)
    terms = parse_canonical(payload)["contract"]
    assert isinstance(terms, dict)  # noqa: S101  the line above has seen it
    return terms


def _contract_in(value: Mapping[str, Value]) -> Contract:
    terms = value["contract"]
    return contract_from_value(terms if isinstance(terms, dict) else {}, name="proposal")


def _instants(contract: Contract) -> dict[str, datetime]:
    """Compute what a contract's days mean in its time zone, half-open and in UTC."""
    term = contract.term
    first = contract.amends.effective if contract.amends else term.starts
    last_to_sign = contract.sign_by if contract.sign_by is not None else term.ends
    return {
        "term.starts_at": day_starts_at(first, term.timezone),
        "term.ends_at": day_ends_at(term.ends, term.timezone),
        "sign_by_at": day_ends_at(last_to_sign, term.timezone),
    }


def _check_instants(document: ProposalDocument, contract: Contract) -> Iterator[Finding]:
    written = {
        "term.starts_at": document.term.starts_at,
        "term.ends_at": document.term.ends_at,
        "sign_by_at": document.sign_by_at,
    }
    for place, instant in _instants(contract).items():
        if written[place] != instant:
            yield Finding(
                path=place,
                message=f"`{place}` says {instant_text(written[place])}, but the terms come to "
                f"{instant_text(instant)}",
                hint="compare the time zone rules (tzdata) of the two nodes",
            )


def _check_members(document: ProposalDocument, contract: Contract) -> Iterator[Finding]:
    parties = {item.party for item in contract.parties}
    for party in sorted(parties - set(document.members)):
        yield Finding(
            path="members",
            message=f"no member document is known of `{party}`",
            hint=f"add it first: sekisho member add FILE --fingerprint … for `{party}`",
        )
    for party in sorted(set(document.members) - parties):
        yield Finding(
            path=path_text("members", party),
            message=f"`{party}` is a member but no party of the contract",
        )
