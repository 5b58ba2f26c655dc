"""The functions that a query may call, as data; `functions` says what the columns mean.

What is not here is refused. Left out on purpose: whatever can run away (`repeat`, `range`, lists,
what costs the square of a text's length), read something besides its arguments (`current_setting`,
`getenv`, files, catalogs), differ from run to run (`random`, `now`, `current_date`, `first`,
`any_value`, `arg_max`, `mode`, whatever is approximate), run text as SQL, or is a macro of the
engine's.
"""

SCALARS = """
# name             arguments gives    takes  fails engines why
upper              1 1       text     t      no    duckdb  changes letters only
ucase              1 1       text     t      no    duckdb  changes letters only
lower              1 1       text     t      no    duckdb  changes letters only
lcase              1 1       text     t      no    duckdb  changes letters only
length             1 1       int      t      no    duckdb  counts characters
len                1 1       int      t      no    duckdb  counts characters
char_length        1 1       int      t      no    duckdb  counts characters
character_length   1 1       int      t      no    duckdb  counts characters
strlen             1 1       int      t      no    duckdb  counts bytes
trim               1 2       text     t      no    duckdb  shortens
ltrim              1 2       text     t      no    duckdb  shortens
rtrim              1 2       text     t      no    duckdb  shortens
left               2 2       text     ti     yes   duckdb  shortens
right              2 2       text     ti     yes   duckdb  shortens
substr             2 3       text     ti     yes   duckdb  shortens
substring          2 3       text     ti     yes   duckdb  shortens
split_part         3 3       text     tti    yes   duckdb  takes one part
starts_with        2 2       bool     t      no    duckdb  compares
prefix             2 2       bool     t      no    duckdb  compares
ends_with          2 2       bool     t      no    duckdb  compares
suffix             2 2       bool     t      no    duckdb  compares
contains           2 2       bool     t      no    duckdb  compares
instr              2 2       int      t      no    duckdb  finds a place
strpos             2 2       int      t      no    duckdb  finds a place
replace            3 3       text     t      yes   duckdb  grows by its arguments for each letter
translate          3 3       text     t      yes   duckdb  replaces letter by letter
reverse            1 1       text     t      no    duckdb  keeps the length
concat             1 32       text     p      no    duckdb  joins its arguments, NULL as nothing
concat_ws          2 32       text     tp     no    duckdb  joins its arguments
ascii              1 1       int      t      no    duckdb  looks at one letter
regexp_matches     2 2       bool     t      yes   duckdb  runs in linear time
regexp_full_match  2 2       bool     t      yes   duckdb  runs in linear time
regexp_extract     2 3       text     tti    yes   duckdb  runs in linear time
regexp_replace     3 4       text     t      yes   duckdb  runs in linear time
date_trunc         2 2       trunc    ud     yes   duckdb  cuts a date or time
datetrunc          2 2       trunc    ud     yes   duckdb  cuts a date or time
date_part          2 2       part     ud     yes   duckdb  takes one part
datepart           2 2       part     ud     yes   duckdb  takes one part
date_diff          3 3       int      uD     yes   duckdb  counts boundaries between two times
datediff           3 3       int      uD     yes   duckdb  counts boundaries between two times
date_sub           3 3       int      uD     yes   duckdb  counts whole units between two times
datesub            3 3       int      uD     yes   duckdb  counts whole units between two times
year               1 1       int      d      yes   duckdb  takes one part
quarter            1 1       int      d      yes   duckdb  takes one part
month              1 1       int      d      yes   duckdb  takes one part
week               1 1       int      d      yes   duckdb  takes one part
weekofyear         1 1       int      d      yes   duckdb  takes one part
yearweek           1 1       int      d      yes   duckdb  takes one part
isoyear            1 1       int      d      yes   duckdb  takes one part
day                1 1       int      d      yes   duckdb  takes one part
dayofmonth         1 1       int      d      yes   duckdb  takes one part
dayofweek          1 1       int      d      yes   duckdb  takes one part
weekday            1 1       int      d      yes   duckdb  takes one part
isodow             1 1       int      d      yes   duckdb  takes one part
dayofyear          1 1       int      d      yes   duckdb  takes one part
hour               1 1       int      h      yes   duckdb  takes one part
minute             1 1       int      h      yes   duckdb  takes one part
second             1 1       int      h      yes   duckdb  takes one part
epoch              1 1       float    h      yes   duckdb  seconds since 1970
epoch_ms           1 1       int      d      yes   duckdb  milliseconds since 1970
dayname            1 1       text     d      yes   duckdb  names it
monthname          1 1       text     d      yes   duckdb  names it
last_day           1 1       date     d      yes   duckdb  last day of the month
make_date          3 3       date     i      yes   duckdb  builds a date
time_bucket        2 2       second   vk     yes   duckdb  cuts a time to even buckets
strftime           2 2       text     dt     yes   duckdb  writes a date
try_strptime       2 2       ts       t      yes   duckdb  reads a date, NULL where it is none
abs                1 1       same     n      yes   duckdb  keeps the size
sign               1 1       int      n      no    duckdb  minus one, zero or one
ceil               1 1       rounded  n      yes   duckdb  rounds
ceiling            1 1       rounded  n      yes   duckdb  rounds
floor              1 1       rounded  n      yes   duckdb  rounds
round              1 2       same     ni     yes   duckdb  rounds
trunc              1 2       same     ni     yes   duckdb  rounds
mod                2 2       met      n      yes   duckdb  remainder
sqrt               1 1       float    n      yes   duckdb  computes one number
cbrt               1 1       float    n      yes   duckdb  computes one number
exp                1 1       float    n      yes   duckdb  computes one number
ln                 1 1       float    n      yes   duckdb  computes one number
log2               1 1       float    n      yes   duckdb  computes one number
log10              1 1       float    n      yes   duckdb  computes one number
sin                1 1       float    n      yes   duckdb  computes one number
cos                1 1       float    n      yes   duckdb  computes one number
tan                1 1       float    n      yes   duckdb  computes one number
asin               1 1       float    n      yes   duckdb  computes one number
acos               1 1       float    n      yes   duckdb  computes one number
atan               1 1       float    n      yes   duckdb  computes one number
degrees            1 1       float    n      yes   duckdb  computes one number
radians            1 1       float    n      yes   duckdb  computes one number
log                1 2       float    n      yes   duckdb  computes one number
power              2 2       float    n      yes   duckdb  computes one number
pow                2 2       float    n      yes   duckdb  computes one number
atan2              2 2       float    n      yes   duckdb  computes one number
pi                 0 0       float    *      no    duckdb  is one number
isnan              1 1       bool     n      no    duckdb  looks at one number
isinf              1 1       bool     n      no    duckdb  looks at one number
isfinite           1 1       bool     n      no    duckdb  looks at one number
coalesce           1 64       met      =      no    duckdb  takes the first that is not NULL
ifnull             2 2       met      =      no    duckdb  takes the first that is not NULL
nullif             2 2       same     =      no    duckdb  NULL where two are equal
if                 3 3       branch   b=     no    duckdb  takes one of two
greatest           1 64       met      =      no    duckdb  takes the largest or smallest
least              1 64       met      =      no    duckdb  takes the largest or smallest
lpad               3 3       text     twt    yes   duckdb  at most 1,000 letters
rpad               3 3       text     twt    yes   duckdb  at most 1,000 letters
chr                1 1       text     i      yes   duckdb  gives one letter
unicode            1 1       int      t      no    duckdb  looks at one letter
ord                1 1       int      t      no    duckdb  looks at one letter
strip_accents      1 1       text     t      no    duckdb  changes letters only
nfc_normalize      1 1       text     t      no    duckdb  changes letters only
bit_length         1 1       int      t      no    duckdb  counts bits
jaccard            2 2       float    t      yes   duckdb  compares letters, in linear time
hamming            2 2       int      t      yes   duckdb  compares letters, in linear time
cot                1 1       float    n      yes   duckdb  computes one number
sinh               1 1       float    n      yes   duckdb  computes one number
cosh               1 1       float    n      yes   duckdb  computes one number
tanh               1 1       float    n      yes   duckdb  computes one number
asinh              1 1       float    n      yes   duckdb  computes one number
acosh              1 1       float    n      yes   duckdb  computes one number
atanh              1 1       float    n      yes   duckdb  computes one number
even               1 1       float    n      yes   duckdb  rounds away from zero to an even number
gamma              1 1       float    n      yes   duckdb  computes one number
lgamma             1 1       float    n      yes   duckdb  computes one number
round_even         2 2       same     ni     yes   duckdb  rounds
gcd                2 2       met      I      yes   duckdb  computes one number
lcm                2 2       met      I      yes   duckdb  computes one number
factorial          1 1       int      i      yes   duckdb  computes one number
bit_count          1 1       int      I      no    duckdb  counts bits
signbit            1 1       bool     f      no    duckdb  looks at one number
make_timestamp     6 6       ts       iiiiin yes   duckdb  builds a timestamp
make_time          3 3       time     iin    yes   duckdb  builds a time
to_timestamp       1 1       tstz     n      yes   duckdb  seconds since 1970 as a timestamp
epoch_us           1 1       int      d      yes   duckdb  microseconds since 1970
era                1 1       int      d      yes   duckdb  takes one part
century            1 1       int      d      yes   duckdb  takes one part
decade             1 1       int      d      yes   duckdb  takes one part
millennium         1 1       int      d      yes   duckdb  takes one part
microsecond        1 1       int      h      yes   duckdb  takes one part
millisecond        1 1       int      h      yes   duckdb  takes one part
julian             1 1       float    d      yes   duckdb  days of the Julian calendar
age                2 2       interval d      yes   duckdb  time between two times
strptime           2 2       ts       t      yes   duckdb  reads a date, NULL where it is none
to_years           1 1       interval i      yes   duckdb  builds an interval
to_months          1 1       interval i      yes   duckdb  builds an interval
to_weeks           1 1       interval i      yes   duckdb  builds an interval
to_days            1 1       interval i      yes   duckdb  builds an interval
to_hours           1 1       interval i      yes   duckdb  builds an interval
to_minutes         1 1       interval i      yes   duckdb  builds an interval
to_seconds         1 1       interval n      yes   duckdb  builds an interval
"""

