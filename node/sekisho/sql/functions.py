"""The functions that a query may call, as data: what each gives and when it cannot fail.

What is not here is refused. Left out on purpose: whatever can run away (`repeat`, `lpad`, `range`,
lists), read something besides its arguments (`current_setting`, `getenv`, files, catalogs), differ
from run to run (`random`, `now`, `current_date`, `first`, `any_value`), or run text as SQL.

An argument pattern says for which types a scalar function is total: `t` text, `n` a number,
`i` a whole number, `f` a float, `d` a date or timestamp, `b` a boolean, `*` anything; a pattern's
last letter repeats. A call outside its pattern, or of a function without one, is wrapped in TRY.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlglot import exp


class FunctionClass(StrEnum):
    """Over what a function computes."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of DuckDB that a query may call."""

    name: str
    function_class: FunctionClass
    gives: str
    """Kind of the outcome: a kind of `types.Type`, `same` as the first argument, `unified` over
    all, or `sum`, `trunc`, `part`, which depend on the argument."""
    least: int
    """Fewest arguments."""
    most: int
    """Most arguments."""
    total: str = ""
    """Types of arguments for which it cannot fail; empty when it always may."""
    why: str = ""
    """Why it is safe to offer."""

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

_SCALARS = """
# name           arguments gives    total   why
upper            1 1       text     t       changes letters only
ucase            1 1       text     t       another name of upper
lower            1 1       text     t       changes letters only
lcase            1 1       text     t       another name of lower
length           1 1       int      t       counts characters
len              1 1       int      t       another name of length
char_length      1 1       int      t       another name of length
character_length 1 1       int      t       another name of length
strlen           1 1       int      t       counts bytes
trim             1 2       text     t       shortens
ltrim            1 2       text     t       shortens
rtrim            1 2       text     t       shortens
left             2 2       text     -       shortens
right            2 2       text     -       shortens
substr           2 3       text     -       shortens
substring        2 3       text     -       shortens
split_part       3 3       text     -       takes one part
starts_with      2 2       bool     t       compares
prefix           2 2       bool     t       compares
ends_with        2 2       bool     t       compares
suffix           2 2       bool     t       compares
contains         2 2       bool     t       compares
instr            2 2       int      t       finds a place
strpos           2 2       int      t       finds a place
replace          3 3       text     t       grows by the length of its arguments at most per letter
translate        3 3       text     t       replaces letter by letter
reverse          1 1       text     t       keeps the length
concat           1 32      text     *       joins its arguments, NULL as nothing
concat_ws        2 32      text     *       joins its arguments
ascii            1 1       int      t       looks at one letter
regexp_matches   2 2       bool     -       runs in linear time
regexp_full_match 2 2      bool     -       runs in linear time
regexp_extract   2 3       text     -       runs in linear time
regexp_replace   3 4       text     -       runs in linear time
date_trunc       2 2       trunc    -       cuts a date or time
datetrunc        2 2       trunc    -       another name of date_trunc
date_part        2 2       part     -       takes one part
datepart         2 2       part     -       another name of date_part
date_diff        3 3       int      -       counts boundaries between two times
datediff         3 3       int      -       another name of date_diff
date_sub         3 3       int      -       counts whole units between two times
datesub          3 3       int      -       another name of date_sub
year             1 1       int      -       takes one part
quarter          1 1       int      -       takes one part
month            1 1       int      -       takes one part
week             1 1       int      -       takes one part
weekofyear       1 1       int      -       takes one part
yearweek         1 1       int      -       takes one part
isoyear          1 1       int      -       takes one part
day              1 1       int      -       takes one part
dayofmonth       1 1       int      -       takes one part
dayofweek        1 1       int      -       takes one part
weekday          1 1       int      -       takes one part
isodow           1 1       int      -       takes one part
dayofyear        1 1       int      -       takes one part
hour             1 1       int      -       takes one part
minute           1 1       int      -       takes one part
second           1 1       int      -       takes one part
epoch            1 1       float    -       seconds since 1970
epoch_ms         1 1       unknown  -       milliseconds since 1970, or back
dayname          1 1       text     -       names a day
monthname        1 1       text     -       names a month
last_day         1 1       date     -       last day of the month
make_date        3 3       date     -       builds a date
time_bucket      2 2       unknown  -       cuts a time to even buckets
strftime         2 2       text     -       writes a date
try_strptime     2 2       ts       -       reads a date, NULL where it is none
abs              1 1       same     f       keeps the size
sign             1 1       int      n       minus one, zero or one
ceil             1 1       same     f       rounds
ceiling          1 1       same     f       rounds
floor            1 1       same     f       rounds
round            1 2       same     -       rounds
trunc            1 2       same     -       rounds
mod              2 2       unknown  -       remainder
sqrt             1 1       float    -       one number
cbrt             1 1       float    -       one number
exp              1 1       float    -       one number
ln               1 1       float    -       one number
log              1 2       float    -       one number
log2             1 1       float    -       one number
log10            1 1       float    -       one number
power            2 2       float    -       one number
pow              2 2       float    -       one number
sin              1 1       float    -       one number
cos              1 1       float    -       one number
tan              1 1       float    -       one number
asin             1 1       float    -       one number
acos             1 1       float    -       one number
atan             1 1       float    -       one number
atan2            2 2       float    -       one number
degrees          1 1       float    -       one number
radians          1 1       float    -       one number
pi               0 0       float    *       one number
isnan            1 1       bool     f       looks at one number
isinf            1 1       bool     f       looks at one number
isfinite         1 1       bool     f       looks at one number
coalesce         1 64      unified  =       takes the first that is not NULL
ifnull           2 2       unified  =       takes the first that is not NULL
nullif           2 2       same     =       NULL where two are equal
if               3 3       unified  =       takes one of two
greatest         1 64      unified  =       takes the largest
least            1 64      unified  =       takes the smallest
"""

