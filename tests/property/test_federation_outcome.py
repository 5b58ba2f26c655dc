"""A plan over a random split of random tables gives what the query gives over all the data."""

from collections import Counter
from functools import cache

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.sql.dialect import parse_trees
from support.federated import FLIGHTS, World, make_world
from support.federated_queries import conditions, examples, kind_of

SEEDS = 12


@cache
def world(seed: int) -> World:
    return make_world(seed)


@st.composite
def relations(draw, *, with_provider, single=False):
    """Draw a relation, its alias and its columns."""
    schemas = ["shared", "", "ua", "dl", "sekisho.shared"]
    if single:
        return f"{draw(st.sampled_from(['ua', 'dl', 'aa']))}.flights", tuple(FLIGHTS)
    kind = draw(st.sampled_from(["flights", "flights", "crews", "planes"]))
    if kind == "planes":
        return "local.planes", ("tail", "model", "built")
    schema = draw(st.sampled_from(schemas))
    columns = tuple(FLIGHTS) if kind == "flights" else ("tail", "size")
    if with_provider and not schema:
        columns = (*columns, "provider")
    return f"{schema}.{kind}".lstrip("."), columns


@st.composite
def sources(draw, *, with_provider):
    """Draw a FROM of one to three relations, and the columns in sight."""
    text, columns = draw(relations(with_provider=with_provider))
    names = [f"r0.{name}" for name in columns]
    text = f"{text} AS r0"
    for at in range(1, draw(st.integers(1, 3))):
        other, columns = draw(relations(with_provider=with_provider))
        side = draw(st.sampled_from(["", "LEFT", "RIGHT", "FULL", "CROSS"]))
        inner = [f"r{at}.{name}" for name in columns]
        names += inner
        if side == "CROSS":
            text += f" CROSS JOIN (SELECT * FROM {other} LIMIT 0) AS r{at}"
            names = [n for n in names if not n.endswith(".provider") or not n.startswith(f"r{at}.")]
            continue
        joined = f"r{at - 1}.tail = r{at}.tail"
        if draw(st.booleans()) and side != "FULL":
            joined += f" AND {draw(conditions(names, 1))}"
        text += f" {side} JOIN {other} AS r{at} ON {joined}"
    return text, names


@st.composite
def aggregates(draw, names):
    """Write an aggregate whose outcome does not depend on the order of rows."""
    numbers = [name for name in names if kind_of(name) == "number"]
    choices = ["count(*)", f"count(DISTINCT {draw(st.sampled_from(names))})"]
    choices += [f"{word}({draw(st.sampled_from(names))})" for word in ("min", "max", "count")]
    if numbers:
        number = draw(st.sampled_from(numbers))
        choices += [f"sum({number})", f"avg({number})", f"sum({number}) FILTER ({number} > 3)"]
    return draw(st.sampled_from(choices)).replace("FILTER (", "FILTER (WHERE ")


@st.composite
def queries(draw, *, with_provider):
    """Write a query; what it gives does not depend on the order of rows."""
    text, names = draw(sources(with_provider=with_provider))
    where = f" WHERE {draw(conditions(names))}" if draw(st.booleans()) else ""
    if where and draw(st.booleans()):
        where += f" AND {draw(conditions(names))}"
    if where and draw(st.integers(0, 3)) == 0:
        other = draw(conditions(["q.tail", "q.origin", "q.delay"]))
        word = draw(st.sampled_from(["IN", "NOT IN"]))
        where += f" AND r0.tail {word} (SELECT q.tail FROM flights AS q WHERE {other})"
    keys = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    if draw(st.booleans()):
        values = [draw(aggregates(names)) for _ in range(draw(st.integers(1, 3)))]
        outputs = [*keys, *values]
        ending = f" GROUP BY {', '.join(keys)}"
        if draw(st.booleans()):
            ending += f" HAVING {draw(aggregates(names)).split(' FILTER')[0]} IS NOT NULL"
    else:
        outputs = keys
        ending = ""
    listed = ", ".join(f"{item} AS c{at}" for at, item in enumerate(outputs))
    distinct = "DISTINCT " if draw(st.integers(0, 4)) == 0 else ""
    sql = f"SELECT {distinct}{listed} FROM {text}{where}{ending}"
    if draw(st.integers(0, 3)) == 0:
        sql = f"WITH w AS ({sql}) SELECT * FROM w"
    if draw(st.integers(0, 2)) == 0:
        order = ", ".join(str(at) for at in range(1, len(outputs) + 1))
        sql += f" ORDER BY {order} LIMIT {draw(st.integers(0, 6))}"
    return sql


