"""USING is written out as what it means, and ON says what it does with its columns."""

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.dialect import write_tree
from sekisho.sql.read import read_query
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Place, Relation
from sekisho.sql.types import parse_type
from support.gate_cases import PARSER


def relation(name, *columns):
    return Relation(
        key=name,
        names=(name,),
        columns={item: parse_type("INTEGER") for item in columns},
        starred=columns,
    )


RELATIONS = {
    (item.key,): item
    for item in (relation("a", "k", "x"), relation("b", "K", "y"), relation("c", "k", "z"))
}


def resolved(sql):
    return resolve(read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS), RELATIONS.get)


def uses(sql):
    return {(ref.source.alias, ref.column, ref.place) for ref in resolved(sql).references}


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT k FROM a JOIN b USING (k)",
         'SELECT "a"."k" AS "k" FROM a AS "a" JOIN b AS "b" ON "a"."k" = "b"."K"'),
        ("SELECT k FROM a RIGHT JOIN b USING (k)",
         'SELECT "b"."K" AS "K" FROM a AS "a" RIGHT JOIN b AS "b" ON "a"."k" = "b"."K"'),
        ("SELECT k FROM a FULL JOIN b USING (k)",
         ('SELECT coalesce("a"."k", "b"."K") AS "k" FROM a AS "a" FULL JOIN b AS "b" '
          'ON "a"."k" = "b"."K"')),
        ("SELECT * FROM a FULL JOIN b USING (k) LEFT JOIN c USING (k)",
         ('SELECT coalesce("a"."k", "b"."K") AS "k", "a"."x" AS "x", "b"."y" AS "y", '
          '"c"."z" AS "z" FROM a AS "a" FULL JOIN b AS "b" ON "a"."k" = "b"."K" '
          'LEFT JOIN c AS "c" ON coalesce("a"."k", "b"."K") = "c"."k"')),
        ("SELECT b.* FROM a JOIN b USING (k)",
         ('SELECT "b"."K" AS "K", "b"."y" AS "y" FROM a AS "a" JOIN b AS "b" '
          'ON "a"."k" = "b"."K"')),
    ],
)  # fmt: skip
def test_using_becomes_on(sql, written):
    assert write_tree(resolved(sql).tree) == written


@pytest.mark.parametrize(
    ("sql", "message", "reason"),
    [
        ("SELECT k FROM a, b", "could be a column of two relations", "SYNTAX_NOT_ALLOWED"),
        ("SELECT 1 FROM a JOIN b USING (x)", "the column `x` is not granted", "COLUMN_NOT_GRANTED"),
        ("SELECT 1 FROM a JOIN b USING (y)", "the column `y` is not granted", "COLUMN_NOT_GRANTED"),
        ("SELECT 1 FROM a JOIN b ON a.x = b.y JOIN c USING (k)",
         "could be a column of two relations", "SYNTAX_NOT_ALLOWED"),
        ("SELECT 1 FROM a JOIN b USING (k), c AS d JOIN c USING (k)", "one column twice",
         "SYNTAX_NOT_ALLOWED"),
        ("SELECT 1 FROM a, b JOIN c ON a.x = c.z", "stands before a comma", "SYNTAX_NOT_ALLOWED"),
        ("SELECT 1 FROM a, b JOIN c ON x = c.z", "`x` is not granted", "COLUMN_NOT_GRANTED"),
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(sql, message, reason):
    with pytest.raises(Refusal, match=message) as caught:
        resolved(sql)
    assert caught.value.reason is RefusalReason(reason)


def test_names_before_a_comma_are_seen_after_from():
    sql = "SELECT a.x FROM a, b JOIN c ON b.y = c.z WHERE a.k = c.k"
    assert ("a", "k", Place.FILTER) in uses(sql)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("USING (k)", {Place.JOIN}),
        ("ON a.k = b.k", {Place.JOIN}),
        ("ON (a.k IS NOT DISTINCT FROM b.k) AND a.k = b.y", {Place.JOIN}),
        ("ON a.k = 1", {Place.JOIN, Place.FILTER}),
        ("ON a.k < b.k", {Place.JOIN, Place.FILTER}),
        ("ON a.k = a.x", {Place.JOIN, Place.FILTER}),
        ("ON a.k = b.k OR a.k = b.y", {Place.JOIN, Place.FILTER}),
        ("ON a.k + 1 = b.k", {Place.JOIN, Place.FILTER}),
        ("ON a.x = b.y AND a.k IN (SELECT z FROM c)", {Place.JOIN, Place.FILTER}),
        ("ON EXISTS (SELECT 1 FROM c WHERE c.z = a.k)", {Place.INNER}),
    ],
)
def test_on_joins_by_equality_alone_and_filters_by_the_rest(condition, places):
    found = uses(f"SELECT 1 FROM a JOIN b {condition}")
    assert {place for alias, column, place in found if (alias, column) == ("a", "k")} == places
