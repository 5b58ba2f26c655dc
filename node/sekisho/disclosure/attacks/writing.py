"""Writes an attacker's questions as SQL, and reads the secret's totals out of the answers."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from sekisho.disclosure.attacks.attack import Brief, Reply
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Knowledge, Value


def literal(value: Value) -> str:
    """Write a value as queries name it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def name(text: str) -> str:
    """Write a column's or dataset's name."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in text.split("."))


def conditions(known: Knowledge, cut: Cut) -> Iterator[str]:
    """Write what picks out the rows of a cut; neighbouring values as a range."""
    for at, value in cut.fixed:
        yield f"{name(known.columns[at].name)} = {literal(value)}"
    column = name(known.columns[cut.column].name)
    if len(cut.values) == 1:
        yield f"{column} = {literal(cut.values[0])}"
    elif is_range(known, cut):
        yield f"{column} BETWEEN {literal(min(cut.values))} AND {literal(max(cut.values))}"
    else:
        yield f"{column} IN ({', '.join(map(literal, cut.values))})"


def is_range(known: Knowledge, cut: Cut) -> bool:
    """Whether the values of a cut are all those that there are between its ends."""
    if any(isinstance(value, str | bool) for value in cut.values):
        return False
    there = known.spread((), cut.column)
    between = [item for item in there if min(cut.values) <= item <= max(cut.values)]
    return len(between) == len(set(cut.values))


def figures(brief: Brief) -> str:
    """Write the aggregates by which the secret's total in a set of rows is asked for."""
    if isinstance(brief.secret, Asked):
        return "count(*) AS n"
    measure = name(brief.secret.column)
    function = "avg" if "avg" in brief.rules.functions else "sum"
    return f"count({measure}) AS n, {function}({measure}) AS s"


def select(brief: Brief, where: Sequence[str], *, by: Sequence[int] = ()) -> str:
    """Write a question about the secret in some rows, or in groups of them.

    Args:
        brief: Whose secret, in which dataset.
        where: Conditions beside the secret's own.
        by: Numbers of the columns to group by: the answer's first columns.
    """
    keys = [name(brief.known.columns[at].name) for at in by]
    asked = [*where]
    if isinstance(brief.secret, Asked):
        asked.append(f"{name(brief.secret.column)} = {literal(brief.secret.value)}")
    text = f"SELECT {', '.join((*keys, figures(brief)))} FROM {name(brief.known.relation)}"
    text += f" WHERE {' AND '.join(asked)}" if asked else ""
    return text + (f" GROUP BY {', '.join(keys)}" if keys else "")


def total(brief: Brief, row: Sequence[Value], *, rows: int) -> float | None:
    """Read the secret's total out of an answer's row; None where it was withheld.

    A published count is rounded, but the attacker knows how many rows there are: of a mean of four
    digits, that gives the sum almost whole.

    Args:
        brief: Whose secret.
        row: Figures as `figures` asks for them, keys before them.
        rows: How many rows the attacker knows to be in the set.
    """
    if isinstance(brief.secret, Asked):
        return None if row[-1] is None else float(row[-1])
    count, value = row[-2], row[-1]
    if brief.rules.is_exact and count == 0:
        return 0.0
    if count is None or value is None:
        return None
    if "avg" not in brief.rules.functions:
        return float(value) * rows / float(count) if count else None
    is_near = abs(count - rows) <= brief.rules.round_counts_to
    return float(value) * (rows if is_near and not brief.rules.is_exact else count)


def single(brief: Brief, reply: Reply, *, rows: int) -> float | None:
    """Read the secret's total out of an answer of one row."""
    return total(brief, reply.rows[0], rows=rows) if reply.rows else None


def value_of(brief: Brief, found: float, *, rows: int) -> float:
    """Turn a person's total into the guess of their secret."""
    secret = brief.secret
    if isinstance(secret, Asked):
        return 1.0 if found > 0.5 else 0.0  # noqa: PLR2004  nearer to one row than to none
    each = found / rows
    return float(each > 0.5) if secret.is_flag else each  # noqa: PLR2004  the same