OVER = """
    rank() dense_rank() percent_rank() cume_dist() count(*) count({}) min({}) max({}) lag({})
    first_value({}) row_number() ntile(3)
""".split()


@st.composite
def windowed(draw, *, with_provider):
    """Write a query with windows; all columns order what could come in any order."""
    text, columns = draw(relations(with_provider=with_provider))
    names = [f"r0.{name}" for name in columns]
    where = f" WHERE {draw(conditions(names))}" if draw(st.booleans()) else ""
    order = ", ".join(draw(st.permutations(names)))
    part = f"PARTITION BY {draw(st.sampled_from(names))} " if draw(st.booleans()) else ""
    call = draw(st.sampled_from(OVER)).format(draw(st.sampled_from(names)))
    frame = "" if draw(st.booleans()) else " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"
    frame = frame if call.startswith(("count", "min", "max", "first")) else ""
    outputs = ", ".join(f"{name} AS c{at}" for at, name in enumerate(names))
    form = draw(st.integers(0, 2))
    if form == 0:
        kept = f"QUALIFY row_number() OVER ({part}ORDER BY {order}) <= 2"
        return f"SELECT {outputs} FROM {text} AS r0{where} {kept}"
    if form == 1:
        named = f"WINDOW w AS ({part}ORDER BY {order})"
        return f"SELECT {outputs}, {call} OVER w AS x FROM {text} AS r0{where} {named}"
    over = f"{call} OVER ({part}ORDER BY {order}{frame}) AS x"
    return f"SELECT {outputs}, {over} FROM {text} AS r0{where}"


@st.composite
def combined(draw, *, with_provider):
    """Write a set operation, a DISTINCT ON, or a join by USING."""
    schemas = ["shared", "ua", "dl"]

    def side():
        schema = draw(st.sampled_from(schemas))
        kind = draw(st.sampled_from(["flights", "crews"]))
        where = draw(conditions([f"{kind}.tail", f"{kind}.tail"]))
        return f"SELECT tail FROM {schema}.{kind} WHERE {where}"

    words = [f"{word}{rest}" for word in ("UNION", "INTERSECT", "EXCEPT") for rest in ("", " ALL")]
    match draw(st.integers(0, 3)):
        case 0:
            sql = side()
            for _ in range(draw(st.integers(1, 2))):
                sql += f" {draw(st.sampled_from(words))} {side()}"
            return sql + draw(st.sampled_from(["", " ORDER BY tail", " ORDER BY 1 LIMIT 3"]))
        case 1:
            text, columns = draw(relations(with_provider=with_provider))
            key = draw(st.sampled_from(columns))
            return f"SELECT DISTINCT ON ({key}) {', '.join(columns)} FROM {text} ORDER BY ALL"
        case 2:
            join = draw(st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]))
            schema = draw(st.sampled_from(schemas))
            outputs = draw(st.sampled_from(["tail, origin, size", "tail, count(*) AS n"]))
            if draw(st.booleans()):
                names = ["f.tail", "f.delay", "c.size", "c.tail"]
                on = f"f.tail = c.tail AND {draw(conditions(names, 1))}"
                return (
                    f"SELECT c.size AS s, count(f.delay) AS n FROM {schema}.flights AS f "
                    f"{join if 'FULL' not in join else 'JOIN'} {schema}.crews AS c ON {on} "
                    f"WHERE {draw(conditions(names))} GROUP BY 1"
                )
            ending = " GROUP BY tail" if "count" in outputs else ""
            return (
                f"SELECT {outputs} FROM {schema}.flights {join} {schema}.crews USING (tail){ending}"
            )
        case _:
            united = f"({side()} UNION {side()}) AS u"
            return f"SELECT count(*) AS n FROM {united} JOIN local.planes USING (tail)"


def _same(left, right):
    return left.schema == right.schema and Counter(_rows(left)) == Counter(_rows(right))


def _rows(table):
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(max_examples=examples(250))
@given(seed=st.integers(0, SEEDS - 1), with_provider=st.booleans(), data=st.data())
def test_a_plan_gives_what_the_query_gives_over_all_the_data(seed, with_provider, data):
    sql = data.draw(queries(with_provider=with_provider))
    place = world(seed)
    plan = place.plan(sql)
    note(sql)
    note(str(plan))
    whole = place.whole_answer(sql, with_provider=with_provider)
    split = place.split_answer(plan)
    assert split.schema == whole.schema
    assert Counter(_rows(split)) == Counter(_rows(whole))


