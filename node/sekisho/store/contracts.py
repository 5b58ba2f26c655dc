"""Contracts that this node holds: payloads, signatures, notices, and how each one ended.

Facts only, each with the instant at which this node recorded it; `model.lifecycle` reads the state
out of them. That a document and its signatures are good is decided before they come here. Every
change leaves an entry in the ledger, in the same transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sekisho.documents.envelope import Envelope, EnvelopeSignature
from sekisho.errors import TrustError
from sekisho.ledger.bodies import ContractChange, ContractEvent
from sekisho.ledger.instants import moment_text, parse_moment
from sekisho.model.lifecycle import ContractFacts, ContractState
from sekisho.model.names import ContractId, PartyId
from sekisho.model.notices import Notice, NoticeKind
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.transaction import Transaction

_CHANGES = {
    NoticeKind.REJECTION: ContractChange.REJECTED,
    NoticeKind.SUSPENSION: ContractChange.SUSPENDED,
    NoticeKind.RESUMPTION: ContractChange.RESUMED,
    NoticeKind.TERMINATION: ContractChange.TERMINATED,
    NoticeKind.DELETION: ContractChange.CERTIFIED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContract:
    """A contract that this node meets for the first time."""

    id: ContractId
    title: str
    envelope: Envelope
    """Its payload is kept; its signatures are recorded one by one."""
    amends: ContractId | None
    by: PartyId
    """Who proposed it, as far as this node knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRecord:
    """One party's signature on a contract."""

    party: PartyId
    signature: EnvelopeSignature
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContract:
    """A contract as this node holds it."""

    id: ContractId
    title: str
    payload: bytes
    payload_type: str
    amends: ContractId | None
    root: ContractId
    """First of its line of amendments; charges are counted there."""
    proposed_at: datetime
    successor: ContractId | None
    signatures: tuple[SignatureRecord, ...]
    """In the order in which they were recorded."""

    @property
    def envelope(self) -> Envelope:
        """The whole envelope with every signature that is held."""
        return Envelope(
            payload=self.payload,
            payload_type=self.payload_type,
            signatures=tuple(item.signature for item in self.signatures),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotice:
    """A notice with the document that carries it."""

    id: str
    """Digest of its payload."""
    notice: Notice
    envelope: bytes
    """As JSON."""


class ContractStore:
    """Contracts by id."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def add(self, tx: Transaction, contract: NewContract, *, now: datetime) -> bool:
        """Keep a contract; tell whether it is new.

        Raises:
            TrustError: This node remembers that it has ended.
        """
        if _exists(tx.db, "SELECT 1 FROM contracts WHERE id = ?", contract.id):
            return False
        if ended := _ended(tx.db, contract.id):
            raise TrustError(f"the contract has ended: {ended}", step="contract.ended")
        tx.db.execute(
            "INSERT INTO contracts (id, payload, payload_type, title, root, amends, proposed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                contract.id,
                contract.envelope.payload,
                contract.envelope.payload_type,
                contract.title,
                _root(tx.db, contract),
                contract.amends or "",
                moment_text(now),
            ),
        )
        self._record(tx, contract.id, ContractChange.PROPOSED, party=contract.by, now=now)
        return True

    def sign(
        self,
        tx: Transaction,
        contract: ContractId,
        party: PartyId,
        *,
        signature: EnvelopeSignature,
        is_renewal: bool = False,
        now: datetime,
    ) -> bool:
        """Keep a party's signature; tell whether it is new.

        A renewal takes the place of a signature by a key that the party has revoked, and counts
        from when that was recorded.
        """
        values = (contract, party, signature.key_id, signature.signature, moment_text(now))
        kept = tx.db.execute(
            "INSERT INTO signatures (contract, party, key_id, signature, recorded_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (contract, party) DO UPDATE SET"
            " key_id = excluded.key_id, signature = excluded.signature"
            " WHERE ? = 1 AND signatures.key_id <> excluded.key_id",
            (*values, int(is_renewal)),
        ).rowcount
        if kept:
            self._record(tx, contract, ContractChange.SIGNED, party=party, now=now)
        return bool(kept)

    def notice(self, tx: Transaction, stored: StoredNotice, *, now: datetime) -> bool:
        """Keep a notice; tell whether it is new."""
        notice = stored.notice
        if _exists(tx.db, "SELECT 1 FROM notices WHERE id = ?", stored.id):
            return False
        tx.db.execute(
            "INSERT INTO notices (id, contract, kind, party, reason, for_breach, issued_at,"
            " effective_at, recorded_at, envelope, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                stored.id,
                notice.contract,
                notice.kind.value,
                notice.party,
                notice.reason,
                int(notice.for_breach),
                moment_text(notice.issued_at),
                moment_text(notice.effective_at),
                moment_text(now),
                stored.envelope,
                tx.tree.size,
            ),
        )
        is_later = notice.effective_at > now
        change = ContractChange.NOTICED if is_later else _CHANGES[notice.kind]
        self._record(tx, notice.contract, change, party=notice.party, now=now, document=stored.id)
        return True

    def supersede(
        self,
        tx: Transaction,
        contract: ContractId,
        successor: ContractId,
        *,
        effective_at: datetime,
        by: PartyId,
        now: datetime,
    ) -> bool:
        """Name the amendment that takes a contract's place; tell whether it is new.

        Raises:
            TrustError: Another amendment does already.
        """
        row = tx.db.execute("SELECT successor FROM contracts WHERE id = ?", (contract,)).fetchone()
        if row is None or row[0] == successor:
            return False
        if row[0] is not None:
            raise TrustError("another amendment takes its place", step="contract.successor")
        tx.db.execute(
            "UPDATE contracts SET successor = ?, superseded_at = ? WHERE id = ?",
            (successor, moment_text(effective_at), contract),
        )
        self._record(tx, contract, ContractChange.SUPERSEDED, party=by, now=now, document=successor)
        return True

    def remember_end(
        self, tx: Transaction, contract: ContractId, state: ContractState, *, now: datetime
    ) -> None:
        """Keep for ever in which terminal state a contract ended; the first one stays."""
        tx.db.execute(
            "INSERT INTO ended (contract, state, recorded_at) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (contract, state.value, moment_text(now)),
        )

    def get(self, contract: ContractId, *, tx: Transaction | None = None) -> StoredContract | None:
        """Read a contract with its signatures."""
        with self._reading(tx) as db:
            row = db.execute(f"{_SELECT} WHERE id = ?", (contract,)).fetchone()
            return _contract(db, row) if row else None

    def all(self) -> tuple[StoredContract, ...]:
        """Read every contract, oldest first."""
        with self._reading(None) as db:
            rows = db.execute(f"{_SELECT} ORDER BY proposed_at, id").fetchall()
            return tuple(_contract(db, row) for row in rows)

    def since(self, instant: datetime) -> tuple[ContractId, ...]:
        """List the contracts that this node has met since an instant."""
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT id FROM contracts WHERE proposed_at >= ?", (moment_text(instant),)
            ).fetchall()
        return tuple(ContractId(row[0]) for row in rows)

    def find(self, prefix: str) -> tuple[ContractId, ...]:
        """List the contracts whose id begins with some digits, `sha256:` written or left out."""
        digits = prefix.removeprefix("sha256:")
        if not digits or set(digits) - set("0123456789abcdef"):
            return ()
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT id FROM contracts WHERE id >= ? AND id < ? ORDER BY id",
                # No digit comes after `f`, so `g` ends every id that begins with these.
                (f"sha256:{digits}", f"sha256:{digits}g"),
            ).fetchall()
        return tuple(ContractId(row[0]) for row in rows)

    def facts(self, contract: ContractId, *, tx: Transaction | None = None) -> ContractFacts | None:
        """Read what is known of a contract's life; None for one that was never met."""
        with self._reading(tx) as db:
            row = db.execute(
                "SELECT proposed_at, rejected_at, superseded_at FROM contracts WHERE id = ?",
                (contract,),
            ).fetchone()
            ended = _ended(db, contract)
            if row is None:
                return ContractFacts(remembered=ended) if ended else None
            return ContractFacts(
                proposed_at=parse_moment(row[0]),
                signed_by={item.party: item.recorded_at for item in _signatures(db, contract)},
                rejected_at=_instant(row[1]),
                notices=tuple(item.notice for item in _notices(db, contract)),
                superseded_at=_instant(row[2]),
                remembered=ended,
            )

    def received(self, contract: ContractId) -> tuple[tuple[PartyId, PartyId], ...]:
        """List which provider answered which consumer, under a contract or one that it amends."""
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT DISTINCT provider, consumer FROM channels WHERE contract IN"
                " (SELECT id FROM contracts WHERE root ="
                " (SELECT root FROM contracts WHERE id = ?)) ORDER BY provider, consumer",
                (contract,),
            ).fetchall()
        return tuple((PartyId(provider), PartyId(consumer)) for provider, consumer in rows)

    def notices(self, contract: ContractId) -> tuple[StoredNotice, ...]:
        """Read a contract's notices in the order in which they were recorded."""
        with self._reading(None) as db:
            return _notices(db, contract)

    def get_notice(self, notice: str) -> StoredNotice | None:
        """Read one notice by its id."""
        with self._reading(None) as db:
            row = db.execute(f"{_SELECT_NOTICE} WHERE id = ?", (notice,)).fetchone()
        return _notice(row) if row else None

    @contextmanager
    def _reading(self, tx: Transaction | None) -> Iterator[Connection]:
        if tx is not None:
            yield tx.db
            return
        with self._readers.snapshot() as db:
            yield db

    def _record(
        self,
        tx: Transaction,
        contract: ContractId,
        event: ContractChange,
        *,
        party: PartyId,
        now: datetime,
        document: str = "",
    ) -> None:
        body = ContractEvent(contract=contract, event=event, party=party, document=document)
        self._ledger.append(tx, body, now=now)


