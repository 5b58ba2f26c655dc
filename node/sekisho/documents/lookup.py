"""A table that a consumer brings: its canonical bytes, written, read, and held to the contract.

`sekisho.lookup/v1` holds a key and what the table says of it, one row a key. The same rows give the
same bytes, whoever writes them, and their digest is how requests name the table. Source:
`docs/spec/lookups.md`.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

from sekisho.documents.findings import Findings
from sekisho.documents.value import MAX_INTEGER, check_text
from sekisho.errors import Finding
from sekisho.model.contract import Lookup, LookupType
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.names import NAME_PATTERN

LOOKUP_FORMAT = "sekisho.lookup/v1"
Cell: TypeAlias = str | int | bool | None
"""A date is text, `2026-12-01`."""
Row: TypeAlias = tuple[Cell, ...]
_FIELDS = ("columns", "format", "key", "name", "rows")
_MAX_NAME = 255
_SHOWN = 3
"""Values of which a finding speaks; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """The content of one lookup."""

    name: str
    """The lookup's in the contract."""
    key: str
    key_type: LookupType
    columns: Mapping[str, LookupType]
    """What it says of each key, by name, in the order of the names."""
    rows: tuple[Row, ...]
    """The key first, then the columns in their order; in the order of the keys."""

    @property
    def typed_columns(self) -> tuple[tuple[str, LookupType], ...]:
        """The key and what the table says of it: names and types, in the order of the rows."""
        return ((self.key, self.key_type), *self.columns.items())

    def categories(self) -> tuple[int, ...]:
        """Number, row by row, the combination of all its columns' values."""
        numbers: dict[Row, int] = {}
        return tuple(numbers.setdefault(row[1:], len(numbers)) for row in self.rows)