_AGGREGATES = """
# name           arguments gives    why
count            0 1       int      counts rows or values
count_if         1 1       int      counts where true
sum              1 1       sum      adds up; past 38 digits the answer is lost, not wrong
avg              1 1       float    mean
mean             1 1       float    another name of avg
min              1 1       same     smallest
max              1 1       same     largest
median           1 1       unknown  middle value
quantile_cont    2 2       unknown  value at a fraction, interpolated
quantile_disc    2 2       same     value at a fraction
stddev           1 1       float    deviation of a sample
stddev_samp      1 1       float    deviation of a sample
stddev_pop       1 1       float    deviation
variance         1 1       float    variance of a sample
var_samp         1 1       float    variance of a sample
var_pop          1 1       float    variance
corr             2 2       float    correlation
covar_pop        2 2       float    covariance
covar_samp       2 2       float    covariance of a sample
bool_and         1 1       bool     whether all are true
bool_or          1 1       bool     whether one is true
"""


def _scalar(line: str) -> Function:
    name, least, most, gives, total, why = line.split(None, 5)
    return Function(
        name=name,
        function_class=FunctionClass.SCALAR,
        gives=gives,
        least=int(least),
        most=int(most),
        total="" if total == "-" else total,
        why=why,
    )


def _aggregate(line: str) -> Function:
    name, least, most, gives, why = line.split(None, 4)
    return Function(
        name=name,
        function_class=FunctionClass.AGGREGATE,
        gives=gives,
        least=int(least),
        most=int(most),
        why=why,
    )


def _lines(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if not line.startswith("#")]


_ALL = [*map(_scalar, _lines(_SCALARS)), *map(_aggregate, _lines(_AGGREGATES))]
FUNCTIONS: Mapping[str, Function] = MappingProxyType({item.name: item for item in _ALL})
"""Every function that a query may call, by its name in lower case."""

BOOLEAN_AGGREGATES = frozenset({"bool_and", "bool_or", "count_if"})
"""Aggregates whose argument is read as a boolean."""
INTERPOLATING_AGGREGATES = frozenset({"avg", "mean", "median", "quantile_cont"})
"""Aggregates that compute between values; a date is read as a timestamp for them."""
QUANTILES = frozenset({"quantile_cont", "quantile_disc"})
"""Aggregates whose second argument is a fraction."""
TRY = "try"
"""DuckDB's way to make NULL of an error; written by the gate, never read from a query."""


def function_of(node: exp.Expr) -> Function | None:
    """Tell which function on the list a node calls, if any."""
    if not isinstance(node, exp.Anonymous) or not isinstance(node.this, str):
        return None
    return FUNCTIONS.get(node.this.lower())


def is_aggregate(node: exp.Expr) -> bool:
    """Tell whether a node computes over many rows."""
    function = function_of(node)
    return function is not None and function.is_aggregate


def has_aggregate(node: exp.Expr) -> bool:
    """Tell whether an aggregate stands in an expression, outside the subqueries in it."""
    return any(
        is_aggregate(item) for item in node.walk(prune=lambda item: isinstance(item, exp.Query))
    )
