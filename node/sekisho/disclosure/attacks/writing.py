"""Writes an attacker's questions as SQL, and reads the secret's totals out of the answers."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sekisho.disclosure.attacks.attack import Ask, Brief, Game
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Fixed, Knowledge, Value

_HALF = 0.5
"""Nearer to one than to none."""


def literal(value: Value) -> str:
    """Write a value as queries name it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Write a column's or dataset's name."""
    return '"' + name.replace('"', '""') + '"'


def same(known: Knowledge, fixed: Fixed) -> Iterator[str]:
    """Write that columns have the values that they are fixed to."""
    for at, value in fixed:
        yield f"{quoted(known.columns[at].name)} = {literal(value)}"


def conditions(known: Knowledge, cut: Cut) -> list[str]:
    """Write what picks out the rows of a cut; neighbouring values as a range."""
    column = quoted(known.columns[cut.column].name)
    if len(cut.values) == 1:
        last = f"{column} = {literal(cut.values[0])}"
    elif _is_range(known, cut):
        last = f"{column} BETWEEN {literal(min(cut.values))} AND {literal(max(cut.values))}"
    else:
        last = f"{column} IN ({', '.join(map(literal, cut.values))})"
    return [*same(known, cut.fixed), last]


def _is_range(known: Knowledge, cut: Cut) -> bool:
    """Whether the values of a cut are all those that there are between its ends."""
    if not has_order(cut.values):
        return False
    low, high = min(cut.values), max(cut.values)
    between = [item for item in known.spread((), cut.column) if low <= item <= high]
    return len(between) == len(set(cut.values))


def has_order(values: Sequence[Value]) -> bool:
    """Whether values are numbers or times, so that a range of them means something."""
    return not any(isinstance(value, str | bool) for value in values)


def select(brief: Brief, where: Sequence[str], *, by: Sequence[int] = ()) -> Ask:
    """Ask about the secret in some rows, or in groups of them.

    Args:
        brief: Whose secret, in which dataset.
        where: Conditions beside the secret's own.
        by: Numbers of the columns to group by: the answer's first columns.
    """
    keys = [quoted(brief.known.columns[at].name) for at in by]
    asked = [*where]
    if isinstance(brief.secret, Asked):
        asked.append(f"{quoted(brief.secret.column)} = {literal(brief.secret.value)}")
    text = f"SELECT {', '.join((*keys, *_figures(brief)))} FROM {brief.known.relation}"  # noqa: S608  our own text
    text += f" WHERE {' AND '.join(asked)}" if asked else ""
    text += f" GROUP BY {', '.join(keys)}" if keys else ""
    return Ask(sql=text, lookups=brief.known.lookups)


def _figures(brief: Brief) -> Iterator[str]:
    """Write the aggregates that give the secret's total."""
    if isinstance(brief.secret, Asked):
        yield "count(*) AS n"
        return
    measure = quoted(brief.secret.column)
    yield f"count({measure}) AS n"
    yield f"{'avg' if 'avg' in brief.rules.functions else 'sum'}({measure}) AS s"


def total(brief: Brief, row: Sequence[Value], *, rows: int) -> float | None:
    """Read the secret's total out of an answer's row; None where it was withheld.

    A published count is rounded, but the attacker knows how many rows there are: with a mean of
    four digits, that gives the sum almost whole.

    Args:
        brief: Whose secret.
        row: Figures as `select` asks for them, keys before them.
        rows: How many rows the attacker knows to be in the set.
    """
    if isinstance(brief.secret, Asked):
        return None if row[-1] is None else float(row[-1])
    count, value = row[-2:]
    if brief.rules.is_exact:
        count = rows if count is None else count
        value = 0.0 if count == 0 else value
    elif count is None or abs(count - rows) <= brief.rules.round_counts_to:
        count = rows
    if value is None:
        return None
    return float(value) * (count if "avg" in brief.rules.functions else 1)


def ask_whole(brief: Brief, where: Sequence[str], *, rows: int) -> Game[float | None]:
    """Ask for the secret's total in some rows; None where it is withheld or refused."""
    reply = yield select(brief, where)
    return total(brief, reply.rows[0], rows=rows) if reply.rows else None


def ask_parts(brief: Brief, cut: Cut, *, by: int) -> Game[dict[Value, float | None]]:
    """Ask for the secret's totals in the parts of a cut, by a column.

    Returns:
        By the column's value, and every part that there is: None for one that is not shown.
    """
    reply = yield select(brief, conditions(brief.known, cut), by=(by,))
    rows = _rows_by(brief.known, cut, by)
    nothing = 0.0 if brief.rules.is_exact else None
    found: dict[Value, float | None] = dict.fromkeys(rows, nothing)
    for row in reply.rows:
        if row[0] in rows:
            found[row[0]] = total(brief, row, rows=rows[row[0]])
    return found


def _rows_by(known: Knowledge, cut: Cut, by: int) -> dict[Value, int]:
    """Count the rows of each part of a cut."""
    if by == cut.column:
        spread = known.spread(cut.fixed, by)
        return {value: spread[value].rows for value in cut.values if value in spread}
    found: dict[Value, int] = {}
    for value in cut.values:
        for part, group in known.spread((*cut.fixed, (cut.column, value)), by).items():
            found[part] = found.get(part, 0) + group.rows
    return found


def guess(brief: Brief, found: float, *, rows: int) -> float:
    """Turn the total of a person's rows into what the secret is taken to be."""
    if isinstance(brief.secret, Asked):
        return float(found > _HALF)
    each = found / rows
    return float(each > _HALF) if brief.secret.is_flag else each
