"""Calls the company's own node for stewards and operators: contracts, notices, members, status.

Documents come here signed: people's keys are read by the command line and by nobody else. Kept
apart from `client.node`, so that signing a contract does not load Arrow.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc

from sekisho.client.channel import open_channel, raise_error
from sekisho.client.relations import Relation, relations_from_proto
from sekisho.documents.envelope import Envelope, EnvelopeSignature
from sekisho.model.names import ContractId
from sekisho.wire.envelopes import envelope_to_proto, signature_to_proto
from sekisho.wire.gen.sekisho.v1 import contract_service_pb2 as contracts
from sekisho.wire.gen.sekisho.v1 import node_service_pb2 as nodes
from sekisho.wire.gen.sekisho.v1.contract_service_pb2_grpc import ContractServiceStub
from sekisho.wire.gen.sekisho.v1.node_service_pb2_grpc import NodeServiceStub

CALL_SECONDS = 60.0
"""A call's time at most; the node itself waits a few seconds for other companies' nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Whether another party's node has taken a step over."""

    party: str
    is_acknowledged: bool
    """False while the node is still retrying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How a contract stands after a step, and who knows."""

    contract: str
    """The whole id."""
    state: str
    """Such as `in-force`."""
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """One fact about a running node."""

    name: str
    value: str
    is_healthy: bool


class Steward:
    """A connection to a node's users' face for everything but queries; a context manager."""

    def __init__(self, channel: grpc.Channel, *, token: str) -> None:
        """Use `connect_steward` instead."""
        self._channel = channel
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._contracts = ContractServiceStub(channel)
        self._nodes = NodeServiceStub(channel)

    def __enter__(self) -> Self:
        """Close the connection when the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def propose(self, envelope: Envelope) -> Step:
        """Hand over a proposal that this company has signed.

        Raises:
            TrustError: It is not signed by this company, or a party is not a member at the node.
            NodeError: It is not a proposal, or the node does not run.
        """
        request = contracts.ProposeContractRequest(contract=envelope_to_proto(envelope))
        found = self._call(self._contracts.ProposeContract, request)
        return Step(
            contract=found.contract_id, state="proposed", deliveries=_told(found.deliveries)
        )

    def sign(self, contract: ContractId, signature: EnvelopeSignature) -> Step:
        """Hand over this company's signature on a contract that the node holds.

        Raises:
            TrustError: It does not hold, comes too late, or the contract has ended.
            NodeError: The node does not run.
        """
        request = contracts.SignContractRequest(
            contract_id=contract, signature=signature_to_proto(signature)
        )
        found = self._call(self._contracts.SignContract, request)
        return Step(contract=contract, state=found.state, deliveries=_told(found.deliveries))

    def issue(self, contract: ContractId, envelope: Envelope) -> Step:
        """Hand over this company's signed notice; it has taken effect here when this returns.

        Raises:
            TrustError: It is not signed by a `notice` key of this company.
            NodeError: The contract does not let this company say that, or the node does not run.
        """
        request = contracts.IssueNoticeRequest(notice=envelope_to_proto(envelope))
        found = self._call(self._contracts.IssueNotice, request)
        return Step(contract=contract, state=found.state, deliveries=_told(found.deliveries))

    def add_member(self, envelope: Envelope, *, alias: str = "") -> str:
        """Have the node believe a member document; returns the alias in effect.

        Raises:
            TrustError: The document is not to be believed.
            NodeError: The alias cannot be used, or the node does not run.
        """
        request = nodes.AddMemberRequest(member=envelope_to_proto(envelope), alias=alias)
        return str(self._call(self._nodes.AddMember, request).alias)

    def status(self) -> tuple[StatusLine, ...]:
        """Ask how the node is, in the order to show it."""
        found = self._call(self._nodes.GetStatus, nodes.GetStatusRequest())
        return tuple(
            StatusLine(name=line.name, value=line.value, is_healthy=line.healthy)
            for line in found.lines
        )

    def relations(self, contract: str = "") -> tuple[Relation, ...]:
        """List what a query may name under a contract; without one, under the only one that fits.

        Types are missing where a provider's node is away.

        Raises:
            Refusal: The contract is not known, or several fit.
        """
        found = self._call(self._nodes.ListRelations, nodes.ListRelationsRequest(contract=contract))
        return relations_from_proto(found)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _call(self, method: Callable[..., Any], request: object) -> Any:
        try:
            return method(request, metadata=self._metadata, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            raise_error(error)


def connect_steward(address: str, *, token: Path, ca: Path) -> Steward:
    """Connect to the users' face of the company's own node.

    Args:
        address: `HOST:PORT`.
        token: The file that holds the user's token.
        ca: The file of the node's own anchor, in PEM.
    """
    channel = open_channel(address, roots=ca.read_bytes())
    return Steward(channel, token=token.read_text(encoding="ascii").strip())


def _told(deliveries: Iterable[contracts.Delivery]) -> tuple[Delivery, ...]:
    return tuple(
        Delivery(party=item.party, is_acknowledged=item.acknowledged) for item in deliveries
    )
