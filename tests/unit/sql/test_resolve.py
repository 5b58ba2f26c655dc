"""Names are looked up as DuckDB would, written out whole, and each use of a column is kept."""

import pytest

from sekisho.errors import Refusal
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.dialect import write_tree
from sekisho.sql.read import read_query
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Place, Relation
from sekisho.sql.types import parse_type
from support.gate_cases import PARSER

RELATIONS = {
    ("t",): Relation(
        key="t",
        names=("t", "s.t"),
        columns={"a": parse_type("INTEGER"), "B": parse_type("VARCHAR"), "c": parse_type("DATE")},
        starred=("a", "B"),
    ),
    ("u",): Relation(key="u", names=("u",), columns={"a": parse_type("INTEGER")}, starred=("a",)),
}


def resolved(sql):
    tree = read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS)
    return resolve(tree, RELATIONS.get, allowed=("t", "u"))


def uses(sql):
    return [(ref.source.alias, ref.column, ref.place) for ref in resolved(sql).references]


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("select * from t", 'SELECT "t"."a" AS "a", "t"."B" AS "B" FROM t AS "t"'),
        ("select b from t", 'SELECT "t"."B" AS "B" FROM t AS "t"'),
        ("select x.A from t x", 'SELECT "x"."a" AS "a" FROM t AS "x"'),
        ("select s.t.a from t", 'SELECT "t"."a" AS "a" FROM t AS "t"'),
        ("select a + 1, count(*) from t group by all",
         'SELECT "t"."a" + 1 AS "a + 1", count(*) AS "count_star()" FROM t AS "t" GROUP BY 1'),
        ("select a as x from t where x > 1 order by x",
         'SELECT "t"."a" AS "x" FROM t AS "t" WHERE ("t"."a") > 1 ORDER BY 1'),
        ("select x.a, y.a from t x join u y on x.a = y.a",
         ('SELECT "x"."a" AS "a", "y"."a" AS "a" FROM t AS "x" JOIN u AS "y" '
         'ON "x"."a" = "y"."a"')),
        ("select a from (select a from t)",
         ('SELECT "subquery_1"."a" AS "a" FROM (SELECT "t"."a" AS "a" FROM t AS "t") '
         'AS "subquery_1"("a")')),
        ("select q from (select a, b from t) as x(p, q)",
         ('SELECT "x"."q" AS "q" FROM (SELECT "t"."a" AS "a", "t"."B" AS "B" FROM t AS "t") '
         'AS "x"("p", "q")')),
        ("with t as (select a from t) select * from t",
         ('WITH "t"("a") AS (SELECT "t"."a" AS "a" FROM t AS "t") '
         'SELECT "t_1"."a" AS "a" FROM "t" AS "t_1"')),
    ],
)  # fmt: skip
def test_tree_is_written_out(sql, written):
    assert write_tree(resolved(sql).tree) == written


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a from t", [("t", "a", Place.PROJECTION)]),
        ("select a, count(*) from t group by a",
         [("t", "a", Place.KEY), ("t", "a", Place.GROUP)]),
        ("select a + 1, count(*) from t group by a",
         [("t", "a", Place.PROJECTION), ("t", "a", Place.GROUP)]),
        ("select sum(a) from t where b = 'x'",
         [("t", "a", Place.MEASURE), ("t", "B", Place.FILTER)]),
        ("select sum(a) filter (where b = 'x') from t",
         [("t", "a", Place.MEASURE), ("t", "B", Place.OTHER)]),
        ("select count(*) from t having max(a) > 1", [("t", "a", Place.MEASURE)]),
        ("select b from t order by a, upper(b)",
         [("t", "B", Place.PROJECTION), ("t", "a", Place.ORDER), ("t", "B", Place.ORDER)]),
        ("select 1 from t join u on t.a = u.a",
         [("t", "a", Place.JOIN), ("u", "a", Place.JOIN)]),
        ("select b from t where exists (select 1 from u where u.a = t.a)",
         [("t", "B", Place.PROJECTION), ("u", "a", Place.FILTER), ("t", "a", Place.INNER)]),
        ("select a as x, x + 1 from t", [("t", "a", Place.PROJECTION)] * 2),
    ],
)  # fmt: skip
def test_uses_are_kept_with_their_places(sql, expected):
    assert sorted(uses(sql)) == sorted(expected)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select a from t, u", "could be a column of two relations"),
        ("select 1 from t, t", "two relations are called `t`"),
        ("select a as x, b as x from t order by x", "names two columns of the output"),
        ("select * from (select a, a from t) as x", "has two columns called `a`"),
        ("with x(p, q, r) as (select a, b from t) select 1 from x", "names 3 columns of 2"),
        ("select *", "needs a FROM"),
        ("select a from t group by count(*)", "cannot hold an aggregate"),
        ("select count(*) as n from t group by n", "cannot hold an aggregate"),
        ("select count(*) from t group by 'x'", "must name a column"),
        ("select sum(n) from (select count(*) as n, sum(a) as s from t) as x group by y", "`y`"),
        ("select count(*) as n, sum(n) from t", "an aggregate cannot stand in an aggregate"),
        ("select (select 1) as x, x from t", "of a subquery cannot be used here"),
        ("select 1 from (select a from t) as x, (select x.a) as y", "`x.a` is not granted"),
        ("select a as x, b as x from t where x = 1", "names two columns of the output"),
        ("select n from x", "the dataset `x` is not granted"),
    ],
)
def test_what_cannot_be_resolved_is_refused(sql, message):
    with pytest.raises(Refusal, match=message.replace(".", r"\.")):
        resolved(sql)


def test_inner_selects_come_before_what_holds_them():
    outcome = resolved("with x as (select a from t) select (select max(a) from u) from x")
    assert [facts.names[0] for facts in outcome.selects] == [
        "a",
        "max(a)",
        "(SELECT max(a) FROM u)",
    ]
    assert outcome.names == outcome.selects[-1].names
    assert [source.relation.key for source in outcome.relations] == ["t", "u"]


def test_aggregated_selects_are_marked():
    for sql, expected in {
        "select a from t": False,
        "select count(*) from t": True,
        "select a from t group by a": True,
        "select 1 from t having true": True,
        "select sum(a) from t group by all": True,
    }.items():
        assert resolved(sql).selects[-1].is_aggregated is expected


def test_alias_inside_a_computed_key_is_written_out():
    tree = resolved("select a as x, count(*) from t group by x + 1, a").tree
    assert 'GROUP BY ("t"."a") + 1, "t"."a"' in write_tree(tree)


def test_each_output_stands_in_its_own_name_though_neighbours_take_their_places_after_it():
    outputs = resolved("select a, c, b as d, * from t").tree.expressions
    assert all(item.this.parent is item for item in outputs)
    assert [item.alias for item in outputs] == ["a", "c", "d", "a", "B"]
