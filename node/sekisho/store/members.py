"""Members that this node knows: every version of their documents, their keys, their aliases.

Whether a document is to be believed is decided in `trust`. What is held here is what must never
come undone: versions only rise, and a key belongs to one party for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sekisho.errors import NodeError, TrustError
from sekisho.ledger.bodies import MemberChange, MemberEvent
from sekisho.ledger.instants import moment_text
from sekisho.model.names import PartyId
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.transaction import Transaction

_SELECT = (
    "SELECT m.party, m.version, m.fingerprint, m.envelope, coalesce(a.alias, '')"
    " FROM members m LEFT JOIN aliases a ON a.party = m.party"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMember:
    """One version of a member's document."""

    party: PartyId
    version: int
    fingerprint: str
    """Of the document, `sha256:…`."""
    envelope: bytes
    """As it was received."""
    alias: str = ""
    """This node's name for the party; empty when it has given none."""


class MemberStore:
    """Members by party and version."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def add(
        self, tx: Transaction, member: StoredMember, *, keys: Iterable[str], now: datetime
    ) -> bool:
        """Keep a document that `trust` believes, and record it in the ledger.

        Args:
            tx: All of it is durable with this.
            member: The document; its alias, if any, is set too.
            keys: Every public key that it names, in hex.
            now: When.

        Returns:
            Whether it is new; the same document again changes nothing but the alias.

        Raises:
            TrustError: A lower version, another document of the same version, or another party's
                key.
            NodeError: Another party has the alias.
        """
        if member.alias:
            self.set_alias(tx, member.party, member.alias)
        latest = _latest(tx.db, member.party)
        if latest is not None and _is_known(member, latest):
            return False
        for key in keys:
            _claim(tx.db, key, member.party)
        tx.db.execute(
            "INSERT INTO members (party, version, fingerprint, envelope, recorded_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (member.party, member.version, member.fingerprint, member.envelope, moment_text(now)),
        )
        event = MemberEvent(
            party=member.party,
            event=MemberChange.UPDATED if latest else MemberChange.ADDED,
            version=member.version,
            fingerprint=member.fingerprint,
        )
        self._ledger.append(tx, event, now=now)
        return True

    def set_alias(self, tx: Transaction, party: PartyId, alias: str) -> None:
        """Give a party another name in this node's queries.

        Raises:
            NodeError: Another party has it.
        """
        row = tx.db.execute("SELECT party FROM aliases WHERE alias = ?", (alias,)).fetchone()
        if row is not None and row[0] != party:
            raise NodeError(
                f"the alias `{alias}` is {row[0]}'s already", hint="choose another with --alias"
            )
        tx.db.execute(
            "INSERT INTO aliases (party, alias) VALUES (?, ?)"
            " ON CONFLICT (party) DO UPDATE SET alias = excluded.alias",
            (party, alias),
        )

    def all(self) -> tuple[StoredMember, ...]:
        """Read every version of every member, by party and version."""
        return self._query("ORDER BY m.party, m.version")

    def current(self, party: PartyId) -> StoredMember | None:
        """Read a party's latest document."""
        found = self._query("WHERE m.party = ? ORDER BY m.version DESC LIMIT 1", party)
        return found[0] if found else None

    def by_fingerprint(self, fingerprint: str) -> StoredMember | None:
        """Read one version."""
        found = self._query("WHERE m.fingerprint = ?", fingerprint)
        return found[0] if found else None

    def by_alias(self, alias: str) -> StoredMember | None:
        """Read the latest document of the party with an alias."""
        found = self._query("WHERE a.alias = ? ORDER BY m.version DESC LIMIT 1", alias)
        return found[0] if found else None

    def _query(self, rest: str, *values: str) -> tuple[StoredMember, ...]:
        with self._readers.connection() as db:
            return tuple(map(_stored, db.execute(f"{_SELECT} {rest}", values).fetchall()))


def _latest(db: Connection, party: PartyId) -> StoredMember | None:
    row = db.execute(
        f"{_SELECT} WHERE m.party = ? ORDER BY m.version DESC LIMIT 1", (party,)
    ).fetchone()
    return _stored(row) if row else None


def _is_known(member: StoredMember, latest: StoredMember) -> bool:
    """Tell whether it is the latest document again, refusing what would go back."""
    if member.version < latest.version:
        raise TrustError(
            f"version {member.version} of {member.party}'s member document is older than"
            f" version {latest.version}, which is known",
            step="member.version",
        )
    if member.version > latest.version:
        return False
    if member.fingerprint != latest.fingerprint:
        raise TrustError(
            f"another version {member.version} of {member.party}'s member document is known",
            step="member.version",
            hint="speak to the other company: one of the two documents is not theirs",
        )
    return True


def _claim(db: Connection, key: str, party: PartyId) -> None:
    row = db.execute("SELECT party FROM member_keys WHERE key = ?", (key,)).fetchone()
    if row is not None and row[0] != party:
        raise TrustError(f"a key of {party}'s member document is {row[0]}'s", step="member.keys")
    db.execute(
        "INSERT INTO member_keys (key, party) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, party)
    )


def _stored(row: tuple[str, int, str, bytes, str]) -> StoredMember:
    party, version, fingerprint, envelope, alias = row
    return StoredMember(
        party=PartyId(party),
        version=version,
        fingerprint=fingerprint,
        envelope=envelope,
        alias=alias,
    )