_SELECT = (
    "SELECT id, title, payload, payload_type, amends, root, proposed_at, successor FROM contracts"
)
_SELECT_NOTICE = (
    "SELECT id, contract, kind, party, reason, for_breach, issued_at, effective_at, envelope"
    " FROM notices"
)


def _exists(db: Connection, query: str, value: str) -> bool:
    return db.execute(query, (value,)).fetchone() is not None


def _root(db: Connection, contract: NewContract) -> str:
    if contract.amends is None:
        return contract.id
    row = db.execute("SELECT root FROM contracts WHERE id = ?", (contract.amends,)).fetchone()
    return str(row[0]) if row else contract.amends


def _ended(db: Connection, contract: ContractId) -> ContractState | None:
    row = db.execute("SELECT state FROM ended WHERE contract = ?", (contract,)).fetchone()
    return ContractState(row[0]) if row else None


def _contract(
    db: Connection, row: tuple[str, str, bytes, str, str, str, str, str | None]
) -> StoredContract:
    number, title, payload, payload_type, amends, root, proposed_at, successor = row
    return StoredContract(
        id=ContractId(number),
        title=title,
        payload=payload,
        payload_type=payload_type,
        amends=ContractId(amends) if amends else None,
        root=ContractId(root),
        proposed_at=parse_moment(proposed_at),
        successor=ContractId(successor) if successor else None,
        signatures=_signatures(db, ContractId(number)),
    )


