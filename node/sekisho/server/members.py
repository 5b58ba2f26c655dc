"""The companies that a node knows, as one value that every check reads, and their aliases."""

import threading
from datetime import datetime

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import Envelope, envelope_to_json, parse_envelope_json
from sekisho.documents.models import parse_value
from sekisho.errors import NodeError, TrustError
from sekisho.model.member import Member
from sekisho.model.names import PartyId, default_alias, is_alias
from sekisho.store.members import MemberStore, StoredMember
from sekisho.store.state import Records, State
from sekisho.trust.keyring import Members, TrustedMember
from sekisho.trust.members import verify_member


class MemberBook:
    """Believed member documents, this node's own among them; safe from any thread."""

    def __init__(self, records: Records, own: Envelope) -> None:
        """Believe again what was believed when it was recorded, and this node's own document."""
        self._lock = threading.Lock()
        self._records = records
        self._version = records.version
        self._members = _believed(records.members, Members())
        trusted = verify_member(own, known=self._members, now=_valid_from(own))
        self._members = self._members.add(trusted)

    def __call__(self) -> Members:
        """Give the members as they are now, those among them that another process has added."""
        if self._records.version != self._version:
            with self._lock:
                self._renew()
        return self._members

    def current(self, party: PartyId) -> TrustedMember | None:
        """Give a party's newest document; None for a stranger."""
        members = self()
        return members.latest(party) if party in members else None

    def first_fingerprint(self, party: PartyId) -> str | None:
        """Give the fingerprint of a party's first document, by which contracts name it."""
        found = self.current(party)
        return found.first if found else None

    def anchors(self) -> bytes:
        """Give every member's anchor in PEM, for the handshake; each call is checked further."""
        return "\n".join(item.member.tls_anchor.strip() for item in self()).encode()

    def add(
        self, state: State, envelope: Envelope, *, alias: str, fingerprint: str, now: datetime
    ) -> TrustedMember:
        """Believe a member document from now on.

        Args:
            state: Where it is kept.
            envelope: As the other company gave it.
            alias: This node's name for it; empty for the one it has, or the default.
            fingerprint: What people compared, when they did.
            now: When.

        Raises:
            TrustError: The document is not to be believed.
            NodeError: The alias cannot be used.
        """
        with self._lock:
            self._renew()
            trusted = verify_member(envelope, known=self._members, now=now, fingerprint=fingerprint)
            stored = StoredMember(
                party=trusted.party,
                version=trusted.member.version,
                fingerprint=trusted.fingerprint,
                envelope=envelope_to_json(envelope),
                alias=self._alias(state, trusted.party, alias),
            )
            keys = trusted.member.public_keys
            state.submit(lambda tx: state.members.add(tx, stored, keys=keys, now=now))
            self._members = self._members.add(trusted)
        return trusted

    def renew(
        self, state: State, envelope: Envelope, *, party: PartyId, now: datetime
    ) -> TrustedMember:
        """Believe the next document of a party that hands it over itself.

        One that is known stays so, a later one or none: the answer to the first time was lost, and
        the party would hand it over for ever.

        Raises:
            TrustError: It is another party's, or not to be believed.
        """
        if _read(envelope).party_id != party:
            raise TrustError(
                f"`{party}` handed over a member document that is not its own",
                step="member.own",
                hint="only a company itself can renew what it says of itself",
            )
        for known in self().by_party.get(party, ()):
            if known.fingerprint == envelope.digest:
                return known
        return self.add(state, envelope, alias="", fingerprint="", now=now)

    def _renew(self) -> None:
        version = self._records.version
        if version != self._version:
            self._members = _believed(self._records.members, self._members)
            self._version = version

    def _alias(self, state: State, party: PartyId, wanted: str) -> str:
        known = state.members.current(party)
        alias = wanted or (known.alias if known else "") or default_alias(party)
        if not is_alias(alias):
            msg = f"`{alias}` cannot be an alias"
            hint = "give another with --alias: a lower-case word that SQL does not use itself"
            raise NodeError(msg, hint=hint)
        return alias


def _valid_from(envelope: Envelope) -> datetime:
    """Give an instant at which a document that was believed before did hold."""
    return _read(envelope).valid.starts_at


def _read(envelope: Envelope) -> Member:
    return parse_value(parse_canonical(envelope.payload), Member, name="member")


def _believed(store: MemberStore, members: Members) -> Members:
    """Believe, beside some members, what was believed when it was recorded."""
    for stored in store.all():
        known = members.by_party.get(stored.party, ())
        if any(item.fingerprint == stored.fingerprint for item in known):
            continue
        envelope = parse_envelope_json(stored.envelope)
        members = members.add(verify_member(envelope, known=members, now=_valid_from(envelope)))
    return members