AGGREGATES = """
# name             arguments gives    takes  fails engines why
count              0 1       int      *      no    duckdb  counts rows or values
count_if           1 1       int      b      no    duckdb  counts where true
sum                1 1       sum      n      wide  duckdb  adds up; past 38 digits no answer
avg                1 1       middle   a      wide  duckdb  mean
mean               1 1       middle   a      wide  duckdb  mean
min                1 1       same     *      no    duckdb  smallest or largest
max                1 1       same     *      no    duckdb  smallest or largest
median             1 1       middle   m      no    duckdb  value in the middle
quantile_cont      2 2       middle   mq     no    duckdb  value at a fraction, interpolated
quantile_disc      2 2       same     *q     no    duckdb  value at a fraction
stddev             1 1       float    n      no    duckdb  spread
stddev_samp        1 1       float    n      no    duckdb  spread
stddev_pop         1 1       float    n      no    duckdb  spread
variance           1 1       float    n      no    duckdb  spread
var_samp           1 1       float    n      no    duckdb  spread
var_pop            1 1       float    n      no    duckdb  spread
corr               2 2       float    n      no    duckdb  spread of two together
covar_pop          2 2       float    n      no    duckdb  spread of two together
covar_samp         2 2       float    n      no    duckdb  spread of two together
bool_and           1 1       bool     b      no    duckdb  whether all or one is true
bool_or            1 1       bool     b      no    duckdb  whether all or one is true
countif            1 1       int      b      no    duckdb  counts where true
quantile           2 2       same     *q     no    duckdb  value at a fraction
product            1 1       float    n      no    duckdb  multiplies up
fsum               1 1       float    n      no    duckdb  adds up with less rounding
kahan_sum          1 1       float    n      no    duckdb  adds up with less rounding
favg               1 1       float    n      no    duckdb  mean with less rounding
sem                1 1       float    n      no    duckdb  spread of the mean
entropy            1 1       float    *      no    duckdb  how evenly values are spread
bit_and            1 1       same     I      no    duckdb  combines bits
bit_or             1 1       same     I      no    duckdb  combines bits
bit_xor            1 1       same     I      no    duckdb  combines bits
regr_count         2 2       int      n      no    duckdb  counts pairs
regr_slope         2 2       float    n      no    duckdb  straight line through pairs
regr_intercept     2 2       float    n      no    duckdb  straight line through pairs
regr_r2            2 2       float    n      no    duckdb  how well a line fits
regr_avgx          2 2       float    n      no    duckdb  mean of the second
regr_avgy          2 2       float    n      no    duckdb  mean of the first
regr_sxx           2 2       float    n      no    duckdb  spread of the second
regr_syy           2 2       float    n      no    duckdb  spread of the first
regr_sxy           2 2       float    n      no    duckdb  spread of two together
"""

WINDOWS = """
# name             arguments gives    takes  fails engines why
row_number         0 0       int      *      no    duckdb  counts rows
rank               0 0       int      *      no    duckdb  counts rows before
dense_rank         0 0       int      *      no    duckdb  counts values before
percent_rank       0 0       float    *      no    duckdb  rank as a share
cume_dist          0 0       float    *      no    duckdb  share of rows up to here
ntile              1 1       int      c      no    duckdb  cuts rows into even parts
lag                1 3       same     *cs    no    duckdb  value of a row before
lead               1 3       same     *cs    no    duckdb  value of a row after
first_value        1 1       same     *      no    duckdb  value of the frame's first row
last_value         1 1       same     *      no    duckdb  value of the frame's last row
nth_value          2 2       same     *c     no    duckdb  value of one row of the frame
"""
