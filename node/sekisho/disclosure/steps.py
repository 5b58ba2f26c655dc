"""The SQL that an engine runs over a block's governed rows, step by step, to describe its cells.

No row comes out of it. For each cell it gives how many units are in it, what the two largest of
them make up, in how many units it differs from its parent cells, its sums, and its **sketch**: for
each unit the sum of its rows' hashes. A sketch tells in how many units two cells differ.

Counting units one by one costs many times the plain aggregate, so the units of large cells share
slots: the hash of a unit modulo a power of two. Slots that differ are never more than units that
differ, so what is counted in slots is counted too low, never too high. Small cells, and large ones
of which a good part of the slots is empty, keep a slot for each unit and are exact.

What a measure's values come to is compared by hashes of rows and values together: the same rows
under another clamp or threshold differ in the units whose values do.

A parent is what a cell was cut from: the same cell without the block's filter, and the cells that
all keys but one give. Source: `docs/spec/aggregate.md`, step 4.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.model.plan import FigureKind, ProtectedBlock

EXACT_ROWS = 8192
"""A cell of so many rows, those outside the filter included, keeps a slot for each unit."""
EXACT_ROWS_OF_MANY = 512
"""The same where all cells together have more than `MANY_ROWS`."""
MANY_ROWS = 1_000_000
SLOT_BUDGET = 131_072
"""Slots of all large cells together, if that leaves each enough."""
MIN_SLOTS = 64
MAX_SLOTS = 1024
SLOTS_PER_UNIT = 4
"""Slots of a large cell for each unit that is required, at least."""
FULL_PERCENT = 75
"""A large cell with fewer of its slots taken is counted exactly."""
EARLIER = "earlier"
"""Table of the cells that were published before for the same question: their keys `k0`, … as text,
and `n`, which is 1. They are described although they may have too few units by now."""
_ALL_ROWS = 2**62
_KNOWN_ROW = "hash($m1, 'row', 1, 1.5, true, NULL, DATE '2026-12-01', 1.25::DOUBLE)"
"""Hashed with every answer: another value tells that hashes do not compare with earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One relation that is computed before those that follow."""

    name: str
    sql: str


def steps_of(block: ProtectedBlock) -> tuple[Step, ...]:
    """Write the steps of a block; they read its rows, its lookups and the table `earlier`."""
    writer = _Writer(block)
    return tuple(writer.steps())


def outputs_of(block: ProtectedBlock) -> tuple[Step, ...]:
    """Write the SELECTs over the steps' relations whose answers are wanted.

    Shape:
        `hashes`, one row (hashes: text, names the way to hash).
        `cells`, a row for each cell with enough units, or that was published before; a tag is
        `tag_of` what is asked, u a privacy unit's number, m a measure's (cell: int64; k0: text, …;
        n<tag>: int64; sum<m>, square<m>, low<m>, high<m>: float64; units_u_<tag>: int64, slots that
        are taken; largest_u_<tag>, second_u_<tag>, size_u_<tag>: float64; apart_u_<tag>: int64,
        fewest slots in which the cell differs from a parent that it is not equal to, or NULL;
        slots_u: int64, NULL where exact).
        `entries_u_<tag>`, the taken slots of those cells, cell by cell and slot by slot (place,
        total: uint64); of a measure's count only where not every row of the cell has it.
    """
    writer = _Writer(block)
    known = Step(name="hashes", sql=f"SELECT CAST({_KNOWN_ROW} AS VARCHAR) AS hashes")
    return (known, Step(name="cells", sql=writer.cells()), *writer.all_entries())


def tag_of(measure: int | None, *, tells_values: bool) -> str:
    """Name what is counted: all rows, those with a measure, or what the measure's values come to.

    Rows with a measure are counted by their number, and compared with counts of all rows; values
    are weighed by their size, and compared with values.
    """
    return "" if measure is None else f"{measure}{'v' if tells_values else ''}"


class _Writer:
    """Writes the steps of one block."""

    def __init__(self, block: ProtectedBlock) -> None:
        self._block = block
        self._keys = [f"k{at}" for at in range(len(block.keys))]
        self._measures = [str(at) for at in range(len(block.measures))]
        figures = [item for item in block.figures if item.measure is not None]
        self._counted = dict.fromkeys(str(item.measure) for item in figures if item.kind.is_count)
        self._valued = dict.fromkeys(str(item.measure) for item in figures if item.kind.is_value)
        self._tags = ["", *self._counted, *(f"{at}v" for at in self._valued)]
        self._rows = f"({block.sql}) AS r"
        self._inside = "r.f" if block.is_filtered else "true"

    def steps(self) -> Iterator[Step]:
        yield Step(name="groups", sql=self._groups())
        yield Step(name="slotting", sql=self._slotting())
        yield Step(
            name="sized",
            sql="SELECT g.*, CASE WHEN g.whole > s.exact THEN s.slots END AS slots"
            " FROM groups AS g, slotting AS s",
        )
        for unit in range(len(self._block.units)):
            yield Step(name=f"coarse_{unit}", sql=self._coarse(unit))
            yield Step(name=f"sparse_{unit}", sql=self._sparse(unit))
            yield Step(name=f"fine_{unit}", sql=self._fine(unit))
            yield Step(name=f"slots_{unit}", sql=self._settled(unit))
            if self._block.is_filtered:
                yield Step(name=f"beside_{unit}", sql=self._beside(unit))
            for key in range(len(self._keys)):
                yield Step(name=f"parents_{unit}_{key}", sql=self._parents(unit, key))
                yield Step(name=f"folded_{unit}_{key}", sql=self._folded(unit, key))
                yield Step(name=f"apart_{unit}_{key}", sql=self._apart(unit, key))
            yield Step(name=f"described_{unit}", sql=self._described(unit))

        yield Step(name="shown", sql=self._shown())

    def cells(self) -> str:
        """Put together what is known of each cell that is shown."""
        units = range(len(self._block.units))
        outputs = ["g.cell", *(f"CAST(g.{key} AS VARCHAR) AS {key}" for key in self._keys)]
        outputs += [f"d0.n{tag} AS n{tag}" for tag in self._tags]
        for at in self._measures:
            outputs += [f"g.{part}{at}" for part in ("sum", "square", "low", "high")]
        for unit in units:
            outputs += self._unit_outputs(unit)
        joins = "".join(f" JOIN described_{unit} AS d{unit} USING (cell)" for unit in units)
        for unit in units:
            if self._block.is_filtered:
                joins += f" JOIN beside_{unit} AS b{unit} USING (cell)"
            for key in range(len(self._keys)):
                joins += f" LEFT JOIN apart_{unit}_{key} AS x{unit}_{key} USING (cell)"
        return (
            f"SELECT {', '.join(outputs)} FROM groups AS g JOIN shown USING (cell){joins}"
            " ORDER BY g.cell"
        )

    def all_entries(self) -> Iterator[Step]:
        """Give the slots of the cells that are shown."""
        for unit in range(len(self._block.units)):
            for tag in self._tags:
                partly = f" AND d.n{tag} < d.n" if tag in self._counted else ""
                sql = (
                    f"SELECT t.slot AS place, CAST(t.s{tag} % {2**64} AS UBIGINT) AS total"
                    f" FROM slots_{unit} AS t JOIN shown USING (cell) JOIN described_{unit} AS d"
                    f" USING (cell) WHERE t.n{tag} > 0{partly} ORDER BY t.cell, t.slot"
                )
                yield Step(name=f"entries_{unit}_{tag}", sql=sql)

    def _shown(self) -> str:
        """Choose the cells that have enough units, or were published before."""
        units = range(len(self._block.units))
        joins = "".join(f" JOIN described_{unit} AS d{unit} USING (cell)" for unit in units)
        enough = " AND ".join(
            f"d{unit}.units >= {self._block.terms.minimum_units}" for unit in units
        )
        on = [f"CAST(g.{key} AS VARCHAR) IS NOT DISTINCT FROM e.{key}" for key in self._keys]
        return (
            f"SELECT g.cell FROM groups AS g{joins} LEFT JOIN {EARLIER} AS e"
            f" ON {' AND '.join(on) or 'true'} WHERE ({enough}) OR e.n IS NOT NULL"
        )

    def _groups(self) -> str:
        """Number the groups, count all their rows, and sum up what is inside the filter."""
        outputs = [*self._keys, "count(*) AS whole"]
        for at in self._measures:
            value, inside = f"r.v{at}", f"FILTER (WHERE {self._inside})"
            outputs += [
                f"sum({value}) {inside} AS sum{at}",
                f"sum({value} * {value}) {inside} AS square{at}",
                f"min({value}) {inside} AS low{at}",
                f"max({value}) {inside} AS high{at}",
            ]
        grouped = f" GROUP BY {', '.join(self._keys)}" if self._keys else ""
        return (
            f"SELECT row_number() OVER () AS cell, * FROM (SELECT {', '.join(outputs)}"
            f" FROM {self._rows}{grouped})"
        )

    def _slotting(self) -> str:
        """Choose up to which size cells are exact, and into how many slots the others are cut."""
        wanted = SLOTS_PER_UNIT * self._block.terms.minimum_units
        least = max(MIN_SLOTS, 1 << (wanted - 1).bit_length())
        most = max(least, MAX_SLOTS)
        exact = (
            f"CASE WHEN sum(whole) > {MANY_ROWS} THEN {EXACT_ROWS_OF_MANY} ELSE {EXACT_ROWS} END"
        )
        if any(item.kind is FigureKind.UNITS for item in self._block.figures):
            exact = f"max({_ALL_ROWS})"
        power = f"CAST(pow(2, floor(log2({SLOT_BUDGET} / greatest(1, large)))) AS BIGINT)"
        return (
            f"SELECT exact, CAST(least({most}, greatest({least}, {power})) AS UBIGINT) AS slots"
            f" FROM (SELECT exact, (SELECT count(*) FROM groups WHERE whole > exact) AS large"
            f" FROM (SELECT {exact} AS exact FROM groups))"
        )

    def _coarse(self, unit: int) -> str:
        """Sum up the rows of large groups by shared slots."""
        large = "(SELECT * FROM sized WHERE slots IS NOT NULL)"
        return self._slots(unit, f"r.u{unit} % g.slots", groups=large)

    def _fine(self, unit: int) -> str:
        """Sum up the rows of small groups, and of sparse large ones, unit by unit.

        Of a large group only what is inside the filter: what stands beside it is told by slots.
        """
        small = f"(SELECT * FROM sized WHERE slots IS NULL OR cell IN (FROM sparse_{unit}))"
        wanted = f" WHERE g.slots IS NULL OR {self._inside}"
        return self._slots(unit, f"r.u{unit}", groups=small, where=wanted)

    def _slots(self, unit: int, slot: str, *, groups: str, where: str = "") -> str:
        """Sum up the rows of each slot of each group; a measure's `s` is of rows without it."""
        row_hash = f"r.h{self._block.units[unit].rows}"
        outputs = ["g.cell", f"{slot} AS slot", *self._sums(row_hash, "", "true")]
        for at in self._measures:
            value = f"r.v{at}"
            outputs += self._sums(row_hash if at in self._counted else "", at, f"{value} IS NULL")
            if at in self._valued:
                mixed = f"hash({row_hash}, {value})"
                outputs += self._hashed(mixed, f"{at}v", f"{value} IS NOT NULL")
                inside = f"FILTER (WHERE {self._inside})"
                outputs.append(f"coalesce(sum(abs({value})) {inside}, 0) AS a{at}v")
        on = " AND ".join(f"r.{key} IS NOT DISTINCT FROM g.{key}" for key in self._keys) or "true"
        return (
            f"SELECT {', '.join(outputs)} FROM {self._rows} JOIN {groups} AS g ON {on}{where}"
            " GROUP BY 1, 2"
        )

    def _sums(self, hashed: str, tag: str, which: str) -> Iterator[str]:
        """Count the rows of a kind, and sum up their hashes: inside the filter, and all."""
        yield f"count(*) FILTER (WHERE {self._inside} AND {which}) AS n{tag}"
        if self._block.is_filtered:
            yield f"count(*) FILTER (WHERE {which}) AS wn{tag}"
        if hashed:
            yield from self._hashed(hashed, tag, which)

    def _hashed(self, hashed: str, tag: str, which: str) -> Iterator[str]:
        inside = f"FILTER (WHERE {self._inside} AND {which})"
        yield f"coalesce(sum({hashed}) {inside}, 0) AS s{tag}"
        if self._block.is_filtered:
            yield f"coalesce(sum({hashed}) FILTER (WHERE {which}), 0) AS ws{tag}"

    def _sparse(self, unit: int) -> str:
        """Find the large groups that are to be counted exactly after all.

        What a sketch is listed by rests on its taken slots: of all that is asked, in the filter.
        """
        without = [f" - t.n{at}" for at in self._measures]
        taken = [f"count(*) FILTER (WHERE t.n{part} > 0)" for part in ("", *without)]
        return (
            f"SELECT g.cell FROM sized AS g JOIN (SELECT cell, least({', '.join(taken)}) AS taken"
            f" FROM coarse_{unit} AS t GROUP BY cell) AS t ON g.cell = t.cell"
            f" WHERE t.taken * 100 < g.slots * {FULL_PERCENT}"
        )

    def _settled(self, unit: int) -> str:
        """Put the slots together, and turn what lacks a measure into what has it."""
        columns = ", ".join(("t.cell", "t.slot", *self._having(""), *self._weights()))
        return (
            f"SELECT {columns}, g.slots FROM coarse_{unit} AS t JOIN sized AS g"
            f" ON t.cell = g.cell WHERE t.cell NOT IN (FROM sparse_{unit})"
            f" UNION ALL SELECT {columns}, NULL FROM fine_{unit} AS t"
        )

    def _beside(self, unit: int) -> str:
        """Count the slots in which each cell differs from the same cell without the filter."""
        columns = ", ".join(("t.cell", *self._having(""), *self._having("w")))
        differ = ", ".join(
            f"count(*) FILTER (WHERE wn{tag} > 0 AND ws{tag} <> s{tag}) AS w{tag}"
            for tag in self._tags
        )
        return (
            f"SELECT cell, {differ} FROM (SELECT {columns} FROM coarse_{unit} AS t"
            f" UNION ALL SELECT {columns} FROM fine_{unit} AS t JOIN sized AS g"
            " ON t.cell = g.cell WHERE g.slots IS NULL) GROUP BY cell"
        )

    def _having(self, part: str) -> Iterator[str]:
        """Give for each tag the rows that it counts and their hashes, inside the filter or all."""
        yield f"t.{part}n"
        yield f"t.{part}s"
        for at in self._counted:
            yield f"t.{part}n - t.{part}n{at} AS {part}n{at}"
            yield f"t.{part}s - t.{part}s{at} AS {part}s{at}"
        for at in self._valued:
            yield f"t.{part}n - t.{part}n{at} AS {part}n{at}v"
            yield f"t.{part}s{at}v"

    def _weights(self) -> Iterator[str]:
        """Give for each tag what a slot makes up: rows, or the absolute total of its values."""
        yield "t.n AS a"
        yield from (f"t.n - t.n{at} AS a{at}" for at in self._counted)
        yield from (f"t.a{at}v" for at in self._valued)

    def _parents(self, unit: int, key: int) -> str:
        """Name each cell's parent by its first cell, and the slots that all its cells can share."""
        others = ", ".join(item for at, item in enumerate(self._keys) if at != key)
        by = f"PARTITION BY {others} " if others else ""
        return (
            "SELECT cell, parent, max(slots) OVER (PARTITION BY parent) AS slots FROM (SELECT"
            f" g.cell, first_value(g.cell) OVER ({by}ORDER BY g.cell) AS parent, p.slots"
            f" FROM sized AS g LEFT JOIN (SELECT cell, any_value(slots) AS slots"
            f" FROM slots_{unit} GROUP BY cell) AS p ON g.cell = p.cell)"
        )

    def _folded(self, unit: int, key: int) -> str:
        sums = ", ".join(f"sum(t.n{tag}) AS n{tag}, sum(t.s{tag}) AS s{tag}" for tag in self._tags)
        return (
            "SELECT p.parent, t.cell, CASE WHEN p.slots IS NULL THEN t.slot"
            f" ELSE t.slot % p.slots END AS slot, {sums} FROM slots_{unit} AS t"
            f" JOIN parents_{unit}_{key} AS p ON t.cell = p.cell GROUP BY 1, 2, 3"
        )

    def _apart(self, unit: int, key: int) -> str:
        """Count the slots in which each cell differs from its parent."""
        folded = f"folded_{unit}_{key}"
        sums = ", ".join(f"sum(n{tag}) AS n{tag}, sum(s{tag}) AS s{tag}" for tag in self._tags)
        whole = f"(SELECT parent, slot, {sums} FROM {folded} GROUP BY 1, 2)"
        totals = ", ".join(f"count(*) FILTER (WHERE n{tag} > 0) AS t{tag}" for tag in self._tags)
        same = ", ".join(
            f"count(*) FILTER (WHERE c.n{tag} > 0 AND c.s{tag} = w.s{tag}) AS e{tag}"
            for tag in self._tags
        )
        apart = ", ".join(f"t.t{tag} - e.e{tag} AS d{tag}" for tag in self._tags)
        return (
            f"SELECT e.cell, {apart} FROM (SELECT c.cell, c.parent, {same} FROM {folded} AS c"
            f" JOIN {whole} AS w ON c.parent = w.parent AND c.slot = w.slot GROUP BY 1, 2) AS e"
            f" JOIN (SELECT parent, {totals} FROM {whole} GROUP BY parent) AS t"
            " ON e.parent = t.parent"
        )

    def _described(self, unit: int) -> str:
        """Say of each cell what the rules need."""
        outputs = ["t.cell", "any_value(t.slots) AS slots"]
        for tag in self._tags:
            inside = f"FILTER (WHERE t.n{tag} > 0)"
            outputs += [
                f"CAST(sum(t.n{tag}) AS BIGINT) AS n{tag}",
                f"count(*) {inside} AS units{tag}",
                f"max(CAST(t.a{tag} AS DOUBLE), 2) {inside} AS top{tag}",
                f"CAST(sum(t.a{tag}) AS DOUBLE) AS size{tag}",
            ]
        return f"SELECT {', '.join(outputs)} FROM slots_{unit} AS t GROUP BY t.cell"

    def _unit_outputs(self, unit: int) -> Iterator[str]:
        """Name what is known of a cell by one unit."""
        yield f"CAST(d{unit}.slots AS BIGINT) AS slots_{unit}"
        for tag in self._tags:
            end = f"{unit}_{tag}"
            yield f"d{unit}.units{tag} AS units_{end}"
            yield f"d{unit}.top{tag}[1] AS largest_{end}"
            yield f"coalesce(d{unit}.top{tag}[2], 0) AS second_{end}"
            yield f"d{unit}.size{tag} AS size_{end}"
            apart = [f"nullif(x{unit}_{key}.d{tag}, 0)" for key in range(len(self._keys))]
            if self._block.is_filtered:
                apart.append(f"nullif(b{unit}.w{tag}, 0)")
            least = f"least({', '.join(apart)})" if apart else "NULL"
            yield f"CAST({least} AS BIGINT) AS apart_{end}"
