"""A plain decider: what a small query may do under a small contract, said without any SQL.

It knows queries as what they do to columns, and takes a refusal's reason from the first thing that
the contract does not let them do. The gate must come to the same outcome from the text.
"""

from dataclasses import dataclass

ALL_USES = frozenset({"return", "filter", "join", "group", "measure"})


@dataclass(frozen=True)
class Output:
    """One item of the SELECT list."""

    kind: str
    """`bare`, `computed`, `measured` or `counted`."""
    column: str


@dataclass(frozen=True)
class SmallQuery:
    """A query as what it does to columns."""

    outputs: tuple[Output, ...]
    filters: tuple[str, ...]
    keys: tuple[str, ...]
    having: tuple[str, ...]
    """Columns aggregated in HAVING."""
    wrapped: bool
    """Whether it stands in a WITH whose output is asked for as it is."""

    @property
    def sql(self) -> str:
        """Write it down."""
        forms = {
            "bare": "{0}",
            "computed": "coalesce({0}, 0) AS x{1}",
            "measured": "max({0}) AS x{1}",
            "counted": "count(*) AS x{1}",
        }
        outputs = ", ".join(
            forms[item.kind].format(item.column, number) for number, item in enumerate(self.outputs)
        )
        text = f"SELECT {outputs} FROM things"
        if self.filters:
            text += " WHERE " + " AND ".join(f"{name} > 1" for name in self.filters)
        if self.keys:
            text += " GROUP BY " + ", ".join(self.keys)
        if self.having:
            text += " HAVING " + " AND ".join(f"min({name}) < 9" for name in self.having)
        return f"WITH q AS ({text}) SELECT * FROM q" if self.wrapped else text


def decide_plainly(query: SmallQuery, uses: dict[str, frozenset[str]]) -> str:
    """Give `allowed`, or the reason of a refusal.

    Args:
        query: What is asked.
        uses: What each granted column may be used for; a column that is not here is not granted.
    """
    needs = list(_needs(query))
    if any(name not in uses for name, _ in needs):
        return "COLUMN_NOT_GRANTED"
    if any(use not in _effective(uses[name]) for name, use in needs):
        return "USE_NOT_GRANTED"
    return "allowed"


def _effective(uses):
    return ALL_USES if not uses or "return" in uses else uses


def _needs(query):
    """Say which use of which column each part of the query needs."""
    for item in query.outputs:
        match item.kind:
            case "bare":
                yield item.column, "group" if item.column in query.keys else "return"
            case "computed":
                yield item.column, "return"
            case "measured":
                yield item.column, "measure"
    for name in query.filters:
        yield name, "filter"
    for name in query.keys:
        yield name, "group"
    for name in query.having:
        yield name, "measure"
