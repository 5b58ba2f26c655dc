"""A SELECT over governed rows, taken apart into keys, conditions, joins and aggregates."""

import pytest
from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.blocks import find_blocks
from sekisho.sql.dialect import write_tree
from sekisho.sql.read import read_query
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Relation
from sekisho.sql.types import parse_type
from support.second_parser import DuckDBParser

PARSER = DuckDBParser()
NAMES = ("age", "day", "ct", "patient", "clinic", "extra")
COLUMNS = {name: parse_type("INTEGER") for name in NAMES}


def relation(name):
    return Relation(key=f"a.example/{name}", names=(name,), columns=COLUMNS, starred=())


def blocks(sql, *, governed=("tests", "visits")):
    """Take apart every SELECT that reads a governed relation."""
    tree = read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS)
    resolved = resolve(tree, lambda parts: relation(parts[-1]))
    numbers = {
        item.number
        for item in resolved.relations
        if item.relation is not None and item.relation.key.split("/")[1] in governed
    }
    return find_blocks(resolved, numbers)


def one(sql):
    (block,) = blocks(sql)
    return block


def refused(sql):
    with pytest.raises(Refusal) as found:
        blocks(sql)
    return found.value


def names(columns):
    return [(item.source.alias, item.name) for item in columns]


def test_a_clause_that_blocks_do_not_know_cannot_stand_in_one():
    """No query is read with one; a later parser may know more clauses than this one."""
    tree = read_query("SELECT count(*) FROM tests", parser=PARSER, limits=DEFAULT_LIMITS)
    resolved = resolve(tree, lambda parts: relation(parts[-1]))
    tree.set("sample", exp.TableSample(size=exp.Literal.number(1)))
    with pytest.raises(Refusal, match="`sample` cannot stand beside governed rows"):
        find_blocks(resolved, {item.number for item in resolved.relations})


def test_keys_come_once_in_the_order_of_group_by():
    block = one("SELECT day, age AS a, count(*) FROM tests GROUP BY a, 1, age, (day)")
    assert names(block.keys) == [("tests", "age"), ("tests", "day")]
    assert block.is_grouped
    assert not one("SELECT count(*) FROM tests").is_grouped


def test_group_by_all_means_every_output_that_is_no_aggregate():
    assert names(one("SELECT day, count(*), age FROM tests GROUP BY ALL").keys) == [
        ("tests", "day"),
        ("tests", "age"),
    ]


@pytest.mark.parametrize(
    ("where", "columns"),
    [
        ("age = 3", ["age"]),
        ("3 < age", ["age"]),
        ("(age) >= (3)", ["age"]),
        ("age <= -3", ["age"]),
        ("age > 3 AND day < 4 AND age < 9", ["age", "day", "age"]),
        ("(age > 3 AND (day < 4))", ["age", "day"]),
        ("age BETWEEN 1 AND 2", ["age"]),
        ("age IN (1, 2, 3)", ["age"]),
        ("age = CAST('3' AS INTEGER)", ["age"]),
        ("age = TRUE", ["age"]),
        ("age < 1.5e3", ["age"]),
    ],
)
def test_conditions_are_comparisons_of_one_column_with_literals(where, columns):
    block = one(f"SELECT count(*) FROM tests WHERE {where}")
    assert [item.column.name for item in block.conditions] == columns


@pytest.mark.parametrize(
    "where",
    [
        "age = day", "age + 1 = 3", "age = 1 + 2", "age <> 3", "age = 3 OR day = 4", "NOT age = 3",
        "age IS NULL", "age IN (day, 3)", "age BETWEEN day AND 3", "age BETWEEN 1 AND day",
        "abs(age) = 3", "age IN (SELECT 3)", "3 = 3", "true", "-age = 3", "age = -day",
        "CAST(age AS VARCHAR) = '3'", "age = CAST(day AS INTEGER)", "3 IN (age, 4)",
        "3 BETWEEN age AND 4", "age = NULL", "age = -(1 + 2)", "age = (SELECT count(*) FROM tests)",
    ],
)  # fmt: skip
def test_other_conditions_are_refused(where):
    for condition in (where, f"day = 1 AND ({where})"):
        refusal = refused(f"SELECT count(*) FROM tests WHERE {condition}")
        assert refusal.message == "statistics are filtered by comparisons of a column with values"
        assert refusal.line == 1


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ("tests JOIN visits ON tests.patient = visits.patient", [("patient", "patient")]),
        ("tests JOIN visits ON visits.patient = tests.clinic", [("clinic", "patient")]),
        ("tests JOIN visits USING (patient)", [("patient", "patient")]),
        (
            "tests t JOIN visits v ON (t.patient = v.patient) AND v.clinic = t.clinic",
            [("patient", "patient"), ("clinic", "clinic")],
        ),
        ("tests INNER JOIN visits ON tests.age = visits.age", [("age", "age")]),
    ],
)
def test_pairs_have_the_joined_relation_on_the_right(source, pairs):
    block = one(f"SELECT count(*) FROM {source}")
    assert [(pair.left.name, pair.right.name) for pair in block.pairs] == pairs
    assert all(pair.right.source is block.select.sources[1] for pair in block.pairs)
    assert all(pair.left.source is block.select.sources[0] for pair in block.pairs)