@settings(max_examples=examples(150))
@given(seed=st.integers(0, SEEDS - 1), with_provider=st.booleans(), data=st.data())
def test_windows_and_set_operations_give_the_same(seed, with_provider, data):
    strategy = data.draw(st.sampled_from([windowed, combined]))
    sql = data.draw(strategy(with_provider=with_provider))
    place = world(seed)
    plan = place.plan(sql)
    note(sql)
    note(str(plan))
    whole = place.whole_answer(sql, with_provider=with_provider)
    split = place.split_answer(plan)
    assert split.schema == whole.schema
    assert Counter(_rows(split)) == Counter(_rows(whole))


@settings(max_examples=examples(100))
@given(seed=st.integers(0, SEEDS - 1).filter(lambda n: n % 3 != 2), data=st.data())
def test_where_types_are_not_known_but_alike_a_plan_gives_the_same(seed, data):
    sql = data.draw(queries(with_provider=False))
    place = world(seed)
    plan = place.plan(sql, typed=False)
    note(sql)
    note(str(plan))
    assert _same(place.split_answer(plan), place.whole_answer(sql))


@settings(max_examples=examples(60))
@given(seed=st.integers(0, SEEDS - 1), data=st.data())
def test_a_query_over_one_dataset_of_one_provider_gives_the_same(seed, data):
    relation, columns = data.draw(relations(with_provider=False, single=True))
    names = [f"r.{name}" for name in columns]
    keys = data.draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    values = [data.draw(aggregates(names)) for _ in range(2)]
    outputs = ", ".join(f"{item} AS c{at}" for at, item in enumerate([*keys, *values]))
    sql = f"SELECT {outputs} FROM {relation} AS r WHERE {data.draw(conditions(names))}"
    if keys:
        sql += f" GROUP BY {', '.join(keys)}"
    place = world(seed)
    plan = place.plan(sql)
    note(sql)
    note(str(plan))
    assert len(plan.fragments) == 1
    assert _same(place.split_answer(plan), place.whole_answer(sql))


@settings(max_examples=examples(60))
@given(seed=st.integers(0, SEEDS - 1), rows=st.integers(0, 12), skipped=st.integers(0, 3))
def test_a_pushed_limit_gives_as_many_rows_of_the_relation(seed, rows, skipped):
    sql = "SELECT * FROM flights WHERE delay > 3"
    place = world(seed)
    everything = Counter(_rows(place.whole_answer(sql)))
    limited = place.split_answer(place.plan(f"{sql} LIMIT {rows} OFFSET {skipped}"))
    assert limited.num_rows == max(0, min(rows, everything.total() - skipped))
    assert Counter(_rows(limited)) <= everything


@settings(max_examples=examples(100))
@given(data=st.data(), with_provider=st.booleans())
def test_a_fragment_names_granted_columns_of_its_providers_dataset_only(data, with_provider):
    plan = world(0).plan(data.draw(queries(with_provider=with_provider)))
    for fragment in plan.fragments:
        (tree,) = parse_trees(fragment.sql)
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        tables = {table.name for table in tree.find_all(exp.Table)} - ctes
        assert tables <= {"flights", "crews"}
        assert all(not table.db for table in tree.find_all(exp.Table))
        outputs = {item.alias for item in tree.find_all(exp.Alias)}
        granted = set(FLIGHTS) | {"size"} | outputs
        assert {column.name for column in tree.find_all(exp.Column)} <= granted


@pytest.mark.parametrize("name", ["secret", "flight_number"])
@settings(max_examples=examples(20))
@given(data=st.data())
def test_a_column_that_is_not_granted_is_refused_wherever_it_stands(name, data):
    place = data.draw(
        st.sampled_from(
            [
                "SELECT {} FROM flights",
                "SELECT count(*) FROM flights WHERE {} = 1",
                "SELECT count(*) FROM flights GROUP BY {}",
                "SELECT origin FROM flights ORDER BY {}",
                "SELECT origin FROM flights WHERE tail IN (SELECT {} FROM crews)",
                "SELECT 1 FROM flights AS a JOIN crews AS b ON a.{} = b.tail",
            ]
        )
    )
    with pytest.raises(Refusal, match="is not granted"):
        world(0).plan(place.format(name))
