"""A plain decider: what a small query may do under a small contract, said without any SQL.

It knows queries as what they do to columns, and takes a refusal's reason from the first thing that
the contract does not let them do. The gate must come to the same outcome from the text.
"""

from dataclasses import dataclass

ALL_USES = frozenset({"return", "filter", "join", "group", "measure"})
FORMS = {
    "bare": "t.{0}",
    "computed": "coalesce(t.{0}, 0) AS x{1}",
    "measured": "max(t.{0}) AS x{1}",
    "counted": "count(*) AS x{1}",
    "partitioned": "count(*) OVER (PARTITION BY t.{0}) AS x{1}",
    "ranked": "rank() OVER (ORDER BY t.{0}) AS x{1}",
    "lagged": "lag(t.{0}) OVER (ORDER BY 1) AS x{1}",
    "summed_over": "sum(t.{0}) OVER () AS x{1}",
}
"""How each kind of output is written."""
NEEDS = {
    "computed": ("return",),
    "measured": ("measure",),
    "partitioned": ("group",),
    "ranked": ("return",),
    "lagged": ("return",),
    "summed_over": ("return",),
    "counted": (),
}
"""What each kind of output but `bare` needs of its column."""


@dataclass(frozen=True)
class Output:
    """One item of the SELECT list."""

    kind: str
    """A key of `FORMS`."""
    column: str


@dataclass(frozen=True)
class SmallQuery:
    """A query as what it does to columns."""

    outputs: tuple[Output, ...]
    filters: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    """Columns aggregated in HAVING."""
    wrapped: bool = False
    """Whether it stands in a WITH whose output is asked for as it is."""
    matched: tuple[str, ...] = ()
    """Columns on which the relation is joined with itself."""
    found: tuple[str, ...] = ()
    """Columns that ON compares with a value, besides."""
    qualified: tuple[str, ...] = ()
    """Columns in QUALIFY outside its window."""
    first_of: tuple[str, ...] = ()
    """Columns of DISTINCT ON."""
    united: tuple[str, ...] = ()
    """Columns that a UNION ALL adds, one for each output."""

    @property
    def sql(self) -> str:
        """Write it down."""
        outputs = ", ".join(
            FORMS[item.kind].format(item.column, number) for number, item in enumerate(self.outputs)
        )
        first = ", ".join(f"t.{name}" for name in self.first_of)
        text = f"SELECT {f'DISTINCT ON ({first}) ' if first else ''}{outputs} FROM things AS t"
        if self.matched:
            compared = [f"t.{name} = o.{name}" for name in self.matched]
            compared += [f"t.{name} = 3" for name in self.found]
            text += f" JOIN things AS o ON {' AND '.join(compared)}"
        if self.filters:
            text += " WHERE " + " AND ".join(f"t.{name} > 1" for name in self.filters)
        if self.keys:
            text += " GROUP BY " + ", ".join(f"t.{name}" for name in self.keys)
        if self.having:
            text += " HAVING " + " AND ".join(f"min(t.{name}) < 9" for name in self.having)
        if self.qualified:
            kept = " AND ".join(f"t.{name} < 9" for name in self.qualified)
            text += f" QUALIFY row_number() OVER () < 9 AND {kept}"
        if self.united:
            added = ", ".join(f"u.{name}" for name in self.united)
            text = f"{text} UNION ALL SELECT {added} FROM things AS u"
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
        if item.kind == "bare":
            yield item.column, "group" if item.column in query.keys else "return"
        else:
            yield from ((item.column, use) for use in NEEDS[item.kind])
    plain = {
        "join": (*query.matched, *query.found),
        "filter": (*query.filters, *query.found, *query.qualified),
        "group": (*query.keys, *query.first_of),
        "measure": query.having,
        "return": query.united,
    }
    for use, names in plain.items():
        yield from ((name, use) for name in names)