@pytest.mark.parametrize(
    "source",
    [
        "tests, visits",
        "tests CROSS JOIN visits",
        "tests LEFT JOIN visits ON tests.age = visits.age",
        "tests RIGHT JOIN visits USING (age)",
        "tests FULL JOIN visits USING (age)",
        "tests JOIN visits ON true",
        "tests JOIN visits ON tests.age > visits.age",
        "tests JOIN visits ON tests.age = 3",
        "tests JOIN visits ON visits.age = visits.day",
        "tests JOIN visits ON tests.age = tests.day",
        "tests JOIN visits ON tests.age + 0 = visits.age",
        "tests JOIN visits ON tests.age = visits.age OR tests.day = visits.day",
        "tests JOIN visits ON tests.age = visits.age AND visits.day = 3",
        "tests JOIN (SELECT 1 AS age) AS x ON tests.age = x.age",
        "(SELECT 1 AS age) AS x, tests",
    ],
)
def test_other_joins_are_refused(source):
    assert refused(f"SELECT count(*) FROM {source}").message in {
        "governed rows are joined by an inner join on equal keys",
        "governed rows are joined on one column of each side",
        "governed rows are not joined with figures or subqueries",
    }


def test_calls_are_of_rows_or_of_one_bare_column():
    block = one(
        "SELECT count(*), count(), sum((ct)), COUNT(DISTINCT patient), avg(ct) FROM tests"
        " HAVING stddev(day) > 3 ORDER BY sum(age)"
    )
    assert [
        (call.function, call.column and call.column.name, call.is_distinct) for call in block.calls
    ] == [
        ("count", None, False), ("count", None, False), ("sum", "ct", False),
        ("count", "patient", True), ("avg", "ct", False), ("stddev", "day", False),
        ("sum", "age", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("sum(ct + 1)", "an aggregate over governed rows takes one column as it is"),
        ("count(1)", "an aggregate over governed rows takes one column as it is"),
        ("sum(ct) FILTER (WHERE age = 3)", "an aggregate over governed rows takes no FILTER"),
        ("corr(ct, age)", "the aggregate `corr` is not computed over governed rows"),
        ("covar_pop(ct, age)", "the aggregate `covar_pop` is not computed over governed rows"),
    ],
)  # fmt: skip
def test_other_calls_are_refused(figure, message):
    assert refused(f"SELECT {figure} FROM tests").message == message


def test_columns_outside_keys_and_aggregates_are_uses():
    block = one(
        "SELECT age, day + 1, count(*) FROM tests GROUP BY age HAVING ct > 3 ORDER BY clinic"
    )
    assert [item.name for item in block.uses] == ["day", "ct", "clinic"]
    assert one("SELECT age + count(*) FROM tests GROUP BY age ORDER BY age").uses == ()


@pytest.mark.parametrize(
    ("sql", "uses", "calls"),
    [
        ("SELECT age, sum(count(*)) OVER (ORDER BY age) FROM tests GROUP BY age", [], ["count"]),
        ("SELECT age, row_number() OVER (PARTITION BY day) FROM tests GROUP BY age", ["day"], []),
        ("SELECT age, sum(ct) OVER () FROM tests GROUP BY age", ["ct"], []),
        ("SELECT age FROM tests GROUP BY age QUALIFY max(sum(ct)) OVER () > 3", [], ["sum"]),
        ("SELECT DISTINCT ON (day) age, count(*) FROM tests GROUP BY age", ["day"], ["count"]),
        ("SELECT sum(1) OVER w FROM tests GROUP BY age WINDOW w AS (ORDER BY ct)", ["ct"], []),
    ],
)  # fmt: skip
def test_windows_work_on_cells(sql, uses, calls):
    block = one(sql)
    assert [item.name for item in block.uses] == uses
    assert [item.function for item in block.calls] == calls


def test_every_select_over_governed_rows_is_a_block():
    found = blocks(
        "WITH x AS (SELECT age, count(*) AS n FROM tests GROUP BY age)"
        " SELECT max(n), (SELECT count(*) FROM visits) FROM x, planes"
    )
    assert [block.select.sources[0].alias for block in found] == ["tests", "visits"]
    both = blocks("SELECT count(*) FROM tests UNION ALL SELECT count(*) FROM visits")
    assert len(both) == 2
    assert blocks("SELECT count(*) FROM planes") == ()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM tests",
        "SELECT 1 FROM tests HAVING true",
        "SELECT count(*) OVER () FROM tests",
        "SELECT (SELECT 3) FROM tests",
    ],
)
def test_a_block_aggregates_or_groups(sql):
    assert refused(sql).message == "a query of statistics aggregates or groups"


@pytest.mark.parametrize("key", ["age + 1", "abs(age)", "CASE WHEN age = 3 THEN 1 END", "age = 3"])
def test_computed_keys_are_refused(key):
    for sql in (f"SELECT count(*) FROM tests GROUP BY {key}",
                f"SELECT {key} AS k, count(*) FROM tests GROUP BY k"):  # fmt: skip
        assert refused(sql).message == "statistics are grouped by columns alone"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT age, (SELECT p.extra FROM planes p WHERE p.age = t.age) FROM tests t GROUP BY age",
        "SELECT age FROM tests t GROUP BY age HAVING EXISTS (SELECT 1 WHERE t.day = 3)",
        "SELECT (SELECT t.age) FROM tests t",
    ],
)
def test_a_subquery_does_not_look_at_rows(sql):
    message = "a subquery may not look at governed rows of the SELECT around it"
    assert refused(sql).message == message


def test_a_block_does_not_look_at_what_is_around_it():
    sql = "SELECT (SELECT count(*) FROM tests HAVING count(*) > p.age) FROM planes p"
    assert refused(sql).message == (
        "a SELECT over governed rows names no column of a SELECT around it"
    )


def test_refusals_say_where():
    refusal = refused("SELECT count(*)\nFROM tests\nWHERE age = 3\n  AND day <> 4")
    assert (refusal.line, refusal.column) == (4, 7)


def test_a_block_changes_nothing_in_the_tree():
    block = one("SELECT age, count(*) FROM tests WHERE day = 3 GROUP BY age")
    assert "tests" in write_tree(block.select.node)
