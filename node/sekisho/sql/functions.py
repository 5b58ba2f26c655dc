"""The functions that a query may call, as data: what each takes and gives, and whether it can fail.

What is not here is refused. Left out on purpose: whatever can run away (`repeat`, `lpad`, `range`,
lists), read something besides its arguments (`current_setting`, `getenv`, files, catalogs), differ
from run to run (`random`, `now`, `current_date`, `first`, `any_value`), or run text as SQL.

A letter says what an argument must be, so that an engine has nothing to cast on its own: `t` text,
`n` a number, `i` a whole number, `b` a boolean, `v` an interval, `d` a date or timestamp, `h` the
same or a time or an interval, `k` one that keeps its type, `D` several of one type, `a` and `m`
what has a mean or a middle, `p` anything with a plain text, `=` several of one type, `u` a date
part written out, `q` a fraction written out, `c` a number of rows written out, `s` what can stand
for the first, `*` anything. The last letter repeats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlglot import exp

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

_SCALARS = """
# name            arguments gives takes fails why
upper             1 1   text     t     no    changes letters only
ucase             1 1   text     t     no    changes letters only
lower             1 1   text     t     no    changes letters only
lcase             1 1   text     t     no    changes letters only
length            1 1   int      t     no    counts characters
len               1 1   int      t     no    counts characters
char_length       1 1   int      t     no    counts characters
character_length  1 1   int      t     no    counts characters
strlen            1 1   int      t     no    counts bytes
trim              1 2   text     t     no    shortens
ltrim             1 2   text     t     no    shortens
rtrim             1 2   text     t     no    shortens
left              2 2   text     ti    yes   shortens
right             2 2   text     ti    yes   shortens
substr            2 3   text     ti    yes   shortens
substring         2 3   text     ti    yes   shortens
split_part        3 3   text     tti   yes   takes one part
starts_with       2 2   bool     t     no    compares
prefix            2 2   bool     t     no    compares
ends_with         2 2   bool     t     no    compares
suffix            2 2   bool     t     no    compares
contains          2 2   bool     t     no    compares
instr             2 2   int      t     no    finds a place
strpos            2 2   int      t     no    finds a place
replace           3 3   text     t     yes   grows at most by its arguments for each letter
translate         3 3   text     t     yes   replaces letter by letter
reverse           1 1   text     t     no    keeps the length
concat            1 32  text     p     no    joins its arguments, NULL as nothing
concat_ws         2 32  text     tp    no    joins its arguments
ascii             1 1   int      t     no    looks at one letter
regexp_matches    2 2   bool     t     yes   runs in linear time
regexp_full_match 2 2   bool     t     yes   runs in linear time
regexp_extract    2 3   text     tti   yes   runs in linear time
regexp_replace    3 4   text     t     yes   runs in linear time
date_trunc        2 2   trunc    ud    yes   cuts a date or time
datetrunc         2 2   trunc    ud    yes   cuts a date or time
date_part         2 2   part     ud    yes   takes one part
datepart          2 2   part     ud    yes   takes one part
date_diff         3 3   int      uD    yes   counts boundaries between two times
datediff          3 3   int      uD    yes   counts boundaries between two times
date_sub          3 3   int      uD    yes   counts whole units between two times
datesub           3 3   int      uD    yes   counts whole units between two times
year              1 1   int      d     yes   takes one part
quarter           1 1   int      d     yes   takes one part
month             1 1   int      d     yes   takes one part
week              1 1   int      d     yes   takes one part
weekofyear        1 1   int      d     yes   takes one part
yearweek          1 1   int      d     yes   takes one part
isoyear           1 1   int      d     yes   takes one part
day               1 1   int      d     yes   takes one part
dayofmonth        1 1   int      d     yes   takes one part
dayofweek         1 1   int      d     yes   takes one part
weekday           1 1   int      d     yes   takes one part
isodow            1 1   int      d     yes   takes one part
dayofyear         1 1   int      d     yes   takes one part
hour              1 1   int      h     yes   takes one part
minute            1 1   int      h     yes   takes one part
second            1 1   int      h     yes   takes one part
epoch             1 1   float    h     yes   seconds since 1970
epoch_ms          1 1   int      d     yes   milliseconds since 1970
dayname           1 1   text     d     yes   names it
monthname         1 1   text     d     yes   names it
last_day          1 1   date     d     yes   last day of the month
make_date         3 3   date     i     yes   builds a date
time_bucket       2 2   second   vk    yes   cuts a time to even buckets
strftime          2 2   text     dt    yes   writes a date
try_strptime      2 2   ts       t     yes   reads a date, NULL where it is none
abs               1 1   same     n     yes   keeps the size
sign              1 1   int      n     no    minus one, zero or one
ceil              1 1   rounded  n     yes   rounds
ceiling           1 1   rounded  n     yes   rounds
floor             1 1   rounded  n     yes   rounds
round             1 2   same     ni    yes   rounds
trunc             1 2   same     ni    yes   rounds
mod               2 2   same     n     yes   remainder
sqrt              1 1   float    n     yes   computes one number
cbrt              1 1   float    n     yes   computes one number
exp               1 1   float    n     yes   computes one number
ln                1 1   float    n     yes   computes one number
log2              1 1   float    n     yes   computes one number
log10             1 1   float    n     yes   computes one number
sin               1 1   float    n     yes   computes one number
cos               1 1   float    n     yes   computes one number
tan               1 1   float    n     yes   computes one number
asin              1 1   float    n     yes   computes one number
acos              1 1   float    n     yes   computes one number
atan              1 1   float    n     yes   computes one number
degrees           1 1   float    n     yes   computes one number
radians           1 1   float    n     yes   computes one number
log               1 2   float    n     yes   computes one number
power             2 2   float    n     yes   computes one number
pow               2 2   float    n     yes   computes one number
atan2             2 2   float    n     yes   computes one number
pi                0 0   float    *     no    is one number
isnan             1 1   bool     n     no    looks at one number
isinf             1 1   bool     n     no    looks at one number
isfinite          1 1   bool     n     no    looks at one number
coalesce          1 64  met      =     no    takes the first that is not NULL
ifnull            2 2   met      =     no    takes the first that is not NULL
nullif            2 2   same     =     no    NULL where two are equal
if                3 3   branch   b=    no    takes one of two
greatest          1 64  met      =     no    takes the largest or smallest
least             1 64  met      =     no    takes the largest or smallest
"""

_AGGREGATES = """
# name            arguments gives takes fails why
count             0 1   int      *     no    counts rows or values
count_if          1 1   int      b     no    counts where true
sum               1 1   sum      n     wide  adds up; past 38 digits the answer is lost, never wrong
avg               1 1   middle   a     wide  mean
mean              1 1   middle   a     wide  mean
min               1 1   same     *     no    smallest or largest
max               1 1   same     *     no    smallest or largest
median            1 1   middle   m     no    value in the middle
quantile_cont     2 2   middle   mq    no    value at a fraction, interpolated
quantile_disc     2 2   same     *q    no    value at a fraction
stddev            1 1   float    n     no    spread
stddev_samp       1 1   float    n     no    spread
stddev_pop        1 1   float    n     no    spread
variance          1 1   float    n     no    spread
var_samp          1 1   float    n     no    spread
var_pop           1 1   float    n     no    spread
corr              2 2   float    n     no    spread of two together
covar_pop         2 2   float    n     no    spread of two together
covar_samp        2 2   float    n     no    spread of two together
bool_and          1 1   bool     b     no    whether all or one is true
bool_or           1 1   bool     b     no    whether all or one is true
"""

_WINDOWS = """
# name            arguments gives takes fails why
row_number        0 0   int      *     no    counts rows
rank              0 0   int      *     no    counts rows before
dense_rank        0 0   int      *     no    counts values before
percent_rank      0 0   float    *     no    rank as a share
cume_dist         0 0   float    *     no    share of rows up to here
ntile             1 1   int      c     no    cuts rows into even parts
lag               1 3   same     *cs   no    value of a row before
lead              1 3   same     *cs   no    value of a row after
first_value       1 1   same     *     no    value of the frame's first row
last_value        1 1   same     *     no    value of the frame's last row
nth_value         2 2   same     *c    no    value of one row of the frame
"""


def _function(line: str, function_class: FunctionClass) -> Function:
    name, least, most, gives, takes, fails, why = line.split(None, 6)
    return Function(
        name=name,
        function_class=function_class,
        gives=gives,
        least=int(least),
        most=int(most),
        takes=takes,
        can_fail=fails == "yes",
        fails_wide=fails == "wide",
        why=why,
    )


def _functions(table: str, function_class: FunctionClass) -> list[Function]:
    lines = (line for line in table.strip().splitlines() if not line.startswith("#"))
    return [_function(line, function_class) for line in lines]


_ALL = [
    *_functions(_SCALARS, FunctionClass.SCALAR),
    *_functions(_AGGREGATES, FunctionClass.AGGREGATE),
    *_functions(_WINDOWS, FunctionClass.WINDOW),
]
FUNCTIONS: Mapping[str, Function] = MappingProxyType({item.name: item for item in _ALL})
"""Every function that a query may call, by its name in lower case."""

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
