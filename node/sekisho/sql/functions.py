"""The functions that a query may call: what each takes and gives, whether it can fail, who has it.

A letter says what an argument must be, so that an engine has nothing to cast on its own: `t` text,
`n` a number, `i` a whole number, `b` a boolean, `v` an interval, `d` a date or timestamp, `h` the
same or a time or an interval, `k` one that keeps its type, `D` several of one type, `a` and `m`
what has a mean or a middle, `p` anything with a plain text, `=` several of one type, `u` a date
part written out, `q` a fraction written out, `c` a number of rows written out, `s` what can stand
for the first, `w` a width written out, `I` a whole number that keeps its type, `f` a float, `*`
anything. The last letter repeats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlglot import exp

from sekisho.sql.listed import AGGREGATES, SCALARS, WINDOWS
from sekisho.sql.trees import outside_queries


class FunctionClass(StrEnum):
    """Over what a function computes."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of DuckDB that a query may call."""

    name: str
    function_class: FunctionClass
    gives: str
    """A kind of `types.Type`, or how it follows from the arguments: `same` as the first, `second`,
    `met` over all, `branch` over all but the first, `sum`, `middle`, `rounded`, `trunc`, `part`."""
    least: int
    """Fewest arguments."""
    most: int
    """Most arguments."""
    takes: str
    """One letter an argument, as the module says."""
    can_fail: bool
    """Whether it may raise over arguments of these types; a call is then wrapped in TRY."""
    fails_wide: bool
    """Whether it may raise over many numbers of more than 20 digits, which it adds up."""
    engines: frozenset[str]
    """Which engines have it, and compute the same."""
    why: str
    """Why it is safe to offer."""

    def letter(self, position: int) -> str:
        """Tell what the argument at a position must be."""
        return self.takes[min(position, len(self.takes) - 1)]

    @property
    def is_aggregate(self) -> bool:
        """Whether it computes over many rows."""
        return self.function_class is FunctionClass.AGGREGATE


DATE_PARTS = frozenset(
    """
    millennium century decade year isoyear quarter month week day dayofweek isodow dayofyear hour
    minute second millisecond microsecond epoch dow doy weekday yearweek
    """.split()
)
"""Parts of a date or time that a query may name."""
DATE_PART_FUNCTIONS = frozenset(
    "date_trunc datetrunc date_part datepart date_diff datediff date_sub datesub".split()
)
"""Functions whose first argument names a part."""
INTERVAL_UNITS = frozenset(
    """
    year years quarter quarters month months week weeks day days hour hours minute minutes second
    seconds millisecond milliseconds microsecond microseconds
    """.split()
)
"""Units of an interval."""


def _function(line: str, function_class: FunctionClass) -> Function:
    name, least, most, gives, takes, fails, engines, why = line.split(None, 7)
    return Function(
        name=name,
        function_class=function_class,
        gives=gives,
        least=int(least),
        most=int(most),
        takes=takes,
        can_fail=fails == "yes",
        fails_wide=fails == "wide",
        engines=frozenset(engines.split(",")),
        why=why,
    )


def _functions(table: str, function_class: FunctionClass) -> list[Function]:
    lines = (line for line in table.strip().splitlines() if not line.startswith("#"))
    return [_function(line, function_class) for line in lines]


_ALL = [
    *_functions(SCALARS, FunctionClass.SCALAR),
    *_functions(AGGREGATES, FunctionClass.AGGREGATE),
    *_functions(WINDOWS, FunctionClass.WINDOW),
]
FUNCTIONS: Mapping[str, Function] = MappingProxyType({item.name: item for item in _ALL})
"""Every function that a query may call, by its name in lower case."""

QUANTILES = frozenset({"quantile", "quantile_cont", "quantile_disc"})
"""Aggregates whose second argument is a fraction."""
TRY = "try"
"""DuckDB's way to make NULL of an error; written by the gate, never read from a query."""


def function_of(node: exp.Expr) -> Function | None:
    """Tell which function on the list a node calls, if any."""
    if not isinstance(node, exp.Anonymous) or not isinstance(node.this, str):
        return None
    return FUNCTIONS.get(node.this.lower())


def is_aggregate(node: exp.Expr) -> bool:
    """Tell whether a node makes one value of many rows; with OVER it does not."""
    function = function_of(node)
    return function is not None and function.is_aggregate and not _is_windowed(node)


def has_aggregate(node: exp.Expr) -> bool:
    """Tell whether an aggregate stands in an expression, outside the subqueries in it."""
    return any(is_aggregate(item) for item in outside_queries(node))


def has_window(node: exp.Expr) -> bool:
    """Tell whether a function with OVER stands in an expression, outside the subqueries in it."""
    return any(isinstance(item, exp.Window) for item in outside_queries(node))


def _is_windowed(node: exp.Expr) -> bool:
    holder = node.parent
    if isinstance(holder, exp.Filter) and node.arg_key == "this":
        node, holder = holder, holder.parent
    return isinstance(holder, exp.Window) and node.arg_key == "this"