def _signatures(db: Connection, contract: ContractId) -> tuple[SignatureRecord, ...]:
    rows = db.execute(
        "SELECT party, key_id, signature, recorded_at FROM signatures WHERE contract = ?"
        " ORDER BY recorded_at, party",
        (contract,),
    ).fetchall()
    return tuple(
        SignatureRecord(
            party=PartyId(party),
            signature=EnvelopeSignature(key_id=key_id, signature=signature),
            recorded_at=parse_moment(at),
        )
        for party, key_id, signature, at in rows
    )


def _notices(db: Connection, contract: ContractId) -> tuple[StoredNotice, ...]:
    rows = db.execute(
        f"{_SELECT_NOTICE} WHERE contract = ? ORDER BY recorded_at, place, id", (contract,)
    ).fetchall()
    return tuple(map(_notice, rows))


def _notice(row: tuple[str, str, str, str, str, int, str, str, bytes]) -> StoredNotice:
    number, contract, kind, party, reason, for_breach, issued_at, effective_at, envelope = row
    notice = Notice(
        kind=NoticeKind(kind),
        contract=ContractId(contract),
        party=PartyId(party),
        reason=reason,
        issued_at=parse_moment(issued_at),
        effective_at=parse_moment(effective_at),
        for_breach=bool(for_breach),
    )
    return StoredNotice(id=number, notice=notice, envelope=envelope)


def _instant(text: str | None) -> datetime | None:
    return parse_moment(text) if text else None
