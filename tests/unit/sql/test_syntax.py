"""Small forms that parse and are still refused: counts and kinds of arguments, odd literals."""

import pytest
from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.dialect import parse_trees
from sekisho.sql.operations import unlisted
from sekisho.sql.places import nearest, place_of, shown
from sekisho.sql.read import read_query
from sekisho.sql.syntax import check_syntax
from support.gate_cases import PARSER


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT upper(a, b) FROM t", "the function `upper` takes 1 to 1 arguments"),
        ("SELECT pi(1) FROM t", "the function `pi` takes 0 to 0 arguments"),
        ("SELECT max(a, 3) FROM t", "the function `max` takes 1 to 1 arguments"),
        ("SELECT round(a := 1) FROM t", "this form|is not allowed|does not read"),
        ("SELECT round(a AS b) FROM t", "a named argument is not allowed"),
        ("SELECT upper(DISTINCT a) FROM t", "DISTINCT stands before one argument"),
        ("SELECT corr(DISTINCT a, b) FROM t", "DISTINCT stands before one argument"),
        ("SELECT sum(*) FROM t", "the function `sum` does not take `\\*`"),
        ("SELECT quantile_cont(a, 2) FROM t", "the fraction of a quantile"),
        ("SELECT quantile_cont(a, b) FROM t", "the fraction of a quantile"),
        ("SELECT quantile_cont(a, 1.5) FROM t", "the fraction of a quantile"),
        ("SELECT extract(nothing FROM a) FROM t", "`NOTHING` is not a part of a date"),
        ("SELECT a FROM t LIMIT 1.5", "LIMIT and OFFSET take a whole number"),
        ("SELECT a FROM t LIMIT '3'", "LIMIT and OFFSET take a whole number"),
        ("SELECT a FROM t OFFSET a", "LIMIT and OFFSET take a whole number"),
        ("SELECT a::VARCHAR(3) FROM t", "do not read this query alike"),
        ("SELECT a::TIME(3) FROM t", "the type `time` takes no such arguments"),
        ("SELECT a::DECIMAL(1, 2, 3) FROM t", "takes no such arguments|does not read"),
        ("SELECT a IS b FROM t", "IS stands before NULL, TRUE or FALSE"),
        ("SELECT upper(a) FILTER (WHERE b) FROM t", "FILTER stands after an aggregate only"),
        ("SELECT a LIKE 'x' ESCAPE 'yy' FROM t", "ESCAPE takes one character"),
        ("SELECT a LIKE 'x' ESCAPE b FROM t", "ESCAPE takes one character|does not read"),
        ("SELECT a FROM t WHERE a = " + "9" * 40, "is not a plain number"),
        ("SELECT a FROM t WHERE a = 1e9999", "is not a plain number"),
        ("SELECT a FROM (t)", "brackets around a relation hold one SELECT"),
        ("SELECT a FROM t FULL SEMI JOIN u ON a = b", "is not allowed|not served|does not read"),
        ("SELECT INTERVAL '3 hours 2 minutes' FROM t", "an interval must be|does not read"),
        ("SELECT INTERVAL 1.5 DAY FROM t", "an interval must be a whole number"),
    ],
)
def test_form_is_refused(sql, message):
    with pytest.raises(Refusal, match=message):
        read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS)


def test_escape_stands_after_like_only():
    node = exp.Escape(this=exp.column("a"), expression=exp.Literal.string("x"))
    with pytest.raises(Refusal, match="ESCAPE stands after LIKE"):
        check_syntax(exp.select(node))


def test_odd_join_is_refused_by_its_words():
    (tree,) = parse_trees("SELECT a FROM t SEMI JOIN u ON a = b")
    with pytest.raises(Refusal, match="a semi join is not allowed"):
        check_syntax(tree)


def test_form_without_a_rule_is_refused_where_nothing_is_known_of_it():
    class Nothing:
        def children(self, _):
            return []

    with pytest.raises(Refusal, match="cannot be shown not to fail"):
        unlisted(Nothing(), exp.column("a"))


def test_node_made_by_hand_has_no_place():
    assert place_of(exp.column("a")) == (0, 0)


def test_what_the_caller_wrote_is_shown_short_and_on_one_line():
    assert shown("a\n  `b`") == "`a 'b'`"
    assert len(shown("x" * 500)) == 62


def test_near_names_are_listed_nearest_first():
    assert nearest("orign", ["destination", "origin", "region"])[0] == "origin"
    assert nearest("zzz", ["origin"]) == ()
