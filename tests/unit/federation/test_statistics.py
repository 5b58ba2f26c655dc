"""How the planner asks for statistics: whom, for what, and what it reads in their place."""

from dataclasses import replace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.catalog import catalog_of
from sekisho.federation.plan import LookupUse, plan_query
from support.gate_cases import PARSER
from support.several import CONTRACT, catalog, signed_contract

CATALOG = catalog(signed_contract())
MIXED = CONTRACT.replace("a.example/tests, b", "b").replace(
    "grants:\n",
    "grants:\n  - {grant: open, datasets: [a.example/tests], access: rows,"
    " columns: {age: {}, sex: {}, ct: {}}}\n",
)
VISITS = CONTRACT.replace(
    "c.example/tests]", "c.example/tests, a.example/visits, b.example/visits]"
)


def plan(sql, known=CATALOG):
    return plan_query(sql, known, parser=PARSER)


def refused(sql, known=CATALOG):
    with pytest.raises(Refusal) as caught:
        plan(sql, known)
    return caught.value


def asked(sql, known=CATALOG):
    """Whom a query asks, and what."""
    return {item.party.partition(".")[0]: item.sql for item in plan(sql, known).fragments}


def known_of(text):
    return catalog(signed_contract(text))


def test_each_provider_is_asked_once_for_the_same_cells():
    sql = "WITH w AS ({0}), v AS ({0}) SELECT w.age FROM w JOIN v ON w.age = v.age"
    found = plan(sql.format("SELECT age, count(*) AS n FROM tests GROUP BY age"))
    assert [item.party for item in found.fragments] == ["a.example", "b.example", "c.example"]
    assert [item.name for item in found.merges] == ["cells_0", "cells_1"]


def test_a_fragment_is_a_query_of_statistics_over_the_providers_own_name():
    sql = (
        "SELECT sex AS s, avg(ct) FROM tests AS t WHERE t.age >= 5 AND day < DATE '2026-02-01'"
        " GROUP BY s HAVING count(*) > 20 ORDER BY 2 DESC LIMIT 3"
    )
    wanted = (
        'SELECT "sex" AS "k0", avg("ct") AS "f0", count(*) AS "f1", count("ct") AS "f2"'
        ' FROM "tests" WHERE "age" >= 5 AND "day" < CAST(\'2026-02-01\' AS DATE) GROUP BY "sex"'
    )
    assert asked(sql) == {"a": wanted, "b": wanted, "c": wanted}
    residual = plan(sql).residual_sql
    assert residual == (
        'SELECT "cells_0"."k0" AS "s", "cells_0"."f0" AS "avg(ct)" FROM "cells_0"'
        ' WHERE "cells_0"."f1" > 20 ORDER BY 2 DESC LIMIT 3'
    )


def test_one_provider_alone_needs_no_merge_and_no_helping_figures():
    found = plan("SELECT age, avg(ct) FROM a.tests GROUP BY age")
    assert [item.sql for item in found.fragments] == [
        'SELECT "age" AS "k0", avg("ct") AS "f0" FROM "tests" GROUP BY "age"'
    ]
    assert found.merges == ()
    assert '"fragment_0" AS "cells_0"' in found.residual_sql


def test_by_provider_cells_stand_side_by_side():
    found = plan("SELECT provider, count(DISTINCT patient) AS n FROM tests GROUP BY provider")
    assert asked("SELECT provider, count(DISTINCT patient) FROM tests GROUP BY 1")["b"] == (
        'SELECT count(DISTINCT "patient") AS "f0" FROM "tests"'
    )
    (merge,) = found.merges
    assert merge.sql.startswith('SELECT \'a\' AS "k0", "f0" FROM "fragment_0" WHERE')


def test_names_of_cells_and_fragments_give_way_to_those_of_the_query():
    sql = (
        "WITH cells_0 AS (SELECT 1 AS x), fragment_0 AS (SELECT 2 AS y)"
        " SELECT count(*), (SELECT x FROM cells_0), (SELECT y FROM fragment_0) FROM tests"
    )
    found = plan(sql)
    assert [item.name for item in found.merges] == ["cells_0_"]
    assert [item.name for item in found.fragments] == ["fragment_1", "fragment_2", "fragment_3"]


