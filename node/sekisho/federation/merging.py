"""Cells of several providers put together, in DuckDB's SQL over their fragments.

Counts add up, and sums. A mean is weighted by the published counts of the values behind it; a
deviation is pooled from mean, deviation and count. A figure is NULL only where no provider
published it. What one provider withheld is left out, as though its rows were not there.
"""

from collections.abc import Mapping, Sequence
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
    every = [f"f{at}" for at in range(len(figures.asked))]
    outputs = [_quoted(key) for key in keys]
    outputs += [f'{_merged(at, figures)} AS "f{at}"' for at in range(figures.wanted)]
    together = " UNION ALL ".join(_select(item, every) for item in given)
    return f'SELECT {", ".join(outputs)} FROM ({together}) AS "given"{_grouped(keys)}'


def side_by_side(given: Sequence[Given], figures: Figures) -> str:
    """Make one relation of cells that no two providers share."""
    every = [f"f{at}" for at in range(figures.wanted)]
    return " UNION ALL ".join(_select(item, every) + _where_any(item, figures) for item in given)


def gaps(given: Sequence[Given], figures: Figures, keys: Sequence[str]) -> str:
    """Count the cells that a provider does not give in full, and another provider gives.

    Args:
        given: What each provider gives.
        figures: Of which figures.
        keys: Names of the keys by which providers group.

    Shape:
        out (provider: text; cells: int64), one row a provider that has such cells.
    """
    every = [f"f{at}" for at in range(len(figures.asked))]
    names = [_quoted(name) for name in (*keys, *every)]
    parties = ", ".join(f"({_text(item.party)})" for item in given)
    rows = " UNION ALL ".join(
        f'SELECT {", ".join([_text(item.party), *names])} FROM "{item.fragment}"' for item in given
    )
    told = [*map(_quoted, keys), *(f'count("{name}") > 0 AS "{name}"' for name in every)]
    same = "".join(f' AND a."{key}" IS NOT DISTINCT FROM g."{key}"' for key in keys)
    lacks = [f'(a."{name}" AND g."{name}" IS NULL)' for name in every]
    return (
        f'WITH given("provider", {", ".join(names)}) AS ({rows})'
        f' SELECT p."provider", count(*) AS "cells"'
        f" FROM (SELECT {', '.join(told)} FROM given{_grouped(keys)}) AS a"
        f' CROSS JOIN (VALUES {parties}) AS p("provider")'
        f' LEFT JOIN given AS g ON g."provider" = p."provider"{same}'
        f' WHERE {" OR ".join(lacks) or "g.provider IS NULL"} GROUP BY p."provider"'
    )


def _select(item: Given, figures: Sequence[str]) -> str:
    keys = [
        sql if sql == _quoted(name) else f'{sql} AS "{name}"' for name, sql in item.keys.items()
    ]
    outputs = ", ".join([*keys, *map(_quoted, figures)])
    return f'SELECT {outputs} FROM "{item.fragment}"'


def _where_any(item: Given, figures: Figures) -> str:
    """Leave out the one row of which nothing is published: no cell is there."""
    there = " OR ".join(f'"f{at}" IS NOT NULL' for at in range(len(figures.asked)))
    return f" WHERE {there}" if item.is_one else ""


def _merged(at: int, figures: Figures) -> str:
    value = f'"f{at}"'
    match figures.asked[at].kind:
        case FigureKind.COUNT | FigureKind.UNITS:
            return f"CAST(sum({value}) AS BIGINT)"
        case FigureKind.SUM:
            return f"CAST(sum({value}) AS DOUBLE)"
        case FigureKind.MEAN:
            return _mean(value, *(f'"f{other}"' for other in figures.beside(at)))
        case FigureKind.DEVIATION:
            return _deviation(value, *(f'"f{other}"' for other in figures.beside(at)))


def _mean(mean: str, count: str) -> str:
    """Weigh means; one that stands alone, or has no weight, is taken as it is."""
    total = f"sum({count}) FILTER (WHERE {mean} IS NOT NULL)"
    return (
        f"CASE WHEN count({mean}) > 1 AND {total} > 0"
        f" THEN sum({count} * {mean}) / {total} ELSE avg({mean}) END"
    )


def _deviation(deviation: str, mean: str, count: str) -> str:
    """Pool deviations: what is spread within each part, and between the parts' means."""
    both = f"FILTER (WHERE {deviation} IS NOT NULL AND {mean} IS NOT NULL)"
    total = f"sum({count}) {both}"
    within = f"sum(greatest({count} - 1, 0) * {deviation} * {deviation}) {both}"
    squares = f"sum({count} * {mean} * {mean}) {both}"
    square = f"pow(sum({count} * {mean}) {both}, 2) / {total}"
    return (
        f"CASE WHEN count({deviation}) > 1 AND {total} > 1"
        f" THEN sqrt(({within} + greatest({squares} - {square}, 0)) / ({total} - 1))"
        f" ELSE avg({deviation}) END"
    )


def _grouped(keys: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(map(_quoted, keys))}" if keys else ""


def _named(sql: str, name: str) -> str:
    return sql if sql == name else f"{sql} AS {name}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
