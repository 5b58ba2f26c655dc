"""A contract's life between nodes: proposals, signatures and notices, recorded and passed on.

Each document is verified as it stands, recorded durably with its ledger entry, and queued for
every other party in the same transaction. What it ends is ended, streams included, before the
call returns.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sekisho.documents.envelope import (
    Envelope,
    EnvelopeSignature,
    PayloadType,
    envelope_to_json,
)
from sekisho.documents.notice import parse_notice
from sekisho.documents.proposal import parse_proposal
from sekisho.errors import DocumentError, Finding, Refusal, RefusalReason, TrustError
from sekisho.model.lifecycle import (
    TERMINAL_STATES,
    ContractState,
    counts_from,
    ended_at,
    state_at,
    supersedes_at,
)
from sekisho.model.member import Purpose
from sekisho.model.names import ContractId, PartyId
from sekisho.model.notice_check import check_notice
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract
from sekisho.server.cutting import await_others, cut_what_ended
from sekisho.server.delivery import Deliveries
from sekisho.server.lookups import Lookups
from sekisho.server.parts import Parts
from sekisho.store.contracts import NewContract, StoredNotice
from sekisho.store.outbox import Delivery
from sekisho.store.transaction import Transaction
from sekisho.trust.verify import sift_signatures, verify_signatures

DELIVERY_SECONDS = 3.0
"""How long a command waits for the other parties; the rest is retried behind."""
MAX_SKEW = timedelta(minutes=10)
"""Between making a notice and handing it in, clocks included: an old one cannot come in later."""
MAX_UNSIGNED = 100
"""Proposals with a party that others may bring in a day while not all have signed them."""
MAX_NOTICES = 500
"""Notices of one kind that another party may give about one contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a contract stands after a step, and who has been told."""

    contract: ContractId
    state: ContractState
    deliveries: tuple[Delivery, ...]


class Agreeing:
    """Takes steps of this company's people and of other companies' nodes."""

    def __init__(self, parts: Parts, deliveries: Deliveries, lookups: Lookups) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._deliveries = deliveries
        self._lookups = lookups

    def propose(self, envelope: Envelope) -> Outcome:
        """Record this company's proposal, signed by it, and pass it on.

        Raises:
            TrustError: It is not signed by this company, or a party is not a member here.
            DocumentError: It is not a proposal, or it is below this company's floors.
        """
        signed = self._record_contract(envelope, by=self._parts.party)
        return self._outcome(signed, document=signed.id)

    def sign(self, contract: ContractId, signature: EnvelopeSignature) -> Outcome:
        """Record this company's signature and pass it on.

        Raises:
            TrustError: The signature does not hold, comes too late, or the contract has ended.
            DocumentError: The contract is below this company's floors.
        """
        stored = self._parts.state.contracts.get(contract)
        if stored is None:
            raise Refusal(RefusalReason.CONTRACT_NOT_FOUND, "no such contract at this node")
        envelope = Envelope(
            payload=stored.payload, payload_type=stored.payload_type, signatures=(signature,)
        )
        verify_signatures(
            envelope,
            payload_type=PayloadType.CONTRACT,
            purpose=Purpose.CONTRACT,
            members=self._parts.members(),
            now=self._parts.now(),
        )
        signed = self._record_contract(envelope, by=self._parts.party)
        return self._outcome(signed, document=signed.id)

    def issue(self, envelope: Envelope) -> Outcome:
        """Record this company's notice, let it take effect, and pass it on.

        Raises:
            TrustError: It is not signed by a `notice` key of this company.
            DocumentError: The contract does not let this company say that.
        """
        signed = self._record_notice(envelope, by=self._parts.party)
        return self._outcome(signed, document=envelope.digest)

    def receive_contract(self, caller: PartyId, envelope: Envelope) -> Envelope:
        """Take over a contract and signatures from another party's node.

        Returns:
            The envelope with every signature that is held here now.
        """
        signed = self._record_contract(envelope, by=caller)
        stored = self._parts.state.contracts.get(signed.id)
        if stored is None:
            raise TrustError("the contract has ended", step="contract.ended")
        return stored.envelope

    def receive_notice(self, caller: PartyId, envelope: Envelope) -> None:
        """Take over a notice from the party that gives it."""
        self._record_notice(envelope, by=caller)

    def _record_contract(self, envelope: Envelope, *, by: PartyId) -> SignedContract:
        return self._parts.state.decide(
            lambda version: self._record_contract_at(version, envelope, by=by)
        )

    def _record_contract_at(
        self, version: int, envelope: Envelope, *, by: PartyId
    ) -> SignedContract:
        now = self._parts.now()
        signed = parse_proposal(envelope.payload)
        self._check_parties(signed, by)
        signers = self._new_signatures(envelope, signed, now)
        self._check_open(signed, now)
        self._check_room(signed, by, now)
        self._check_amendment(signed)
        if by == self._parts.party:
            self._parts.guard.check_signing(signed, now)

        def work(tx: Transaction) -> None:
            tx.check_version(version)
            self._keep(tx, envelope, signed, signers=signers, by=by, now=now)

        self._parts.state.submit(work)
        self._deliveries.wake()
        return signed

    def _check_parties(self, signed: SignedContract, by: PartyId) -> None:
        """Every party is a member here, known by the first document that the proposal names."""
        if self._parts.party not in signed.parties or by not in signed.parties:
            msg = "the contract is not between the sender and this node"
            raise TrustError(msg, step="contract.parties")
        for party in signed.parties:
            known = self._parts.members.first_fingerprint(party)
            if known is None:
                msg = f"`{party}` is not a member at `{self._parts.party}`"
                hint = "add its member document with `sekisho member add`, then retry"
                raise TrustError(msg, step="contract.members", hint=hint)
            if known != signed.members[party]:
                msg = f"the proposal means another `{party}` than this node knows"
                hint = "compare the fingerprints of the member documents with that company"
                raise TrustError(msg, step="contract.members", hint=hint)

    def _new_signatures(
        self, envelope: Envelope, signed: SignedContract, now: datetime
    ) -> dict[PartyId, EnvelopeSignature]:
        """Keep the signatures that count now; those recorded before are in the store already."""
        found: dict[PartyId, EnvelopeSignature] = {}
        for item in sift_signatures(
            envelope,
            payload_type=PayloadType.CONTRACT,
            purpose=Purpose.CONTRACT,
            members=self._parts.members(),
            now=now,
        ):
            if item.party in signed.parties:
                found.setdefault(item.party, item.signature)
        if not found and self._parts.contracts.signed(signed.id) is None:
            msg = "no party of the contract has signed it"
            raise TrustError(msg, step="contract.signatures")
        return found

    def _check_open(self, signed: SignedContract, now: datetime) -> None:
        """An old envelope never comes back, and a signature after the last day does not count.

        Signatures by keys that were revoked since were in time: who made one may sign again.
        """
        facts = self._parts.contracts.facts_ever(signed.id)
        state = state_at(facts, signed, now)
        if facts.remembered is not None or state in TERMINAL_STATES:
            ended = facts.remembered or state
            msg = f"the contract has ended: {ended}"
            raise TrustError(msg, step="contract.ended", hint="propose a new contract")
        if facts.completed_at(signed) is None and now >= signed.sign_by_at:
            msg = "the last day to sign the contract has passed"
            raise TrustError(msg, step="contract.sign_by", hint="propose a new contract")

    def _check_room(self, signed: SignedContract, by: PartyId, now: datetime) -> None:
        """Another party cannot fill this node with proposals."""
        if by == self._parts.party or self._parts.contracts.signed(signed.id) is not None:
            return
        waiting = 0
        for contract in self._parts.state.contracts.since(now - timedelta(days=1)):
            known = self._parts.contracts.signed(contract)
            if known is not None and by in known.parties:
                is_complete = self._parts.contracts.facts(contract).completed_at(known)
                waiting += is_complete is None
        if waiting >= MAX_UNSIGNED:
            raise Refusal(
                RefusalReason.LIMIT_REACHED,
                f"{MAX_UNSIGNED} proposals of a day wait for signatures",
                hint="get those signed or wait a day",
            )

    def _check_amendment(self, signed: SignedContract) -> None:
        """An amendment keeps every party of the contract that it amends."""
        amends = signed.contract.amends
        if amends is None:
            return
        before = self._parts.contracts.signed(amends.contract)
        if before is None or not set(before.parties) <= set(signed.parties):
            msg = "the amendment is not of a contract between these parties"
            raise TrustError(msg, step="contract.amends")

    def _keep(
        self,
        tx: Transaction,
        envelope: Envelope,
        signed: SignedContract,
        *,
        signers: dict[PartyId, EnvelopeSignature],
        by: PartyId,
        now: datetime,
    ) -> None:
        contracts = self._parts.state.contracts
        new = NewContract(
            id=signed.id,
            title=signed.contract.title,
            envelope=envelope,
            amends=signed.contract.amends.contract if signed.contract.amends else None,
            by=by,
        )
        has_changed = contracts.add(tx, new, now=now)
        revoked = self._parts.contracts.revoked_signers(signed.id, tx=tx)
        for party, item in signers.items():
            is_renewal = party in revoked
            has_changed |= contracts.sign(
                tx, signed.id, party, signature=item, is_renewal=is_renewal, now=now
            )
        self._supersede(tx, signed, by=by, now=now)
        if has_changed:
            self._queue(tx, signed, kind="contract", document=signed.id, now=now)

    def _supersede(
        self, tx: Transaction, signed: SignedContract, *, by: PartyId, now: datetime
    ) -> None:
        amends = signed.contract.amends
        facts = self._parts.state.contracts.facts(signed.id, tx=tx)
        effective_at = supersedes_at(signed, facts) if amends and facts else None
        if amends is not None and effective_at is not None:
            self._parts.state.contracts.supersede(
                tx, amends.contract, signed.id, effective_at=effective_at, by=by, now=now
            )

    def _record_notice(self, envelope: Envelope, *, by: PartyId) -> SignedContract:
        notice, signed = self._parts.state.decide(
            lambda version: self._record_notice_at(version, envelope, by=by)
        )
        cut_what_ended(self._parts, signed.id, notice.kind.value)
        await_others(self._parts, signed.id)
        self._deliveries.wake()
        return signed

    def _record_notice_at(
        self, version: int, envelope: Envelope, *, by: PartyId
    ) -> tuple[Notice, SignedContract]:
        now = self._parts.now()
        signers = verify_signatures(
            envelope,
            payload_type=PayloadType.NOTICE,
            purpose=Purpose.NOTICE,
            members=self._parts.members(),
            now=now,
        )
        notice = parse_notice(envelope.payload)
        if notice.party != by or by not in signers:
            msg = "the notice is not the sender's own"
            raise TrustError(msg, step="notice.party")
        signed = self._parts.contracts.signed(notice.contract)
        if signed is None or by not in signed.parties:
            raise Refusal(RefusalReason.CONTRACT_NOT_FOUND, "no such contract at this node")
        findings = check_notice(notice, signed)
        if findings:
            raise DocumentError(findings, name="notice")
        self._check_timely(notice, signed, now)
        self._check_flood(notice)
        is_own = notice.party == self._parts.party
        counted = replace(
            notice, effective_at=counts_from(notice, signed, recorded_at=now, is_own=is_own)
        )

        def work(tx: Transaction) -> None:
            tx.check_version(version)
            self._keep_notice(tx, envelope, signed, notice=counted, now=now)

        self._parts.state.submit(work)
        return notice, signed

    def _check_timely(self, notice: Notice, signed: SignedContract, now: datetime) -> None:
        """A notice does what it says, or is not taken: never one that silently changes nothing."""
        is_own = notice.party == self._parts.party
        is_complete = self._parts.contracts.facts_ever(signed.id).completed_at(signed) is not None
        problem, hint = "", ""
        if is_own and abs(now - notice.issued_at) > MAX_SKEW:
            problem = "the notice is not from now"
            hint = "compare this machine's clock with the node's, and issue it again"
        elif notice.kind is NoticeKind.TERMINATION and not is_complete:
            problem = "the contract is not signed by all parties, so nothing ends"
            hint = "reject it instead"
        elif is_own and notice.kind is NoticeKind.REJECTION and is_complete:
            problem = "all parties have signed the contract already"
            hint = "terminate it instead"
        elif is_own and notice.kind is NoticeKind.DELETION and not self._has_ended(signed, now):
            problem = "no provider's part of the contract has ended"
            hint = "certify once nothing more can be received"
        if problem:
            raise DocumentError((Finding(message=problem, hint=hint),), name="notice")

    def _has_ended(self, signed: SignedContract, now: datetime) -> bool:
        """Tell whether some provider does not answer this company any more."""
        facts = self._parts.contracts.facts_ever(signed.id)
        ends = (
            ended_at(facts, signed, provider=provider, consumer=self._parts.party)
            for provider in signed.providers
        )
        return any(end is not None and end <= now for end in ends)

    def _check_flood(self, notice: Notice) -> None:
        """Another party cannot fill this node with notices that say what others said before."""
        if notice.party == self._parts.party:
            return
        said = self._parts.contracts.facts(notice.contract).notices
        alike = [item for item in said if (item.party, item.kind) == (notice.party, notice.kind)]
        if len(alike) >= MAX_NOTICES:
            raise Refusal(RefusalReason.LIMIT_REACHED, f"{MAX_NOTICES} such notices are here")

    def _keep_notice(
        self,
        tx: Transaction,
        envelope: Envelope,
        signed: SignedContract,
        *,
        notice: Notice,
        now: datetime,
    ) -> None:
        stored = StoredNotice(
            id=envelope.digest, notice=notice, envelope=envelope_to_json(envelope)
        )
        is_new = self._parts.state.contracts.notice(tx, stored, now=now)
        if is_new and notice.party == self._parts.party:
            self._queue(tx, signed, kind="notice", document=envelope.digest, now=now)
        self._remember_end(tx, signed, now)
        self._lookups.drop_with(tx, signed, now=now)

    def _remember_end(self, tx: Transaction, signed: SignedContract, now: datetime) -> None:
        facts = self._parts.state.contracts.facts(signed.id, tx=tx)
        state = state_at(facts, signed, now) if facts else None
        if state is not None and state in TERMINAL_STATES:
            self._parts.state.contracts.remember_end(tx, signed.id, state, now=now)

    def _queue(
        self, tx: Transaction, signed: SignedContract, *, kind: str, document: str, now: datetime
    ) -> None:
        for party in signed.parties:
            if party != self._parts.party:
                self._parts.state.outbox.put(tx, party, kind=kind, document=document, now=now)

    def _outcome(self, signed: SignedContract, *, document: str) -> Outcome:
        deliveries = self._deliveries.deliver_now(document, DELIVERY_SECONDS)
        return Outcome(
            contract=signed.id,
            state=self._parts.contracts.state(
                signed.id, self._parts.now(), party=self._parts.party
            ),
            deliveries=deliveries,
        )
