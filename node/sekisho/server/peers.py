"""The peers' face: what other companies' nodes, and nobody else, may call."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from sekisho.gate.catalog import granted_columns
from sekisho.model.names import ContractId, PartyId
from sekisho.model.query import Query, QueryText
from sekisho.model.signed import SignedContract
from sekisho.server import log
from sekisho.server.agreeing import Agreeing
from sekisho.server.answering import Answering
from sekisho.server.boundary import unary
from sekisho.server.bounds import MAX_CALLS_PER_PARTY, Pace, Turns
from sekisho.server.callers import PeerCallers
from sekisho.server.charges import charges_of
from sekisho.server.comparing import Comparing
from sekisho.server.faces import Face, FlightHandler, Unary
from sekisho.server.flight_service import FlightService
from sekisho.server.lookups import Lookups
from sekisho.server.parts import Parts
from sekisho.server.peers_asking import PeersAsker
from sekisho.server.plans import Plans
from sekisho.server.status import failure_of
from sekisho.server.witness import Witness
from sekisho.wire.envelopes import envelope_from_proto, envelope_to_proto
from sekisho.wire.gen.sekisho.v1 import exchange_service_pb2 as exchange
from sekisho.wire.gen.sekisho.v1 import fragment_service_pb2 as fragment
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger
from sekisho.wire.parameters import parameters_from_proto

MAX_RENEWALS = 10
"""Member documents that a party may hand over at once: each one is kept for ever, and has every
decision that is being taken here taken anew."""
RENEWAL_SECONDS = 3600.0
"""After so long a party may hand over one more."""


class PeersFace:
    """Binds the services of the peers' face to what they do."""

    def __init__(
        self,
        parts: Parts,
        *,
        plans: Plans,
        answering: Answering,
        agreeing: Agreeing,
        comparing: Comparing,
        lookups: Lookups,
        witness: Witness,
    ) -> None:
        """Take what the calls are handed to."""
        self._parts = parts
        self._plans = plans
        self._answering = answering
        self._agreeing = agreeing
        self._comparing = comparing
        self._lookups = lookups
        self._witness = witness
        self._caller_of = PeerCallers(parts)
        self._calls = Turns(MAX_CALLS_PER_PARTY)
        self._renewals = Pace(MAX_RENEWALS, RENEWAL_SECONDS, parts.monotonic)
        asker = PeersAsker(
            parts, callers=self._caller_of, calls=self._calls, plans=plans, answering=answering
        )
        self._flight = FlightService(asker, engine=parts.engine, monotonic=parts.monotonic)

    def add_to(self, face: Face) -> None:
        """Register every service."""
        face.server.add_generic_rpc_handlers((FlightHandler(self._flight),))
        face.add_service(
            exchange.DESCRIPTOR.services_by_name["ExchangeService"],
            self._bound(
                DeliverContract=self._deliver_contract,
                DeliverNotice=self._deliver_notice,
                DeliverAcknowledgement=self._deliver_acknowledgement,
                DeliverLookup=self._deliver_lookup,
                DeliverMember=self._deliver_member,
                GetMember=self._get_member,
            ),
        )
        face.add_service(
            fragment.DESCRIPTOR.services_by_name["FragmentService"],
            self._bound(ListGrantedDatasets=self._list_granted, ExplainFragment=self._explain),
        )
        face.add_service(
            ledger.DESCRIPTOR.services_by_name["LedgerService"],
            self._bound(
                CosignCheckpoint=self._witness.cosign,
                GetCheckpoint=self._get_checkpoint,
                GetInclusionProof=self._witness.inclusion,
                GetConsistencyProof=self._witness.consistency,
            ),
        )

    def _deliver_contract(
        self, caller: PartyId, message: exchange.DeliverContractRequest
    ) -> exchange.DeliverContractResponse:
        held = self._agreeing.receive_contract(caller, envelope_from_proto(message.contract))
        return exchange.DeliverContractResponse(contract=envelope_to_proto(held))

    def _deliver_notice(
        self, caller: PartyId, message: exchange.DeliverNoticeRequest
    ) -> exchange.DeliverNoticeResponse:
        self._agreeing.receive_notice(caller, envelope_from_proto(message.notice))
        return exchange.DeliverNoticeResponse()

    def _deliver_acknowledgement(
        self, caller: PartyId, message: exchange.DeliverAcknowledgementRequest
    ) -> exchange.DeliverAcknowledgementResponse:
        self._comparing.take(caller, envelope_from_proto(message.acknowledgement))
        return exchange.DeliverAcknowledgementResponse()

    def _deliver_lookup(
        self, caller: PartyId, message: exchange.DeliverLookupRequest
    ) -> exchange.DeliverLookupResponse:
        self._parts.state.standing.check()
        self._lookups.take(caller, ContractId(message.contract_id), message.content)
        return exchange.DeliverLookupResponse()

    def _deliver_member(
        self, caller: PartyId, message: exchange.DeliverMemberRequest
    ) -> exchange.DeliverMemberResponse:
        self._renewals.take(caller)
        envelope = envelope_from_proto(message.member)
        trusted = self._parts.members.renew(
            self._parts.state, envelope, party=caller, now=self._parts.now()
        )
        log.note("member renewed", party=trusted.party, version=trusted.member.version)
        return exchange.DeliverMemberResponse()

    def _get_member(
        self, _caller: PartyId, _message: exchange.GetMemberRequest
    ) -> exchange.GetMemberResponse:
        return exchange.GetMemberResponse(member=envelope_to_proto(self._parts.member))

    def _get_checkpoint(
        self, caller: PartyId, message: ledger.GetCheckpointRequest
    ) -> ledger.GetCheckpointResponse:
        return self._witness.checkpoints(caller, PartyId(message.party or caller))

    def _list_granted(
        self, caller: PartyId, message: fragment.ListGrantedDatasetsRequest
    ) -> fragment.ListGrantedDatasetsResponse:
        signed = self._in_force(ContractId(message.contract_id), caller)
        shown = granted_columns(signed, self._parts.party, self._parts.datasets.present())
        return fragment.ListGrantedDatasetsResponse(
            datasets=[
                fragment.GrantedDataset(
                    dataset=item.dataset,
                    grant=item.grant,
                    access=item.access,
                    columns=[
                        fragment.GrantedColumn(
                            name=column.name, type=column.type, uses=column.uses, mask=column.mask
                        )
                        for column in item.columns
                    ],
                )
                for item in shown
            ]
        )

    def _explain(
        self, caller: PartyId, message: fragment.ExplainFragmentRequest
    ) -> fragment.ExplainFragmentResponse:
        signed = self._in_force(ContractId(message.contract_id), caller)
        text = QueryText(sql=message.sql, parameters=parameters_from_proto(message.parameters))
        query = self._query(signed, caller, purpose=message.purpose, text=text)
        planned = self._plans.plan(query, signed)
        plan = planned.plan
        return fragment.ExplainFragmentResponse(
            grant=plan.grant,
            clauses=plan.clauses,
            # Not how cells are described: that names every column, granted or not.
            plan=plan.sql,
            columns=plan.columns,
            charges=charges_of(signed, plan),
            schema=planned.schema,
        )

    def _in_force(self, contract: ContractId, caller: PartyId) -> SignedContract:
        self._parts.state.standing.check()
        return self._parts.guard.in_force(contract, consumer=caller, now=self._parts.now())

    def _query(
        self, signed: SignedContract, caller: PartyId, *, purpose: str, text: QueryText
    ) -> Query:
        return Query(
            sql=text.sql,
            parameters=text.parameters,
            contract=signed.id,
            purpose=purpose,
            consumer=caller,
            provider=self._parts.party,
        )

    def _bound(self, **methods: Any) -> Mapping[str, Unary]:
        return {
            name: unary(self._in_turn(method), caller_of=self._caller_of, explain=failure_of)
            for name, method in methods.items()
        }

    def _in_turn(self, method: Callable[[PartyId, Any], Any]) -> Callable[[PartyId, Any], Any]:
        @wraps(method)
        def call(caller: PartyId, message: Any) -> Any:
            with self._calls.call(caller):
                return method(caller, message)

        return call