def cell_text(value: Cell) -> str | None:
    """Write a value as an engine reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def build_lookup(
    table: LookupTable, *, limits: Limits = DEFAULT_LIMITS, name: str = "lookup"
) -> bytes:
    """Write a table in its one canonical form; rows may come in any order.

    Raises:
        DocumentError: With all findings: what `parse_lookup` would not read is not written.
    """
    columns = dict(sorted(table.columns.items()))
    order = [0, *(1 + list(table.columns).index(name) for name in columns)]
    rows = sorted((tuple(row[at] for at in order) for row in table.rows), key=_rank)
    data = _encoder.encode(
        {
            "format": LOOKUP_FORMAT,
            "name": table.name,
            "key": {"name": table.key, "type": table.key_type},
            "columns": [{"name": name, "type": kind} for name, kind in columns.items()],
            "rows": rows,
        }
    ).encode()
    parse_lookup(data, limits=limits, name=name)
    return data


def parse_lookup(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, name: str = "lookup"
) -> LookupTable:
    """Read a table from its canonical bytes.

    Args:
        data: As they were received.
        limits: Reads `max_lookup_bytes`.
        name: What to call the table in errors.

    Raises:
        DocumentError: With all findings: not canonical, another format, a key that is NULL or
            stands twice, a value of another type.
    """
    findings = Findings(name)
    if len(data) > limits.max_lookup_bytes:
        message = f"it has {len(data)} bytes, more than {limits.max_lookup_bytes}"
        findings.stop(message, hint="bring fewer rows, or shorter values")
    return _Reader(_decoded(data, findings), findings).table()


def check_lookup(
    table: LookupTable, declared: Lookup, *, minimum_keys: int = 1
) -> tuple[Finding, ...]:
    """Find what in a table is not what a contract lets its consumer bring.

    Args:
        table: Read already.
        declared: The contract's words.
        minimum_keys: Fewest keys that a combination of the columns' values must stand at, where
            that can be told of the table alone and every key must match.
    """
    return tuple(_differences(table, declared, minimum_keys=minimum_keys))


def _differences(table: LookupTable, declared: Lookup, *, minimum_keys: int) -> Iterator[Finding]:
    if (table.name, table.key) != (declared.name, declared.key):
        yield Finding(
            path="key",
            message=f"the contract's table `{declared.name}` has the key `{declared.key}`, not "
            f"`{table.key}`",
        )
    if dict(table.columns) != dict(declared.columns):
        wanted = ", ".join(f"{name}: {kind}" for name, kind in declared.columns.items())
        yield Finding(
            path="columns",
            message=f"the columns of `{declared.name}` are not the contract's",
            hint=f"bring exactly {wanted}",
        )
    if len(table.rows) > declared.max_rows:
        yield Finding(
            path="rows",
            message=f"`{declared.name}` has more than the contract's {declared.max_rows} rows",
            hint="bring the rows that are needed, or agree on an amendment",
        )
    if declared.must_match:
        # Where keys need not match, the provider leaves such combinations out of the join.
        yield from _sparse(table, minimum_keys)


def _sparse(table: LookupTable, minimum_keys: int) -> Iterator[Finding]:
    """Find combinations of values that can never stand for enough units."""
    counts = Counter(row[1:] for row in table.rows)
    sparse = [category for category, count in counts.items() if count < minimum_keys]
    if sparse:
        shown = "; ".join(_category_text(category) for category in sparse[:_SHOWN])
        more = f" and {len(sparse) - _SHOWN} more" if len(sparse) > _SHOWN else ""
        yield Finding(
            path="rows",
            message=f"{len(sparse)} of {len(counts)} combinations of the columns' values stand at "
            f"fewer than {minimum_keys} keys",
            hint=f"merge rare values into coarser ones: {shown}{more}",
        )


def _category_text(category: Row) -> str:
    return ", ".join("NULL" if value is None else str(value)[:40] for value in category)


class _Reader:
    """Takes a decoded table apart, and collects what is wrong with it."""

    def __init__(self, record: dict[str, Any], findings: Findings) -> None:
        self._record = record
        self._findings = findings

    def table(self) -> LookupTable:
        """Give the table, once nothing is wrong with it."""
        self._check_fields()
        key = self._column(self._record["key"], "key")
        columns = self._columns(self._record["columns"])
        self._check_names(key[0], [name for name, _ in columns])
        self._findings.raise_any()
        rows = self._rows(self._record["rows"], [key[1], *(kind for _, kind in columns)])
        self._findings.raise_any()
        return LookupTable(
            name=self._record["name"],
            key=key[0],
            key_type=key[1],
            columns=MappingProxyType(dict(columns)),
            rows=rows,
        )

    def _check_fields(self) -> None:
        for field in sorted(self._record.keys() - set(_FIELDS)):
            self._findings.add(f"`{field[:40]}` is not a field here", path=field[:40])
        for field in _FIELDS:
            if field not in self._record:
                self._findings.add(f"`{field}` is missing", path=field)
        self._findings.raise_any()
        if self._record["format"] != LOOKUP_FORMAT:
            self._findings.stop(f"its format is not `{LOOKUP_FORMAT}`", path="format")
        name = self._record["name"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self._findings.add("its name is not a lookup's", path="name")

    def _column(self, value: object, path: str) -> tuple[str, LookupType]:
        found = value if isinstance(value, dict) else {}
        name, kind = found.get("name"), found.get("type")
        if set(found) != {"name", "type"} or not isinstance(name, str) or not isinstance(kind, str):
            self._findings.stop("a column is `{name, type}`", path=path)
        if not 0 < len(name) <= _MAX_NAME or name.strip() != name or check_text(name):
            self._findings.add("it is not a column's name", path=f"{path}.name")
        if kind not in _TYPES:
            self._findings.stop(f"`{kind[:40]}` is not a lookup's type", path=f"{path}.type")
        return name, LookupType(kind)

    def _columns(self, value: object) -> list[tuple[str, LookupType]]:
        if not isinstance(value, list) or not value:
            self._findings.stop("expected a list of columns", path="columns")
        return [self._column(item, f"columns[{at}]") for at, item in enumerate(value)]

    def _check_names(self, key: str, names: list[str]) -> None:
        if names != sorted(names):
            self._findings.add("the columns are not in the order of their names", path="columns")
        folded = Counter(name.lower() for name in (key, *names))
        for name, count in folded.items():
            if count > 1:
                self._findings.add(f"`{name}` is the name of {count} columns", path="columns")

    def _rows(self, value: object, kinds: Sequence[LookupType]) -> tuple[Row, ...]:
        if not isinstance(value, list) or not value:
            self._findings.stop("it has no rows", path="rows")
        checks = [_CHECKS[kind] for kind in kinds]
        rows = tuple(self._row(item, checks, at=at) for at, item in enumerate(value))
        self._findings.raise_any()
        for at, (before, row) in enumerate(pairwise(rows), 1):
            if row[0] == before[0]:
                message = f"the key `{str(row[0])[:40]}` stands in several rows"
                self._findings.add(message, path=f"rows[{at}]", hint="bring one row a key")
            elif _rank(row) < _rank(before):
                self._findings.add("the rows are not in the order of their keys", path="rows")
        return rows

    def _row(self, item: object, checks: Sequence["_Check"], *, at: int) -> Row:
        if not isinstance(item, list) or len(item) != len(checks):
            self._findings.add(f"expected {len(checks)} values", path=f"rows[{at}]")
            return ()
        if item[0] is None:
            self._findings.add(
                "the key is NULL", path=f"rows[{at}][0]", hint="leave rows without a key out"
            )
        for place, (value, check) in enumerate(zip(item, checks, strict=True)):
            if value is not None and (problem := check(value)):
                self._findings.add(problem, path=f"rows[{at}][{place}]")
        return tuple(item)


_Check: TypeAlias = Callable[[object], str]


def _check_text(value: object) -> str:
    if not isinstance(value, str):
        return "expected text"
    problem = check_text(value)
    return f"the text holds {problem}" if problem else ""


def _check_integer(value: object) -> str:
    if type(value) is not int:
        return "expected a whole number"
    return "" if abs(value) <= MAX_INTEGER else "the number is beyond ±(2^53 - 1)"


def _check_date(value: object) -> str:
    try:
        is_date = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_date = False
    return "" if is_date else "expected a day, such as `2026-12-01`"


def _check_boolean(value: object) -> str:
    return "" if isinstance(value, bool) else "expected true or false"


_CHECKS: Mapping[LookupType, _Check] = MappingProxyType(
    {
        LookupType.TEXT: _check_text,
        LookupType.INTEGER: _check_integer,
        LookupType.DATE: _check_date,
        LookupType.BOOLEAN: _check_boolean,
    }
)
_NAME = re.compile(NAME_PATTERN, re.ASCII)
_TYPES = frozenset(kind.value for kind in LookupType)
_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
"""What RFC 8785 asks for, of records whose keys are ASCII and whose numbers are integers."""


def _rank(row: Row) -> tuple[str, Any]:
    """Order rows by their keys: numbers by value, text by code points, days by the calendar."""
    key = row[0] if row else None
    return type(key).__name__, 0 if key is None else key


def _decoded(data: bytes, findings: Findings) -> dict[str, Any]:
    """Read canonical JSON, refusing every other spelling of the same value."""
    try:
        record = json.loads(data, parse_float=_no_float)
        is_canonical = isinstance(record, dict) and _encoder.encode(record).encode() == data
    except (ValueError, RecursionError):
        findings.stop("it is not JSON in UTF-8 without fractions")
    if not is_canonical:
        findings.stop("it is not a JSON object in canonical form")
    return dict(record)


def _no_float(text: str) -> NoReturn:
    raise ValueError(text)