def test_statistics_are_joined_with_rows_once_they_are_cells():
    known = known_of(
        CONTRACT.replace(
            "grants:\n",
            "grants:\n  - {grant: sexes, datasets: [b.example/sexes], access: rows,"
            " columns: {sex: {}, note: {}}}\n",
        )
    )
    sql = (
        "SELECT x.note, w.n FROM (SELECT sex, count(*) AS n FROM tests GROUP BY sex) AS w"
        " JOIN b.sexes AS x ON w.sex = x.sex WHERE x.note = 'y'"
    )
    found = plan(sql, known)
    assert [item.sql for item in found.fragments][-1] == (
        'SELECT "sex", "note" FROM "sexes" WHERE "note" = \'y\''
    )
    assert len(found.fragments) == 4
    direct = "SELECT count(*) FROM tests AS t JOIN b.sexes AS x ON t.sex = x.sex"
    assert refused(direct, known).message == "governed rows are not joined with other rows"


def test_a_provider_that_gives_rows_may_stand_in_a_union_of_statistics():
    found = plan("SELECT age, sum(ct) FROM tests GROUP BY age", known_of(MIXED))
    assert {item.party for item in found.fragments} == {"a.example", "b.example", "c.example"}
    assert len({item.sql for item in found.fragments}) == 1
    assert refused("SELECT age FROM tests", known_of(MIXED)).reason is RefusalReason.USE_NOT_GRANTED
    assert asked("SELECT age FROM a.tests", known_of(MIXED)) == {"a": 'SELECT "age" FROM "tests"'}


def test_a_lookup_is_named_by_its_bare_name_and_told_beside_the_fragment():
    sql = (
        "SELECT w.word, count(*) FROM tests AS t JOIN local.words AS w ON t.sex = w.sex"
        " WHERE w.word >= 'm' GROUP BY w.word"
    )
    found = plan(sql)
    use = LookupUse(name="words", key="sex", columns={"word": "text"}, dataset="words")
    assert [item.lookups for item in found.fragments] == [(use,)] * 3
    assert found.fragments[0].sql == (
        'SELECT "w"."word" AS "k0", count(*) AS "f0" FROM "tests" AS "t"'
        ' JOIN "words" AS "w" ON "t"."sex" = "w"."sex" WHERE "w"."word" >= \'m\''
        ' GROUP BY "w"."word"'
    )
    assert found.local_datasets == ()


JOINED = "SELECT {}, count(*) FROM tests AS t JOIN local.{} ON {} GROUP BY 1"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            JOINED.format("a.label", "ages AS a", "t.age = a.age"),
            "`local.ages` is not joined with governed rows: the grant lists no such lookup",
        ),
        (
            JOINED.format("w.other", "words AS w", "t.sex = w.sex"),
            "the column `w.other` is not granted",
        ),
        (
            JOINED.format("w.word", "words AS w", "t.age = w.sex"),
            "the column `age` may not be joined on",
        ),
        (
            JOINED.format("w.word", "words AS w", "t.sex = w.word"),
            "the table `words` is joined on its key and nothing else",
        ),
        (
            JOINED.format("w.sex", "words AS w", "t.sex = w.sex"),
            "the key of `words` is joined on, and used for nothing else",
        ),
        (
            "SELECT count(*) FROM local.words AS w JOIN tests AS t ON t.sex = w.sex",
            "a table that is brought stands joined to a dataset",
        ),
        (
            "SELECT count(DISTINCT patient) FROM tests",
            "distinct `patient` do not add up: one may be with several providers",
        ),
        (
            "SELECT count(*) FROM tests AS t JOIN a.tests AS u ON t.sex = u.sex",
            "governed rows are not joined across providers",
        ),
        (
            "SELECT count(*) FROM tests AS t JOIN tests AS u ON t.sex = u.sex",
            "governed rows are not joined across providers",
        ),
        (
            "SELECT count(*) FROM tests JOIN tests u ON tests.provider = u.provider",
            "`u` is joined to itself, which would multiply its rows",
        ),
        (
            "SELECT count(*) FROM a.tests AS t JOIN b.tests AS u ON t.sex = u.sex",
            "governed rows are not joined across providers",
        ),
        (
            "SELECT provider, count(*) FROM tests",
            "`provider` is returned only where it is grouped by",
        ),
        ("SELECT count(provider) FROM tests", "`provider` cannot be measured"),
        (
            "SELECT count(*) FROM tests AS t JOIN tests AS u ON t.provider = u.sex",
            "`provider` is joined with `provider` alone",
        ),
        (
            "SELECT count(*) FROM tests WHERE provider = 'x'",
            "no provider of `tests` is called that",
        ),
        (
            "SELECT count(*) FROM tests WHERE provider = 3",
            "`provider` is compared with names of providers",
        ),
        (
            "SELECT note, count(*) FROM tests GROUP BY note",
            "the column `note` may not be grouped by",
        ),
        ("SELECT height FROM tests", "the column `height` is not granted"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anybody_is_asked(sql, message):
    assert refused(sql).message == message


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("provider = 'b'", "b"),
        ("'b' = provider", "b"),
        ("provider IN ('a', 'c', 'x')", "ac"),
        ("provider > 'a'", "bc"),
        ("provider BETWEEN 'a' AND 'b'", "ab"),
        ("provider <= 'b' AND provider >= 'b'", "b"),
    ],
)
def test_a_condition_on_provider_says_who_is_asked(condition, left):
    found = asked(f"SELECT count(*) FROM tests WHERE {condition}")
    assert "".join(found) == left
    assert not any("provider" in sql for sql in found.values())


