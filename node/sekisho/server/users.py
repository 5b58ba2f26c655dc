"""The users' face: what the company's own people and tools may call."""

from collections.abc import Mapping
from typing import Any

from sekisho.disclosure.cells import terms_text
from sekisho.federation.plan import Fragment
from sekisho.gate.blocks import terms_of
from sekisho.model.contract import Access
from sekisho.model.names import ContractId, PartyId
from sekisho.model.query import QueryText
from sekisho.model.signed import SignedContract
from sekisho.server import log
from sekisho.server.agreeing import Agreeing, Outcome
from sekisho.server.asking import AskingRoom, Question
from sekisho.server.boundary import unary
from sekisho.server.callers import User, UserCallers
from sekisho.server.describing import DescribingRoom
from sekisho.server.faces import Face, FlightHandler, Unary
from sekisho.server.flight_service import FlightService
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.server.prepared import Asked
from sekisho.server.reporting import status_lines
from sekisho.server.status import own_failure_of
from sekisho.server.users_asking import UsersAsker
from sekisho.wire.envelopes import (
    envelope_from_proto,
    envelope_to_proto,
    signature_from_proto,
)
from sekisho.wire.gen.sekisho.v1 import contract_service_pb2 as contracts
from sekisho.wire.gen.sekisho.v1 import node_service_pb2 as nodes
from sekisho.wire.parameters import parameters_from_proto


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
        self._asker = UsersAsker(
            parts,
            callers=self._caller_of,
            asking=asking,
            describing=DescribingRoom(parts, neighbours, asking),
        )
        self._flight = FlightService(self._asker, engine=parts.engine, monotonic=parts.monotonic)

    def add_to(self, face: Face) -> None:
        """Register every service."""
        face.server.add_generic_rpc_handlers((FlightHandler(self._flight),))
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
        log.note("member added", party=trusted.party, version=trusted.member.version, by=user.name)
        stored = self._parts.state.members.current(trusted.party)
        return nodes.AddMemberResponse(alias=stored.alias if stored else "")

    def _explain(
        self, user: User, message: nodes.ExplainQueryRequest
    ) -> nodes.ExplainQueryResponse:
        parameters = parameters_from_proto(message.parameters)
        question = self._asker.question(
            user,
            Asked(contract=message.contract, purpose=message.purpose),
            QueryText(sql=message.sql, parameters=parameters),
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
        self, user: User, message: nodes.ListRelationsRequest
    ) -> nodes.ListRelationsResponse:
        shelf = self._asker.shelf(user, Asked(contract=message.contract, purpose=""))
        return nodes.ListRelationsResponse(
            relations=[
                nodes.Relation(
                    schema=table.schema,
                    name=table.name,
                    columns=[f"{item.name} {item.type}".rstrip() for item in table.columns],
                )
                for table in shelf
            ]
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


def _terms(signed: SignedContract, provider: PartyId, grant: str) -> str:
    """Say what the cells of a grant must meet, by the contract that this node holds."""
    found = next((item for item in signed.grants_of(provider) if item.grant == grant), None)
    if found is None or found.access is not Access.AGGREGATE:
        return ""
    return terms_text(terms_of(found.effective_disclosure))
