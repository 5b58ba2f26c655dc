"""Cells of several providers put together, in DuckDB's SQL over their fragments.

Counts add up, and sums. A mean is weighted by the published counts of the values behind it; a
deviation is pooled from mean, deviation and count. A figure is NULL only where no provider
published it. What one provider withheld is left out, as though its rows were not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sekisho.federation.figures import Figures
from sekisho.model.plan import FigureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One provider's cells of a block."""

    fragment: str
    party: str
    keys: Mapping[str, str]
    """SQL of each key that the query reads, by its name `k0`, …: a column or a text."""
    is_one: bool
    """Whether it is one row, which is there although nothing may be published of it."""


def merged(given: Sequence[Given], figures: Figures) -> str:
    """Make one relation of what providers give for the same cells."""
    keys = list(given[0].keys)
    numbers = range(figures.wanted)
    parts = [part for at in numbers for part in _parts(at, figures)]
    outputs = [*map(_quoted, keys), *(f'{_merged(at, figures)} AS "f{at}"' for at in numbers)]
    together = " UNION ALL ".join(_select(item, parts) for item in given)
    there = " OR ".join(f'count("f{at}") > 0' for at in numbers)
    # A cell of which only a helping figure is published is not there, as it is at one provider.
    having = f" HAVING {there}" if keys and len(figures.asked) > figures.wanted else ""
    return f'SELECT {", ".join(outputs)} FROM ({together}) AS "given"{_grouped(keys)}{having}'


def side_by_side(given: Sequence[Given], figures: Figures) -> str:
    """Make one relation of cells that no two providers share."""
    parts = [f'"f{at}"' for at in range(figures.wanted)]
    return " UNION ALL ".join(_select(item, parts) + _where_any(item, figures) for item in given)


def gaps(given: Sequence[Given], figures: Figures, keys: Sequence[str]) -> str:
    """Count the cells that a provider does not give in full, and another provider gives.

    Args:
        given: What each provider gives.
        figures: Of which figures.
        keys: Names of the keys by which providers group.

    Shape:
        out (provider: text; cells: int64), one row a provider that has such cells.
    """
    wanted = [f"f{at}" for at in range(figures.wanted or len(figures.asked))]
    tests = [f'{_is_given(at, figures)} AS "f{at}"' for at in range(len(wanted))]
    parties = ", ".join(f"({_text(item.party)})" for item in given)
    rows = " UNION ALL ".join(
        f"SELECT {', '.join([_text(item.party) + ' AS provider', *map(_quoted, keys), *tests])}"
        f' FROM "{item.fragment}"'
        for item in given
    )
    told = [*map(_quoted, keys), *(f'bool_or("{name}") AS "{name}"' for name in wanted)]
    same = "".join(f' AND a."{key}" IS NOT DISTINCT FROM g."{key}"' for key in keys)
    lacks = [f'(a."{name}" AND g."{name}" IS NOT true)' for name in wanted]
    return (
        f"WITH given AS ({rows}) SELECT p.provider, count(*) AS cells"
        f" FROM (SELECT {', '.join(told)} FROM given{_grouped(keys)}) AS a"
        f" CROSS JOIN (VALUES {parties}) AS p(provider)"
        f" LEFT JOIN given AS g ON g.provider = p.provider{same}"
        f" WHERE {' OR '.join(lacks) or 'g.provider IS NULL'} GROUP BY p.provider"
    )


def _select(item: Given, parts: Sequence[str]) -> str:
    keys = (_named(sql, name) for name, sql in item.keys.items())
    return f'SELECT {", ".join([*keys, *parts])} FROM "{item.fragment}"'


def _where_any(item: Given, figures: Figures) -> str:
    """Leave out the one row of which nothing is published: no cell is there."""
    there = " OR ".join(f'"f{at}" IS NOT NULL' for at in range(len(figures.asked)))
    return f" WHERE {there}" if item.is_one else ""


def _parts(at: int, figures: Figures) -> Iterator[str]:
    """Write what one figure is put together from: `f` itself, its weight `w`, its mean `m`."""
    yield f'"f{at}"'
    if at in figures.helpers:
        yield f'{_weight(at, figures)} AS "w{at}"'
        for mean in figures.helpers[at][2:]:
            yield f'"f{mean}" AS "m{at}"'


def _weight(at: int, figures: Figures) -> str:
    """Weigh by the count of values, or of rows where that is withheld for being so near it."""
    rows, values, *means = figures.helpers[at]
    given = " AND ".join(f'"f{item}" IS NOT NULL' for item in (at, *means))
    return f'CASE WHEN {given} THEN coalesce("f{values}", "f{rows}") END'


def _is_given(at: int, figures: Figures) -> str:
    """Write whether a provider gives all that a figure is put together from."""
    return f"""{_weight(at, figures) if at in figures.helpers else f'"f{at}"'} IS NOT NULL"""


def _merged(at: int, figures: Figures) -> str:
    figure, weight, mean = f'"f{at}"', f'"w{at}"', f'"m{at}"'
    match figures.asked[at].kind:
        case FigureKind.COUNT | FigureKind.UNITS:
            return f"CAST(sum({figure}) AS BIGINT)"
        case FigureKind.SUM:
            return f"CAST(sum({figure}) AS DOUBLE)"
        case FigureKind.MEAN:
            together = f"sum({weight} * {figure}) / sum({weight})"
        case FigureKind.DEVIATION:
            within = f"sum(greatest({weight} - 1, 0) * {figure} * {figure})"
            square = f"pow(sum({weight} * {mean}), 2) / sum({weight})"
            between = f"greatest(sum({weight} * {mean} * {mean}) - {square}, 0)"
            together = f"sqrt(({within} + {between}) / (sum({weight}) - 1))"
    # One that stands alone is taken as it is; so are those without any weight.
    alone = f"coalesce(avg({figure}) FILTER (WHERE {weight} IS NOT NULL), avg({figure}))"
    return f"CASE WHEN count({weight}) > 1 AND sum({weight}) > 1 THEN {together} ELSE {alone} END"


def _grouped(keys: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(map(_quoted, keys))}" if keys else ""


def _named(sql: str, name: str) -> str:
    return sql if sql == _quoted(name) else f"{sql} AS {_quoted(name)}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
