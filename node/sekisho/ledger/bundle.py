"""One file of evidence: lines of canonical JSON, in a fixed order, each summed up with all before.

The sum of a line tells which line was altered first. It proves nothing, since whoever alters a line
can sum up again; what proves is signed, and the last line signs the sum of all.

Source: `docs/spec/evidence.md`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, TypeAlias

from sekisho.errors import DocumentError, EvidenceError
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ContractId, PartyId

EVIDENCE_FORMAT = "sekisho.evidence/v1"
END_FORMAT = "sekisho.evidence-end/v1"
MAX_LINE_BYTES = 8 * 1024 * 1024
"""A signed contract of 1 MB, in base64 and in JSON's escapes, is the longest there is."""
_SUM = "sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a bundle is about."""

    format: str
    party: PartyId
    """Whose ledger it is taken from."""
    contract: ContractId
    counterparty: str
    """The one company whose channels are shown; empty for all."""
    since: str
    """Answers from this instant on are shown."""
    until: str
    """Answers before this instant."""
    made_at: str

    def __post_init__(self) -> None:
        """Refuse another format, and instants that are none."""
        if self.format != EVIDENCE_FORMAT:
            message = f"its format is not `{EVIDENCE_FORMAT}`"
            raise ValueError(message)
        for instant in (self.since, self.until, self.made_at):
            parse_moment(instant)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """A member document."""

    envelope: str
    """Its envelope's JSON, here and below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine:
    """The contract with every party's signature."""

    envelope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """A party's termination, suspension, resumption or rejection."""

    envelope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """An entry of the ledger that is shown."""

    index: int
    salt: str
    """In hex."""
    entry: str
    """Its canonical bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenLine:
    """Entries that are not shown, behind one hash."""

    start: int
    size: int
    root: str
    """In hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """The consumer's signed request behind the entry before it."""

    envelope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """The provider's signed receipt about the answer that the entry before it ends."""

    envelope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointLine:
    """The ledger's head, signed by its keeper and whichever neighbours have seen it."""

    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedLine:
    """An earlier checkpoint that neighbours cosigned, and that the head grew from it."""

    note: str
    proof: tuple[str, ...]
    """Of RFC 9162, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLine:
    """The signed sum of all lines before it."""

    envelope: str


Line: TypeAlias = (
    Header
    | MemberLine
    | ContractLine
    | NoticeLine
    | EntryLine
    | HiddenLine
    | RequestLine
    | ReceiptLine
    | CheckpointLine
    | WitnessedLine
    | EndLine
)
KINDS: Mapping[str, type[Line]] = {
    "evidence": Header,
    "member": MemberLine,
    "contract": ContractLine,
    "notice": NoticeLine,
    "entry": EntryLine,
    "hidden": HiddenLine,
    "request": RequestLine,
    "receipt": ReceiptLine,
    "checkpoint": CheckpointLine,
    "witnessed": WitnessedLine,
    "end": EndLine,
}
_KIND_OF = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What the last line signs."""

    lines: int
    """Before it."""
    sum: str
    """Of the last of them."""


def end_bytes(end: End) -> bytes:
    """Write what the last line signs."""
    return record_bytes({"format": END_FORMAT} | to_record(end))


def parse_end(payload: bytes) -> End:
    """Read what the last line signs.

    Raises:
        DocumentError: It is something else.
    """
    record = parse_record(payload, name="end")
    record.pop("format", None)
    found = from_record(End, record, name="end")
    if end_bytes(found) != payload:
        raise EvidenceError("the end has another format")
    return found


class BundleWriter:
    """Writes lines, and keeps their sum."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sum = ""
        self._lines = 0

    def write(self, line: Line) -> bytes:
        """Give a line's bytes, its end included."""
        record = to_record(line) | {"kind": _KIND_OF[type(line)]}
        self._sum = _summed(self._sum, record)
        self._lines += 1
        return record_bytes(record | {_SUM: self._sum}) + b"\n"

    def end(self) -> End:
        """Say what was written so far, to be signed."""
        return End(lines=self._lines, sum=self._sum)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line that is well formed, and what came before it."""

    number: int
    """From 1."""
    line: Line
    before: End
    """What the last line has to sign, if this is it."""


def read_bundle(lines: Iterable[bytes]) -> Iterator[ReadLine]:
    """Read a bundle line by line; only form and sums are checked.

    Args:
        lines: With their ends.

    Raises:
        EvidenceError: Naming the first line that is not whole, not canonical, or was altered.
    """
    before = End(lines=0, sum="")
    for number, data in enumerate(lines, 1):
        try:
            record, line = _parse(data)
        except (DocumentError, ValueError) as error:
            raise EvidenceError(f"line {number} cannot be read: {error}", line=number) from error
        found = record.pop(_SUM)
        expected = _summed(before.sum, record)
        if found != expected:
            raise EvidenceError(f"line {number} or the one before it was altered", line=number)
        yield ReadLine(number=number, line=line, before=before)
        before = End(lines=number, sum=expected)


def _parse(data: bytes) -> tuple[dict[str, Any], Line]:
    if not data.endswith(b"\n") or len(data) > MAX_LINE_BYTES:
        message = "it is not ended, or too long"
        raise ValueError(message)
    record = parse_record(data[:-1], name="line")
    kind = KINDS.get(record["kind"]) if isinstance(record.get("kind"), str) else None
    if kind is None or not isinstance(record.get(_SUM), str):
        message = "its kind is unknown, or it has no sum"
        raise ValueError(message)
    named = {item.name for item in fields(kind)}
    own = {name: value for name, value in record.items() if name not in {"kind", _SUM}}
    if own.keys() != named:
        message = "its fields are not those of its kind"
        raise ValueError(message)
    line: Line = from_record(kind, own, name="line")
    return record, line


def _summed(before: str, record: Mapping[str, Any]) -> str:
    return sha256(before.encode() + record_bytes(record)).hexdigest()
