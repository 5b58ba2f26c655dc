"""The users' face: what the company's own people and tools may call."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import grpc

from sekisho.disclosure.cells import terms_text
from sekisho.errors import EngineError, Refusal
from sekisho.federation.plan import Fragment
from sekisho.gate.blocks import terms_of
from sekisho.model.contract import Access
from sekisho.model.names import ContractId, PartyId
from sekisho.model.query import QueryText
from sekisho.model.signed import SignedContract
from sekisho.server import log
from sekisho.server.agreeing import Agreeing, Outcome
from sekisho.server.asking import AskingRoom, Question, RunningQuestion
from sekisho.server.boundary import boundary, unary
from sekisho.server.callers import User, UserCallers
from sekisho.server.contracts import the_purpose
from sekisho.server.faces import Face, FlightHandler, Unary
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.server.reporting import status_lines
from sekisho.server.status import own_failure_of
from sekisho.server.tickets import Tickets
from sekisho.wire.envelopes import (
    envelope_from_proto,
    envelope_to_proto,
    signature_from_proto,
)
from sekisho.wire.flight import (
    CONTRACT_HEADER,
    PROGRESS_HEADER,
    PURPOSE_HEADER,
    pack_info,
    parse_statement,
    parse_ticket,
)
from sekisho.wire.frames import add_metadata
from sekisho.wire.gen.sekisho.v1 import contract_service_pb2 as contracts
from sekisho.wire.gen.sekisho.v1 import node_service_pb2 as nodes
from sekisho.wire.parameters import parameters_from_proto

PROGRESS_SECONDS = 0.2
"""How often a client that asked for it is told how far the providers have come."""


class UsersFace:
    """Binds the services of the users' face to what they do."""

    def __init__(
        self, parts: Parts, *, asking: AskingRoom, agreeing: Agreeing, neighbours: Neighbours
    ) -> None:
        """Take what the calls are handed to."""
        self._parts = parts
        self._asking = asking
        self._agreeing = agreeing
        self._neighbours = neighbours
        self._caller_of = UserCallers(parts.folder.token("operator").parent)
        self._tickets: Tickets[Question] = Tickets(parts.monotonic)

    def add_to(self, face: Face) -> None:
        """Register every service."""
        face.server.add_generic_rpc_handlers(
            (FlightHandler(get_info=self.get_info, do_get=self.do_get),)
        )
        face.add_service(
            contracts.DESCRIPTOR.services_by_name["ContractService"],
            self._bound(
                ProposeContract=self._propose,
                SignContract=self._sign,
                IssueNotice=self._issue,
                GetContract=self._get,
            ),
        )
        face.add_service(
            nodes.DESCRIPTOR.services_by_name["NodeService"],
            self._bound(
                GetStatus=self._status,
                AddMember=self._add_member,
                ExplainQuery=self._explain,
                ListRelations=self._list_relations,
            ),
        )

    def get_info(self, descriptor: bytes, context: grpc.ServicerContext) -> bytes:
        """Serve GetFlightInfo: plan the query, and give a ticket for it."""
        with boundary(context, "GetFlightInfo", own_failure_of):
            user = self._caller_of(context)
            headers = dict(context.invocation_metadata() or ())
            question = self._question(
                user,
                contract=str(headers.get(CONTRACT_HEADER, "")),
                purpose=str(headers.get(PURPOSE_HEADER, "")),
                text=parse_statement(descriptor),
            )
            self._asking.plan(question)
            handle = self._tickets.issue(question, bound_to=user.name)
            return pack_info(descriptor, handle, b"")
        raise AssertionError  # the boundary has ended the call

    def do_get(self, ticket: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve DoGet: ask every provider, and stream the residual."""
        with boundary(context, "DoGet", own_failure_of):
            user = self._caller_of(context)
            headers = dict(context.invocation_metadata() or ())
            handle = parse_ticket(ticket)
            if not isinstance(handle, bytes):
                handle = b""
            question = self._tickets.take(handle, bound_to=user.name)
            running = self._asking.ask(question)
            try:
                yield from self._frames(running, context, progress=PROGRESS_HEADER in headers)
            except GeneratorExit:
                self._asking.abandon(running, EngineError("cancelled by the user"))
                running.run.close()
                raise
            except Exception as error:
                behind = self._asking.abandon(running, error)
                running.run.close()
                raise behind or error from error

    def _frames(
        self, running: RunningQuestion, context: grpc.ServicerContext, *, progress: bool
    ) -> Iterator[bytes]:
        run = running.run
        context.add_callback(running.cancel)
        yield run.schema
        last = self._parts.monotonic()
        for batch in run:
            now = self._parts.monotonic()
            if progress and now - last > PROGRESS_SECONDS:
                last = now
                yield add_metadata(batch.frame, _progress_note(running))
            else:
                yield batch.frame
        receipts = self._asking.finish(running)
        run.close()
        note: dict[str, Any] = {
            "receipts": [asdict(receipt) for receipt in receipts],
            "gaps": [asdict(gap) for gap in running.gaps()],
        }
        if progress:
            note["progress"] = [asdict(item) for item in running.progress()]
        yield add_metadata(run.end, json.dumps(note).encode())

    def _question(self, user: User, *, contract: str, purpose: str, text: QueryText) -> Question:
        now = self._parts.now()
        signed = self._parts.contracts.signed(self._parts.contracts.find(contract, now))
        if signed is None:
            raise LookupError
        return Question(
            text=text,
            signed=signed,
            purpose=the_purpose(signed, purpose),
            person=user.name,
        )

    def _propose(
        self, _user: User, message: contracts.ProposeContractRequest
    ) -> contracts.ProposeContractResponse:
        outcome = self._agreeing.propose(envelope_from_proto(message.contract))
        return contracts.ProposeContractResponse(
            contract_id=outcome.contract, deliveries=_deliveries(outcome)
        )

    def _sign(
        self, _user: User, message: contracts.SignContractRequest
    ) -> contracts.SignContractResponse:
        outcome = self._agreeing.sign(
            ContractId(message.contract_id), signature_from_proto(message.signature)
        )
        return contracts.SignContractResponse(state=outcome.state, deliveries=_deliveries(outcome))

    def _issue(
        self, _user: User, message: contracts.IssueNoticeRequest
    ) -> contracts.IssueNoticeResponse:
        outcome = self._agreeing.issue(envelope_from_proto(message.notice))
        return contracts.IssueNoticeResponse(state=outcome.state, deliveries=_deliveries(outcome))

    def _get(
        self, _user: User, message: contracts.GetContractRequest
    ) -> contracts.GetContractResponse:
        now = self._parts.now()
        contract = self._parts.contracts.find(message.contract, now)
        stored = self._parts.state.contracts.get(contract)
        if stored is None:
            raise LookupError
        return contracts.GetContractResponse(
            contract=envelope_to_proto(stored.envelope),
            state=self._parts.contracts.state(contract, now),
        )

    def _status(self, _user: User, _message: nodes.GetStatusRequest) -> nodes.GetStatusResponse:
        return nodes.GetStatusResponse(
            lines=[
                nodes.StatusLine(name=line.name, value=line.value, healthy=line.is_healthy)
                for line in status_lines(self._parts)
            ]
        )

    def _add_member(self, user: User, message: nodes.AddMemberRequest) -> nodes.AddMemberResponse:
        trusted = self._parts.members.add(
            self._parts.state,
            envelope_from_proto(message.member),
            alias=message.alias,
            fingerprint="",
            now=self._parts.now(),
        )
        # A newer document may have revoked a key that signed a contract.
        self._parts.contracts.forget_all()
        log.note("member added", party=trusted.party, version=trusted.member.version, by=user.name)
        stored = self._parts.state.members.current(trusted.party)
        return nodes.AddMemberResponse(alias=stored.alias if stored else "")

    def _explain(
        self, user: User, message: nodes.ExplainQueryRequest
    ) -> nodes.ExplainQueryResponse:
        parameters = parameters_from_proto(message.parameters)
        question = self._question(
            user,
            contract=message.contract,
            purpose=message.purpose,
            text=QueryText(sql=message.sql, parameters=parameters),
        )
        plan = self._asking.plan(question)
        return nodes.ExplainQueryResponse(
            fragments=[self._explained(question, item) for item in plan.fragments],
            residual=plan.residual_sql,
            columns=plan.columns,
            merges=[nodes.ExplainedMerge(name=item.name, sql=item.sql) for item in plan.merges],
        )

    def _explained(self, question: Question, fragment: Fragment) -> nodes.ExplainedFragment:
        """Ask a provider what it would do."""
        signed = question.signed
        found = self._neighbours.peer(fragment.party).explain(
            signed.id, question.purpose, question.fragment(fragment)
        )
        return nodes.ExplainedFragment(
            provider=fragment.party,
            sql=fragment.sql,
            clauses=found.clauses,
            plan=found.plan,
            charges=found.charges,
            terms=_terms(signed, fragment.party, found.grant),
            lookups=[item.dataset for item in fragment.lookups],
        )

    def _list_relations(
        self, _user: User, message: nodes.ListRelationsRequest
    ) -> nodes.ListRelationsResponse:
        relations = [
            nodes.Relation(
                schema="local",
                name=dataset.id.partition("/")[2],
                columns=[f"{column.name} {column.type}" for column in dataset.columns],
            )
            for dataset in self._parts.datasets.present().values()
        ]
        if message.contract:
            relations += self._granted(message.contract)
        relations.sort(key=lambda item: (item.schema, item.name))
        return nodes.ListRelationsResponse(relations=relations)

    def _granted(self, contract: str) -> Iterator[nodes.Relation]:
        now = self._parts.now()
        found = self._parts.contracts.find(contract, now)
        signed = self._parts.contracts.signed(found)
        if signed is None or self._parts.party not in signed.consumers:
            return
        for provider in signed.providers:
            try:
                shown = self._neighbours.peer(provider).list_granted_datasets(found)
            except Refusal:
                continue  # this provider's part is not in force; the others' are still shown
            for item in shown:
                yield nodes.Relation(
                    schema=signed.alias_of(provider),
                    name=item.dataset.partition("/")[2],
                    columns=[f"{column.name} {column.type}" for column in item.columns],
                )

    def _bound(self, **methods: Any) -> Mapping[str, Unary]:
        return {
            name: unary(method, caller_of=self._caller_of, explain=own_failure_of)
            for name, method in methods.items()
        }


def _deliveries(outcome: Outcome) -> list[contracts.Delivery]:
    return [
        contracts.Delivery(party=item.party, acknowledged=item.acknowledged_at is not None)
        for item in outcome.deliveries
    ]


def _progress_note(running: RunningQuestion) -> bytes:
    return json.dumps({"progress": [asdict(item) for item in running.progress()]}).encode()


def _terms(signed: SignedContract, provider: PartyId, grant: str) -> str:
    """Say what the cells of a grant must meet, by the contract that this node holds."""
    found = next((item for item in signed.grants_of(provider) if item.grant == grant), None)
    if found is None or found.access is not Access.AGGREGATE:
        return ""
    return terms_text(terms_of(found.effective_disclosure))
