"""Texts that both parsers read alike pass; the second parser's tree is compared as it should be."""

import json

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.agree import check_agreement, read_second
from sekisho.sql.dialect import parse_trees, write_tree
from sekisho.sql.read import read_condition, read_query
from support.gate_cases import PARSER


def read(sql, **options):
    return read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS, **options)


@pytest.mark.parametrize(
    "sql",
    [
        "select a::int, a::text, a::string, a::numeric, a::real, a::int8, a::bool from t",
        "select cast(a as timestamp with time zone), a::datetime, a::int128 from t",
        "select interval 3 day, interval '3' day, interval '3 days', interval '2 MONTHS' from t",
        "select a is not null, a notnull, not a is null, a isnull from t",
        "select a not in (1), not a in (1), a not like 'x', a not ilike 'x' from t",
        "select a not between 1 and 2, a like 'x' escape '!', a not like 'x' escape '!' from t",
        "select extract(YEAR from d), date_part('Year', d), datepart('month', d) from t",
        "select a from t order by a, b asc, c desc, d nulls last, e nulls first",
        "select a == b, a != b, a <> b, a is distinct from b, a is not distinct from b from t",
        "select substring(a from 2 for 3), substring(a from 2), substring(a, 2, 3) from t",
        "select (((a))), - - a, -1, - 1, 1e5, 1.50, 0.5 from t",
        "select count(*), count(distinct a), sum(a) filter (where b) from t group by all",
        "with x(a) as (select 1), y as materialized (select 2) select * from x",
        "from t select a limit 3 offset 1",
        "select a /* x */ from t -- y",
        "select case a when 1 then 2 end, case when a then b else c end from t",
        "select 'it''s', '', 'é' from t",
        'select "A b", "from" from "t"',
    ],
)
def test_plain_query_reads_alike(sql):
    assert read(sql)


@pytest.mark.parametrize("sql", ["select 1_000", "select .5", "select a from t where a = 0b1"])
def test_odd_number_is_refused_rather_than_changed(sql):
    with pytest.raises(Refusal):
        read(sql)


def test_joins_are_let_in():
    sql = "select a.x from t as a join u as b on a.k = b.k left join v using (k, l), w"
    assert len(read(sql).args["joins"]) == 3


@pytest.mark.parametrize(
    "join",
    ["natural join u", "asof join u on a > b", "semi join u on a = b",
     "positional join u", "cross join lateral (select 1) as x"],
)  # fmt: skip
def test_odd_joins_are_refused_in_words(join):
    with pytest.raises(Refusal) as caught:
        read(f"select 1 from t {join}")
    assert caught.value.reason is RefusalReason.SYNTAX_NOT_ALLOWED


def test_place_of_an_error_is_in_the_text():
    with pytest.raises(Refusal) as caught:
        read("select a\nfrom t where where")
    assert caught.value.line == 2


def test_nothing_is_written_to_the_log(caplog):
    for sql in ("CALL x()", "SELECT a -> '$[' FROM t", "SELECT a FROM t FOR UPDATE", "EXPLAIN x"):
        with pytest.raises(Refusal):
            read(sql)
    assert caplog.records == []


def test_writing_leaves_the_tree_as_it_is():
    (tree,) = parse_trees("SELECT interval '3 days', CAST(a AS INT), x LIKE 'y' FROM t")
    before = repr(tree)
    assert write_tree(tree) == write_tree(tree)
    assert repr(tree) == before


def test_condition_is_given_without_what_was_put_before_it():
    condition = read_condition("a = 1 AND b", parser=PARSER, limits=DEFAULT_LIMITS)
    assert write_tree(condition) == "a = 1 AND b"


def test_error_of_the_second_parser_counts_bytes_and_is_told_in_letters():
    answer = json.dumps({"error": True, "position": "7"})
    with pytest.raises(Refusal) as caught:
        read_second(answer, text="'éé'\nx")
    assert (caught.value.line, caught.value.column) == (2, 1)


def test_place_outside_the_text_is_no_place():
    first = {"class": "WINDOW", "query_location": 2**64 - 1}
    with pytest.raises(Refusal) as caught:
        check_agreement(first, first, text="x")
    assert (caught.value.line, caught.value.column) == (0, 0)


def sampled():
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "sample": {"sample_size": 1}}


def test_sample_in_the_second_tree_is_refused():
    with pytest.raises(Refusal, match="a sample is not allowed"):
        check_agreement(sampled(), sampled(), text="x")


@pytest.mark.parametrize(
    "node",
    [
        {"class": "FUNCTION", "type": "FUNCTION", "function_name": "date_part", "arguments": []},
        {
            "class": "FUNCTION",
            "type": "FUNCTION",
            "function_name": "to_days",
            "arguments": [{"literal": {"text": "1"}}, {"literal": {"text": "2"}}],
        },
        {"class": "CAST", "type": "OPERATOR_CAST", "child": None, "type_expr": None},
        {
            "class": "CAST",
            "type": "OPERATOR_CAST",
            "child": {"literal": {"kind": "STRING", "text": "3 moons"}},
            "type_expr": {"class": "TYPE", "type_name": "INTERVAL", "children": []},
        },
    ],
    ids=["no part", "two amounts", "no cast", "no unit"],
)
def test_odd_node_is_compared_as_it_is(node):
    whole = {"qualified_name": {"path": ["x"]}, **node}
    check_agreement(whole, whole, text="x")
    with pytest.raises(Refusal, match="do not read this query alike"):
        check_agreement(whole, {**whole, "alias": "y"}, text="x")
