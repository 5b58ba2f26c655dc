"""Whether a table that a consumer brought fits the rows that it is joined to.

A **category** is one combination of the values of all the table's columns, whichever of them a
query uses. A category that stands for few units would let its consumer choose them, so it is held
to the same number as a cell. Where the contract says `must_match`, a table with a key that is not
found or a category of too few units is not joined at all; elsewhere such categories are left out,
and look like those that no row has. How many keys were found leaves this room in no form. Source:
`docs/spec/lookups.md`, section 4.
"""

from collections.abc import Mapping
from typing import Any

from sekisho.model.plan import JoinedLookup

KEY = "k"
CATEGORY = "category"
"""Columns of the relation that is held to the rows: keys, and a number for each category."""
FIT = "fit"
"""Name of the answer of `fit_of`."""


def fit_of(lookup: JoinedLookup) -> str:
    """Write the SELECT that holds a table to the granted rows.

    It reads the relation of the lookup with the columns `k` and `category`, whatever it is made of.

    Shape:
        out, one row a category (category: int64; found: bool, whether every key of it was found;
        enough: bool, whether it stands for enough units of every kind).
    """
    enough = " AND ".join(
        f"count(DISTINCT r.u{at}) >= {lookup.minimum_units}" for at in range(lookup.units)
    )
    return (
        f"SELECT CAST(t.{CATEGORY} AS BIGINT) AS {CATEGORY}, bool_and(r.k IS NOT NULL) AS found,"  # noqa: S608  our own text
        f" {enough} AS enough FROM {_quoted(lookup.relation)} AS t LEFT JOIN ({lookup.sql}) AS r"
        f" ON r.k = t.{KEY} GROUP BY 1"
    )


def fitting_categories(lookup: JoinedLookup, fit: Mapping[str, Any]) -> frozenset[int] | None:
    """Choose the categories of a table that may be joined; None where it may not be joined at all.

    Args:
        lookup: As the plan joins it.
        fit: The answer to `fit_of`, by column.
    """
    enough = frozenset(
        category for category, holds in zip(fit[CATEGORY], fit["enough"], strict=True) if holds
    )
    if lookup.must_match and (not all(fit["found"]) or len(enough) < len(fit[CATEGORY])):
        return None
    return enough


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
