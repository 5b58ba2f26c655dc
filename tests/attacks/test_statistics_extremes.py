"""Figures that are one row's own value: the least, the largest, any, the middle, all of them.

expect: aggregate.md, step 1.5: count, sum, avg, stddev, and no others
effect: a cell of a thousand patients gives the oldest one's age
source: SCQL, where MIN and MAX pass
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.statistics import agreed

CONTRACT = agreed(disclosure="")
FUNCTIONS = """
    min(ct) max(ct) any_value(ct) first(ct) last(ct) arg_min(ct,day) arg_max(ct,day) min_by(ct,day)
    max_by(ct,day) median(ct) mode(ct) quantile_cont(ct,0.5) quantile_disc(ct,0.99) quantile(ct,0.9)
    approx_quantile(ct,0.5) list(ct) array_agg(ct) string_agg(sex,',') group_concat(sex)
    listagg(sex,',') histogram(ct) bit_and(day) bit_or(day) bit_xor(day) bool_and(day=1)
    bool_or(day=1) product(ct) entropy(ct) kurtosis(ct) skewness(ct) variance(ct) var_pop(ct)
    var_samp(ct) stddev_pop(ct) corr(ct,dose) covar_pop(ct,dose) regr_slope(ct,dose) mad(ct)
    geomean(ct) favg(ct) fsum(ct) sumkahan(ct) approx_count_distinct(patient) count_if(true)
    reservoir_quantile(ct,0.5) max(ct,3) min(ct,3) max(patient) sum(patient) avg(patient)
    count(patient) count(DISTINCT\u00a0ct) sum(DISTINCT\u00a0ct) avg(DISTINCT\u00a0dose)
    count(DISTINCT\u00a0sex) sum(DISTINCT\u00a0patient) stddev(DISTINCT\u00a0ct)
""".split()


@pytest.mark.parametrize("call", FUNCTIONS)
def test_only_what_blurs_is_computed(quiet_hospital, call):
    call = call.replace("\u00a0", " ")
    for sql in (
        f"SELECT {call} FROM tests",
        f"SELECT sex, {call} FROM tests GROUP BY sex",
        f"SELECT count(*) FROM tests HAVING ({call}) IS NOT NULL",
        f"SELECT sex FROM tests GROUP BY sex ORDER BY {call}",
    ):
        decided = quiet_hospital.decide(sql, CONTRACT)
        assert isinstance(decided, Refusal), sql
        assert decided.reason in {
            RefusalReason.FUNCTION_NOT_ALLOWED,
            RefusalReason.SYNTAX_NOT_ALLOWED,
            RefusalReason.USE_NOT_GRANTED,
        }


def test_over_published_cells_they_are_free(hospital):
    sql = (
        "SELECT max(n), min(n), median(n) FROM (SELECT sex, count(*) AS n FROM tests GROUP BY sex)"
    )
    assert hospital.ask(sql, CONTRACT) == [(30, 30, 30.0)]
