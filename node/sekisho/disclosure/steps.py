"""The SQL that an engine runs over a block's governed rows, step by step, to describe its cells.

No row comes out of it. For each cell it gives how many units are in it, what the two largest of
them make up, in how many units it differs from its parent cells, its sums, and its **sketch**: for
each unit its hash, once for every row of it. A sketch tells in how many units two cells differ: for
whom one of them counts more rows than the other. No other column of a row has a part in it, so that
what is not granted can neither hide that two cells differ nor make them do so.

Counting units one by one costs many times the plain aggregate, so the units of large cells share
slots: the hash of a unit modulo a power of two. Slots that differ are never more than units that
differ, so what is counted in slots is counted too low, never too high. Small cells, and large ones
of which a good part of the slots is empty, keep a slot for each unit and are exact.

What a measure's values come to is compared by hashes of unit and value together: the same rows
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
    """Name what is asked of a cell: its rows, those with a measure, or what its values come to.

    Rows with a measure are weighed by their number, and compared with counts of all rows; values
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
            sql="SELECT g.*, g.whole > s.exact AS is_large, CASE WHEN g.whole > s.exact"
            " THEN s.slots END AS slots FROM groups AS g, slotting AS s",
        )
        for unit in range(len(self._block.units)):
            yield Step(name=f"coarse_{unit}", sql=self._coarse(unit))
            yield Step(name=f"sparse_{unit}", sql=self._sparse(unit))
            yield Step(name=f"precise_{unit}", sql=self._precise(unit))
            yield Step(name=f"fine_{unit}", sql=self._fine(unit))
            for at in self._counted:
                yield Step(name=f"lacking_{unit}_{at}", sql=self._lacking(unit, at))
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
        groups = f"(FROM precise_{unit} WHERE slots IS NULL)"
        return self._slots(unit, f"r.u{unit}", groups=groups, where=self._inside)

    def _slots(self, unit: int, slot: str, *, groups: str, where: str = "") -> str:
        """Sum up the rows of each slot of each group, and what their values come to."""
        outputs = ["g.cell", f"{slot} AS slot", *self._sums(unit)]
        for at in self._measures:
            outputs += self._measured(unit, at)
        wanted = f" WHERE NOT g.is_large OR {where}" if where else ""
        return (
            f"SELECT {', '.join(outputs)} FROM {self._rows} JOIN {groups} AS g ON {self._same()}"
            f"{wanted} GROUP BY 1, 2"
        )

    def _measured(self, unit: int, at: str) -> Iterator[str]:
        """Count a measure's values, sum up their hashes with their rows', and their sizes."""
        for part, inside in self._parts():
            yield f"count(r.v{at}){inside} AS {part}n{at}"
            if at in self._valued:
                mixed = f"hash(r.u{unit}, r.v{at})"
                there = f"CASE WHEN r.v{at} IS NOT NULL THEN {mixed} END"
                yield f"coalesce(sum({there}){inside}, 0) AS {part}s{at}v"
        if at in self._valued:
            _, inside = self._parts()[0]
            yield f"coalesce(sum(abs(r.v{at})){inside}, 0) AS a{at}v"

    def _lacking(self, unit: int, at: str) -> str:
        """Sum up the rows that lack a measure, which are few or none."""
        slot = f"CASE WHEN g.slots IS NULL THEN r.u{unit} ELSE r.u{unit} % g.slots END AS slot"
        return (
            f"SELECT g.cell, {slot}, {', '.join(self._sums(unit))} FROM {self._rows}"
            f" JOIN precise_{unit} AS g ON {self._same()} WHERE r.v{at} IS NULL GROUP BY 1, 2"
        )

    def _sums(self, unit: int) -> Iterator[str]:
        """Count rows and sum up their hashes: inside the filter, and all."""
        for part, inside in self._parts():
            yield f"count(*){inside} AS {part}n"
            yield f"coalesce(sum(r.u{unit}){inside}, 0) AS {part}s"

    def _parts(self) -> tuple[tuple[str, str], ...]:
        """Name what is summed up: what is inside the filter, and where there is one, all."""
        if not self._block.is_filtered:
            return (("", ""),)
        return (("", f" FILTER (WHERE {self._inside})"), ("w", ""))

    def _same(self) -> str:
        """Say when a row belongs to a group."""
        return " AND ".join(f"r.{key} IS NOT DISTINCT FROM g.{key}" for key in self._keys) or "true"

    def _sparse(self, unit: int) -> str:
        """Find the large groups that are to be counted exactly after all.

        Listings rest on how many slots a sketch takes: of each kind that is asked, not of all rows.
        """
        taken = [f"count(*) FILTER (WHERE n{part} > 0)" for part in ("", *self._measures)]
        return (
            f"SELECT g.cell FROM sized AS g JOIN (SELECT cell, least({', '.join(taken)}) AS taken"
            f" FROM coarse_{unit} GROUP BY cell) AS t ON g.cell = t.cell"
            f" WHERE t.taken * 100 < g.slots * {FULL_PERCENT}"
        )

    def _precise(self, unit: int) -> str:
        """Say of each group into how many slots it is cut in the end."""
        return (
            "SELECT * REPLACE (CASE WHEN cell NOT IN"
            f" (FROM sparse_{unit}) THEN slots END AS slots) FROM sized"
        )

    def _settled(self, unit: int) -> str:
        """Put the slots together: of all rows, and of those that have each measure."""
        columns = ["t.*", "t.n AS a", "g.slots", *self._having()]
        joins = ""
        for at in self._counted:
            columns.append(f"t.n{at} AS a{at}")
            joins += f" LEFT JOIN lacking_{unit}_{at} AS l{at} ON t.cell = l{at}.cell"
            joins += f" AND t.slot = l{at}.slot"
        return (
            f"SELECT {', '.join(columns)} FROM (FROM coarse_{unit} WHERE cell NOT IN"
            f" (FROM sparse_{unit}) UNION ALL FROM fine_{unit}) AS t JOIN precise_{unit} AS g"
            f" ON t.cell = g.cell{joins}"
        )

    def _beside(self, unit: int) -> str:
        """Count the slots in which each cell differs from the same cell without the filter."""
        joins = ""
        for at in self._counted:
            folded = (
                "(SELECT cell, CASE WHEN g.slots IS NULL THEN l.slot ELSE l.slot % g.slots END"
                f" AS slot, sum(s) AS s, sum(ws) AS ws FROM lacking_{unit}_{at} AS l"
                " JOIN sized AS g USING (cell) GROUP BY 1, 2)"
            )
            joins += f" LEFT JOIN {folded} AS l{at} ON t.cell = l{at}.cell AND t.slot = l{at}.slot"
        differ = ", ".join(
            f"count(*) FILTER (WHERE wn{tag} > 0 AND ws{tag} <> s{tag}) AS w{tag}"
            for tag in self._tags
        )
        columns = ", ".join(("t.*", *self._having(), *self._having("w")))
        return (
            f"SELECT cell, {differ} FROM (SELECT {columns} FROM (FROM coarse_{unit} UNION ALL"
            f" SELECT f.* FROM fine_{unit} AS f JOIN sized AS g USING (cell) WHERE g.slots IS NULL)"
            f" AS t{joins}) GROUP BY cell"
        )

    def _having(self, part: str = "") -> Iterator[str]:
        """Tell rows with a measure from all rows, and name values' rows as theirs."""
        for at in self._counted:
            yield f"t.{part}s - coalesce(l{at}.{part}s, 0) AS {part}s{at}"
        for at in self._valued:
            yield f"t.{part}n{at} AS {part}n{at}v"

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
