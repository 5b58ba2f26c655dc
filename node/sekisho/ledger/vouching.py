"""Whom a file of evidence is about, and that they signed what it holds: from fingerprints alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.documents.models import parse_value
from sekisho.documents.notice import parse_notice
from sekisho.documents.proposal import parse_proposal
from sekisho.errors import TrustError
from sekisho.model.member import Member, Purpose
from sekisho.model.names import ContractId, PartyId
from sekisho.model.notices import Notice
from sekisho.model.signed import SignedContract
from sekisho.trust.keyring import Members
from sekisho.trust.keys import is_signature
from sekisho.trust.members import verify_member
from sekisho.trust.verify import verify_recorded


@dataclass(slots=True)
class Vouching:
    """The members and the contract of a file, believed one after the other."""

    fingerprints: Mapping[PartyId, str]
    """As people compared them."""
    members: Members = field(default_factory=Members)
    notices: list[Notice] = field(default_factory=list)
    _contract: SignedContract | None = None

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
        self.members = self.members.add(trusted)

    def agree(self, envelope: Envelope, contract: ContractId) -> None:
        """Step 3: the contract is the one that is named, and every party signed it."""
        if envelope.digest != contract:
            raise ValueError("it is not the contract that the header names")
        signed = parse_proposal(envelope.payload)
        for party in signed.parties:
            self._check_fingerprint(party, signed)
        signers = self.signers(envelope, PayloadType.CONTRACT, Purpose.CONTRACT)
        missing = [party for party in signed.parties if party not in signers]
        if missing:
            message = f"`{missing[0]}` did not sign the contract"
            raise ValueError(message)
        self._contract = signed

    def notice(self, envelope: Envelope) -> None:
        """Step 4: a notice is about the contract and signed by the party of it that gives it."""
        signers = self.signers(envelope, PayloadType.NOTICE, Purpose.NOTICE)
        notice = parse_notice(envelope.payload)
        if notice.party not in signers or notice.party not in self.agreed().parties:
            raise ValueError("the party of the contract that gives the notice did not sign it")
        if notice.contract != self.agreed().id:
            raise ValueError("the notice is about another contract")
        self.notices.append(notice)

    def signers(
        self, envelope: Envelope, kind: PayloadType, purpose: Purpose
    ) -> frozenset[PartyId]:
        """Say who signed, by keys that may or might once sign such documents."""
        return verify_recorded(envelope, payload_type=kind, purpose=purpose, members=self.members)

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
                hint="compare it with the party again: `sekisho member show` prints it",
            )


def holds_by(public: bytes) -> Callable[[bytes, bytes], bool]:
    """Make the check of a key's signatures."""
    return lambda value, message: is_signature(value, message, public=public.hex())
