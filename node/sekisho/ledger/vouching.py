"""Whom a file of evidence is about, and that they signed what it holds: from fingerprints alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.documents.models import parse_value
from sekisho.documents.notice import parse_notice
from sekisho.documents.proposal import parse_proposal
from sekisho.errors import TrustError
from sekisho.ledger.bodies import ContractChange, ContractEvent
from sekisho.ledger.entry import Entry
from sekisho.ledger.revocations import Place, Revocations
from sekisho.model.member import Member, Purpose
from sekisho.model.names import ContractId, PartyId
from sekisho.model.notices import Notice
from sekisho.model.signed import SignedContract
from sekisho.trust.keyring import Members
from sekisho.trust.keys import is_signature
from sekisho.trust.members import verify_member
from sekisho.trust.verify import VerifiedSignature, verify_recorded, verify_whenever


@dataclass(frozen=True, slots=True, kw_only=True)
class _Undated:
    """A document ahead of the entries that say when the keeper recorded its signature."""

    signature: VerifiedSignature
    """By a key that was revoked since."""
    line: int


@dataclass(slots=True)
class Vouching:
    """The members and the contract of a file, believed one after the other."""

    fingerprints: Mapping[PartyId, str]
    """As people compared them."""
    documents: tuple[Envelope, ...] = ()
    """Newer member documents, which the file's reader has of companies."""
    notices: list[Notice] = field(default_factory=list)
    revocations: Revocations = field(default_factory=Revocations)
    _contract: SignedContract | None = None
    _undated: dict[str, _Undated] = field(default_factory=dict)
    """By the party that signed the contract, or the digest of the notice."""

    @property
    def members(self) -> Members:
        """Those that are believed so far."""
        return self.revocations.members

    @property
    def parties(self) -> tuple[PartyId, ...]:
        """Whose member documents are there."""
        return tuple(self.members.by_party)

    def agreed(self) -> SignedContract:
        """Give the contract; `ValueError` before it came."""
        if self._contract is None:
            raise ValueError("the contract is missing before it")
        return self._contract

    def vouched(self) -> tuple[PartyId, ...]:
        """List the parties for whom the contract alone vouches."""
        return tuple(item for item in self.agreed().parties if item not in self.fingerprints)

    def demand(self, party: PartyId) -> None:
        """Hold to it that people compared a party's fingerprint.

        Raises:
            TrustError: They did not.
        """
        if party not in self.fingerprints:
            raise TrustError(
                f"no fingerprint of `{party}` was given",
                step="evidence.fingerprint",
                hint=f"give what you compared with the company: --member {party}=sha256:…",
            )

    def member(self, envelope: Envelope) -> None:
        """Step 2: every member document follows from the one before it."""
        member = parse_value(parse_canonical(envelope.payload), Member, name="member")
        trusted = verify_member(envelope, known=self.members, now=member.valid.starts_at)
        self.revocations.members = self.members.add(trusted)

    def agree(self, envelope: Envelope, contract: ContractId, *, line: int) -> None:
        """Step 3: the contract is the one that is named, and every party signed it."""
        self._add_documents()
        if envelope.digest != contract:
            raise ValueError("it is not the contract that the header names")
        signed = parse_proposal(envelope.payload)
        for party in signed.parties:
            self._check_fingerprint(party, signed)
        found = verify_whenever(
            envelope,
            payload_type=PayloadType.CONTRACT,
            purpose=Purpose.CONTRACT,
            members=self.members,
        )
        signers = {item.party for item in found}
        missing = [party for party in signed.parties if party not in signers]
        if missing:
            message = f"`{missing[0]}` did not sign the contract"
            raise ValueError(message)
        self._await_dates(found, line=line)
        self._contract = signed

    def notice(self, envelope: Envelope, *, line: int) -> None:
        """Step 4: a notice is about the contract and signed by the party of it that gives it."""
        found = verify_whenever(
            envelope,
            payload_type=PayloadType.NOTICE,
            purpose=Purpose.NOTICE,
            members=self.members,
        )
        notice = parse_notice(envelope.payload)
        own = [item for item in found if item.party == notice.party]
        if not own or notice.party not in self.agreed().parties:
            raise ValueError("the party of the contract that gives the notice did not sign it")
        if notice.contract != self.agreed().id:
            raise ValueError("the notice is about another contract")
        if all(self.members.is_revoked(item.public) for item in own):
            self._undated[envelope.digest] = _Undated(signature=own[0], line=line)
        self.notices.append(notice)

    def date(self, entry: Entry, body: ContractEvent) -> None:
        """Date the signature on the contract or a notice by the entry that recorded it."""
        is_signing = body.event is ContractChange.SIGNED
        undated = self._undated.pop(body.party if is_signing else body.document, None)
        if undated is None:
            return
        place = Place(index=entry.index, at=entry.at, line=undated.line)
        if not self.revocations.holds(undated.signature, place):
            known = self.revocations.known_from(undated.signature.public)
            message = (
                f"`{body.party}` signed the document on line {undated.line} with a key that entry"
                f" {known} revokes"
            )
            raise TrustError(message, step="signature.revoked")

    def undated(self) -> tuple[PartyId, int] | None:
        """Find a signature by a revoked key of which no entry says when it was recorded.

        Returns:
            Whose it is, and the line of the document.
        """
        found = [(item.signature.party, item.line) for item in self._undated.values()]
        return min(found, key=lambda item: item[1], default=None)

    def signers_now(
        self, envelope: Envelope, kind: PayloadType, purpose: Purpose
    ) -> frozenset[PartyId]:
        """Say who signed what was made with the file, after every entry: no revoked key did."""
        return verify_recorded(envelope, payload_type=kind, purpose=purpose, members=self.members)

    def _await_dates(self, found: tuple[VerifiedSignature, ...], *, line: int) -> None:
        good = {item.party for item in found if not self.members.is_revoked(item.public)}
        for item in found:
            if item.party not in good:
                self._undated[item.party] = _Undated(signature=item, line=line)

    def _add_documents(self) -> None:
        """Believe what the reader has of companies in the file, where it follows from the file."""
        for envelope in self.documents:
            party = parse_value(parse_canonical(envelope.payload), Member, name="member").party_id
            if party in self.members:
                self.member(envelope)

    def _check_fingerprint(self, party: PartyId, signed: SignedContract) -> None:
        versions = self.members.by_party.get(party, ())
        if not versions or versions[0].first != signed.members[party]:
            message = f"the member document of `{party}` that the contract names is missing"
            raise ValueError(message)
        given = self.fingerprints.get(party)
        if given and given not in {item.fingerprint for item in versions}:
            raise TrustError(
                f"no member document of `{party}` has the fingerprint {given}",
                step="evidence.fingerprint",
                hint="compare it with the party again: `sekisho member show` prints it; a document"
                " that is newer than the file is given with --document",
            )


def holds_by(public: bytes) -> Callable[[bytes, bytes], bool]:
    """Make the check of a key's signatures."""
    return lambda value, message: is_signature(value, message, public=public.hex())