def test_datasets_are_joined_provider_by_provider():
    known = known_of(VISITS)
    sql = (
        "SELECT v.age, count(*) FROM tests AS t JOIN visits AS v ON t.sex = v.sex{} GROUP BY v.age"
    )
    wanted = (
        'SELECT "v"."age" AS "k0", count(*) AS "f0" FROM "tests" AS "t" JOIN "visits" AS "v"'
        ' ON "t"."sex" = "v"."sex" GROUP BY "v"."age"'
    )
    assert refused(sql.format(""), known).message == "governed rows are not joined across providers"
    assert asked(sql.format(" AND t.provider = v.provider"), known) == {"a": wanted, "b": wanted}
    alone = (
        sql.format("").replace("FROM tests", "FROM a.tests").replace("JOIN visits", "JOIN a.visits")
    )
    assert asked(alone, known) == {"a": wanted}
    on_provider_alone = sql.format("").replace("t.sex = v.sex", "t.provider = v.provider")
    assert refused(on_provider_alone, known).message == "`v` is joined on nothing"


def test_grants_are_tried_one_by_one_and_never_combined():
    text = CONTRACT + (
        "  - grant: more\n    datasets: [a.example/tests, a.example/visits]\n"
        "    access: aggregate\n    privacy_units: [patient]\n    functions: [count]\n"
        "    columns: {day: {use: [group]}, sex: {use: [join]}, patient: {use: [join]}}\n"
    )
    known = known_of(text)
    assert asked("SELECT day, count(*) FROM a.tests GROUP BY day", known)
    assert asked("SELECT age, avg(ct) FROM a.tests GROUP BY age", known)
    assert refused("SELECT day, avg(ct) FROM a.tests GROUP BY day", known).clause == (
        "grants.tests.columns.day.use"
    )
    joined = "SELECT count(*) FROM a.tests AS t JOIN a.visits AS v ON t.sex = v.sex"
    assert asked(joined, known)
    apart = known_of(text.replace("[a.example/tests, a.example/visits]", "[a.example/visits]"))
    assert refused(joined, apart).message == (
        "the query names datasets of the grants `tests` and `more`, and grants are never combined"
    )


def test_means_over_several_providers_need_a_granted_count():
    text = CONTRACT.replace("    columns:", "    functions: [avg, stddev]\n    columns:")
    refusal = refused("SELECT age, avg(ct) FROM tests GROUP BY age", known_of(text))
    assert refusal.message == (
        "`avg` of several providers is put together with `count`, which `a` does not grant"
    )
    assert refusal.reason is RefusalReason.FUNCTION_NOT_ALLOWED
    assert refusal.allowed == ("a.tests", "b.tests", "c.tests")
    assert asked("SELECT age, avg(ct) FROM a.tests GROUP BY age", known_of(text))


def test_columns_of_several_kinds_are_neither_grouped_by_nor_compared():
    relation = CATALOG.find(("tests",))
    parts = [
        replace(
            part,
            columns=tuple(
                replace(item, type="VARCHAR") if item.name == "age" and part.alias == "b" else item
                for item in part.columns
            ),
        )
        for part in relation.parts
    ]
    known = catalog_of(parts)
    refusal = refused("SELECT age, count(*) FROM tests GROUP BY age", known)
    assert refusal.message == "`age` is a number at `a` and text at `b`"
    assert refused("SELECT count(*) FROM tests WHERE age > 3", known).message == refusal.message
    assert asked("SELECT age, count(*) FROM b.tests GROUP BY age", known)
    assert asked("SELECT sex, count(*) FROM tests GROUP BY sex", known)


def test_wide_keys_come_back_to_their_types():
    relation = CATALOG.find(("a", "tests"))
    (part,) = relation.parts
    columns = tuple(
        replace(item, type="UUID") if item.name == "sex" else item for item in part.columns
    )
    known = catalog_of([replace(part, columns=columns)])
    (merge,) = plan("SELECT sex, count(*) FROM tests GROUP BY sex", known).merges
    assert merge.sql == 'SELECT CAST("k0" AS UUID) AS "k0", "f0" FROM "fragment_0"'
    assert merge.gaps == ""
