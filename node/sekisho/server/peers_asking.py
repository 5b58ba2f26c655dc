"""Questions of other companies through Flight: signed requests, and partners without a node."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import grpc

from sekisho.documents.envelope import Envelope
from sekisho.errors import NotServedError
from sekisho.gate.catalog import granted_columns
from sekisho.model.names import ContractId, PartyId
from sekisho.model.query import Query, QueryText
from sekisho.model.signed import SignedContract
from sekisho.server.answering import Answering
from sekisho.server.boundary import Explain
from sekisho.server.bounds import Turns
from sekisho.server.callers import PeerCallers
from sekisho.server.choosing import contracts_of_partner, the_only
from sekisho.server.contracts import the_purpose
from sekisho.server.parts import Parts
from sekisho.server.plans import Plans
from sekisho.server.prepared import Asked
from sekisho.server.shelf import Shelf, shelf_of_grants
from sekisho.server.status import failure_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnersQuestion:
    """What a partner without a node asks."""

    signed: SignedContract
    query: Query


class PeersAsker:
    """What the peers' face makes of questions; see `flight_service.Asker`."""

    explain: Explain = staticmethod(failure_of)

    def __init__(
        self,
        parts: Parts,
        *,
        callers: PeerCallers,
        calls: Turns,
        plans: Plans,
        answering: Answering,
    ) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._callers = callers
        self._calls = calls
        self._plans = plans
        self._answering = answering

    def caller_of(self, context: grpc.ServicerContext) -> PartyId:
        """Give the party whose certificate the connection shows."""
        return self._callers(context)

    def owner(self, caller: PartyId) -> str:
        """Bind handles to a party."""
        return caller

    def greeting(self, context: grpc.ServicerContext) -> tuple[tuple[str, str], ...]:
        """Give nothing: the certificate is enough."""
        del context
        return ()

    def turn(self, caller: PartyId) -> AbstractContextManager[None]:
        """Hold one of the party's places."""
        return self._calls.call(caller)

    def question(self, caller: PartyId, asked: Asked, text: QueryText) -> PartnersQuestion:
        """Find the contract in force; the only one that fits where none is named."""
        signed = self._contract(caller, asked)
        query = Query(
            sql=text.sql,
            parameters=text.parameters,
            contract=signed.id,
            purpose=the_purpose(signed, asked.purpose),
            consumer=caller,
            provider=self._parts.party,
        )
        return PartnersQuestion(signed=signed, query=query)

    def plan(self, question: PartnersQuestion) -> bytes:
        """Ask the gate; its plan has the answer's schema."""
        return self._plans.plan(question.query, question.signed).schema

    def describe(self, question: PartnersQuestion) -> bytes:
        """Ask the gate; its plan has the answer's schema."""
        return self.plan(question)

    def answer(
        self, caller: PartyId, question: PartnersQuestion | Envelope, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        """Answer a node's signed request, or under a contract that takes the connection for it."""
        if isinstance(question, Envelope):
            return self._answering.answer_signed(caller, question, context)
        query = question.query
        return self._answering.answer_unsigned(
            caller,
            context,
            contract=query.contract,
            purpose=query.purpose,
            text=QueryText(sql=query.sql, parameters=query.parameters),
        )

    def shelf(self, caller: PartyId, asked: Asked) -> Shelf:
        """List what the contract shows of this provider's datasets."""
        signed = self._contract(caller, asked)
        party = self._parts.party
        granted = granted_columns(signed, party, self._parts.datasets.present())
        return shelf_of_grants(granted, schema=signed.alias_of(party))

    def take(self, caller: PartyId, asked: Asked, *, table: str, frames: tuple[bytes, ...]) -> int:
        """Take no table: a consumer's node hands lookups over in their own form.

        Raises:
            NotServedError: Always.
        """
        del caller, asked, table, frames
        raise NotServedError(
            "uploads are not served here", hint="upload the table to a node of your own"
        )

    def _contract(self, caller: PartyId, asked: Asked) -> SignedContract:
        self._parts.state.standing.check()
        now = self._parts.now()
        contract = ContractId(asked.contract)
        if not contract:
            book = self._parts.contracts
            fitting = contracts_of_partner(book, caller, now, provider=self._parts.party)
            contract = the_only(fitting).id
        return self._parts.guard.in_force(contract, consumer=caller, now=now)
