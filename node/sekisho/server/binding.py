"""Values that a client binds to a statement: one row of Arrow, read in a worker without keys.

What arrives is not believed: its frames are bounded here and handed on unread, but for the names of
the columns; an engine worker validates them as it does any other company's Arrow, and gives each
value back as text with its type. From there on they are parameters like any others.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sekisho.engine.engine import Engine, Job
from sekisho.errors import EngineError, PeerError, Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.parameters import MAX_PARAMETERS, Parameter
from sekisho.wire.flatbuffer import read_names
from sekisho.wire.frames import parse_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a client may send in one DoPut."""

    what: str
    bytes: int
    messages: int


OF_VALUES: Final = Bounds(what="bound values have", bytes=1024 * 1024, messages=16)
"""A hundred values of 10 kB; a schema, its one batch, and what a client sends beside them."""
OF_TABLE: Final = Bounds(
    what="the table has", bytes=2 * DEFAULT_LIMITS.max_lookup_bytes, messages=4_096
)
"""What becomes a lookup is no larger as Arrow than twice its text."""
BINDING_SECONDS = 10.0
"""For the stream to arrive, and again for a worker to read it: both are a few kB."""

INPUT = "bound"
_TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DOUBLE": "float",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
} | dict.fromkeys(
    "TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT".split(), "integer"
)
_DECIMAL = re.compile(r"DECIMAL\((\d{1,2}),(\d{1,2})\)")
_HOURS = re.compile(r"[+-]\d\d\Z")


def collect_frames(messages: Iterable[bytes], *, bounds: Bounds) -> tuple[bytes, ...]:
    """Take in a client's stream whole.

    Raises:
        Refusal: `TOO_COMPLEX`: it is longer than that.
    """
    found: list[bytes] = []
    size = 0
    for message in messages:
        size += len(message)
        found.append(message)
        if size > bounds.bytes or len(found) > bounds.messages:
            raise Refusal(
                RefusalReason.TOO_COMPLEX,
                f"{bounds.what} more than {bounds.bytes} bytes or {bounds.messages} messages",
                hint="bring a small table as a lookup; see docs/concept/lookups.md",
            )
    return tuple(found)


def bind_row(
    engine: Engine, frames: Sequence[bytes], *, names: tuple[str, ...]
) -> tuple[Parameter, ...]:
    """Read the one row of values of a query's parameters.

    Columns that bear the names of the query's `$name` are bound by name, others by position.

    Args:
        engine: Whose worker reads what arrived.
        frames: As the client sent them.
        names: Of the query's parameters, as `parameter_names` lists them.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`: there is not one row, one value for each parameter, of a type
            that parameters have; or the Arrow does not hold.
    """
    columns = column_names(frames)
    targets = _targets(columns, names)
    return tuple(
        _parameter(target, kind, value)
        for target, (kind, value) in zip(targets, _read(engine, frames, columns), strict=True)
    )


def column_names(frames: Sequence[bytes]) -> tuple[str, ...]:
    """Read the names of the columns that a client sends; nothing else is believed yet.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`: there are none, or more than a query has parameters.
    """
    try:
        headers = [parsed.header for frame in frames if len((parsed := parse_frame(frame)).header)]
        columns = read_names(headers[0]) if headers else ()
    except PeerError as error:
        raise _refused(f"what was sent is not valid arrow: {error.message}") from None
    if not columns:
        raise _refused("no columns were sent")
    if len(columns) > MAX_PARAMETERS:
        raise _refused(f"at most {MAX_PARAMETERS} columns are taken")
    return columns


def _targets(columns: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Say which parameter each column is for."""
    by_name = [name.lower().removeprefix("$") for name in columns]
    if sorted(by_name) == sorted(names):
        return tuple(by_name)
    if len(columns) != len(names):
        listed = ", ".join(f"${name}" for name in names) or "none"
        raise _refused(f"{len(columns)} values are bound, and the parameters are: {listed}")
    return names


def _read(
    engine: Engine, frames: Sequence[bytes], columns: tuple[str, ...]
) -> list[tuple[str, str | None]]:
    quoted = ['"' + name.replace('"', '""') + '"' for name in columns]
    values = ", ".join(
        f"typeof({name}) AS t{at}, CAST({name} AS VARCHAR) AS v{at}"
        for at, name in enumerate(quoted)
    )
    job = Job(
        sql="SELECT 1",
        inputs=(INPUT,),
        outputs=((INPUT, f'SELECT {values} FROM "{INPUT}" LIMIT 2'),),  # noqa: S608  quoted
        seconds=BINDING_SECONDS,
    )
    try:
        with engine.run(job, {INPUT: frames}) as run:
            for _ in run:
                pass
            found = run.beside[INPUT]
    except PeerError as error:
        what = error.message.removeprefix(f"the input `{INPUT}` ")
        raise _refused(f"the bound values do not hold: arrow that {what}") from None
    except EngineError as error:
        raise _refused("the bound values cannot be read") from error
    rows = len(found["t0"])
    if rows != 1:
        several = "several rows of values are bound" if rows else "no row of values is bound"
        raise _refused(several, hint="bind one row, and run again")
    return [(str(found[f"t{at}"][0]), found[f"v{at}"][0]) for at in range(len(columns))]


def _parameter(name: str, kind: str, value: str | None) -> Parameter:
    if value is None:
        raise _refused(f"the parameter `{name}` is NULL", hint="write NULL in the query")
    digits = _DECIMAL.fullmatch(kind)
    if kind == "FLOAT":
        # Its own shortest text is another number as a DOUBLE.
        kind, value = "DOUBLE", repr(struct.unpack("<f", struct.pack("<f", float(value)))[0])
    if kind == "TIMESTAMP WITH TIME ZONE" and _HOURS.search(value):
        value += ":00"
    given = f"decimal({digits[1]},{digits[2]})" if digits else _TYPES.get(kind, "")
    if not given:
        raise _refused(f"the parameter `{name}` is of the type {kind}, which none may have")
    try:
        return Parameter(name=name, type=given, value=value)
    except ValueError as error:
        raise _refused(str(error)) from None


def _refused(message: str, *, hint: str = "") -> Refusal:
    return Refusal(RefusalReason.SYNTAX_NOT_ALLOWED, message, hint=hint)
