"""What is asked of providers for rows, where it takes a catalog of its own to tell."""

import pytest

from sekisho.federation.catalog import Part, ShownColumn, catalog_of
from sekisho.federation.plan import plan_query
from sekisho.model.grants import Access, Grant
from support.second_parser import DuckDBParser

PARSER = DuckDBParser()
COLUMNS = {"k": "VARCHAR", "s0": "INTEGER", "n": "BIGINT", "day": "DATE", "moment": "TIMESTAMP"}


def part(alias, dataset="rows", columns=None, **terms):
    shown = COLUMNS if columns is None else columns
    grant = Grant.model_validate(
        {
            "grant": terms.pop("grant", alias),
            "datasets": (f"{alias}.example/{dataset}",),
            "access": Access.ROWS,
            "columns": {name: {} for name in shown},
            **terms,
        }
    )
    return Part(
        party=f"{alias}.example",
        alias=alias,
        dataset=dataset,
        columns=tuple(ShownColumn(name=name, type=kind) for name, kind in shown.items()),
        grants=(grant,),
    )


def asked(sql, *parts):
    """Give what the first provider is asked, and the residual."""
    plan = plan_query(sql, catalog_of(parts or (part("a"), part("b"))), parser=PARSER)
    return plan.fragments[0].sql, plan.residual_sql


def test_a_state_is_called_what_no_column_is():
    fragment, residual = asked("SELECT s0, count(*) AS c FROM rows GROUP BY s0")
    assert fragment == 'SELECT "s0", count(*) AS "s1" FROM "rows" GROUP BY "s0"'
    assert 'sum("rows"."s1")' in residual


@pytest.mark.parametrize(
    ("written", "reckoned"),
    [
        ("n > -(2 + 3)", '"n" > -5'),
        ("n = 2 * 3 - 10", '"n" = -4'),
        ("n IN (1 + 1, 3)", '"n" IN (2, 3)'),
        ("day <> DATE '2024-02-29' + INTERVAL 1 YEAR", "\"day\" <> CAST('2025-02-28' AS DATE)"),
        ("day > DATE '2024-02-29' - INTERVAL 2 WEEK", "\"day\" > CAST('2024-02-15' AS DATE)"),
        ("day < DATE '2024-11-30' + INTERVAL 1 QUARTER", "\"day\" < CAST('2025-02-28' AS DATE)"),
        (
            "moment < DATE '2024-01-01' + INTERVAL 1 MONTH",
            "\"moment\" < CAST('2024-02-01 00:00:00' AS TIMESTAMP)",
        ),
    ],
)
def test_a_constant_is_reckoned_as_duckdb_does(written, reckoned):
    fragment, _ = asked(f"SELECT k FROM rows WHERE {written}")
    assert fragment == f'SELECT "k" FROM "rows" WHERE {reckoned}'


@pytest.mark.parametrize(
    "written",
    [
        "n > 1234567890 + 1",
        "day < DATE '9999-12-01' + INTERVAL 2 MONTH",
        "day < DATE '2024-01-01' + INTERVAL 3 HOUR",
        "day < DATE '2024-01-01' + 3",
        "day < DATE '2024-01-01' + (INTERVAL 1 DAY + INTERVAL 1 DAY)",
        "n > 1 + s0",
        "n > (SELECT 1) + 1",
    ],
)
def test_a_constant_that_is_not_surely_reckoned_stays(written):
    fragment, residual = asked(f"SELECT k FROM rows WHERE {written}")
    assert "WHERE" not in fragment
    assert "WHERE" in residual
    assert "+" in residual


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT k, count(*) AS c FROM rows GROUP BY k",
        "SELECT DISTINCT k FROM rows",
        "SELECT k FROM rows ORDER BY k LIMIT 3",
    ],
)
def test_rows_that_are_held_back_by_units_are_asked_for_as_rows(sql):
    held = {"privacy_units": ("n",), "disclosure": {"minimum_units": 10}}
    fragment, _ = asked(sql, part("a", **held), part("b"))
    assert fragment == 'SELECT "k" FROM "rows"'


@pytest.mark.parametrize("kind", ["", "BLOB", "INTERVAL", "DOUBLE", "STRUCT(a INTEGER)"])
def test_what_equal_values_do_not_share_is_not_grouped_by(kind):
    odd = {**COLUMNS, "k": kind}
    fragment, _ = asked(
        "SELECT k, count(*) AS c FROM rows GROUP BY k", part("a", columns=odd), part("b")
    )
    assert fragment == 'SELECT "k" FROM "rows"'


@pytest.mark.parametrize(
    "figure", ["sum(n)", "max(n)", "avg(s0)", "sum(s0 * 2)", "min(s0 + n)", "count(n + 1)"]
)
def test_a_figure_of_a_column_that_one_provider_has_in_another_kind_is_not_asked(figure):
    odd = {**COLUMNS, "n": "VARCHAR", "s0": "BIGINT"}
    fragment, _ = asked(
        f"SELECT k, {figure} AS c FROM rows GROUP BY k", part("a"), part("b", columns=odd)
    )
    assert "GROUP BY" not in fragment or figure == "avg(s0)"


def test_a_wide_number_is_brought_back_where_it_is_the_least_of_all():
    wide = {**COLUMNS, "n": "HUGEINT"}
    parts = (part("a", columns=wide), part("b", columns=wide))
    fragment, residual = asked("SELECT min(n) AS c FROM rows", *parts)
    assert fragment == 'SELECT min("n") AS "s1" FROM "rows"'
    assert 'CAST("s1" AS INT128) AS "s1"' in residual
    mixed = (part("a", columns=wide), part("b"))
    assert asked("SELECT min(n) AS c FROM rows", *mixed)[0] == 'SELECT "n" FROM "rows"'
    assert asked("SELECT sum(n) AS c FROM rows", *parts)[0] == 'SELECT "n" FROM "rows"'


JOINED = "SELECT r.k, s.n FROM a.rows AS r, a.more AS s WHERE r.k = s.k AND r.n > 3"


def test_columns_of_one_name_are_told_apart_in_a_join():
    fragment, residual = asked(JOINED, part("a"), part("a", "more"))
    assert fragment == (
        'SELECT "r"."k" AS "k", "s"."n" AS "n_1" FROM "rows" AS "r"'
        ' JOIN "more" AS "s" ON "r"."k" = "s"."k" WHERE "r"."n" > 3'
    )
    assert residual == 'SELECT "r"."k" AS "k", "r"."n_1" AS "n" FROM "fragment_0" AS "r"'


@pytest.mark.parametrize(
    ("sql", "second"),
    [
        (JOINED, part("a", "more", grant="other")),
        (JOINED, part("a", "more", columns={**COLUMNS, "k": "DATE"})),
        (JOINED, part("a", "more", columns={**COLUMNS, "k": ""})),
        (JOINED.replace("r.k = s.k", "r.n < s.n"), part("a", "more")),
        (JOINED.replace("a.more", "a.rows"), part("a", "more")),
        (JOINED.replace("a.more", "b.more"), part("b", "more")),
        (JOINED.replace(", a.more AS s", " LEFT JOIN a.more AS s ON true"), part("a", "more")),
    ],
)  # fmt: skip
def test_what_a_provider_would_not_join_alike_is_joined_here(sql, second):
    fragment, _ = asked(sql, part("a"), second)
    assert " JOIN " not in fragment


def test_unions_are_joined_at_each_provider_where_the_provider_is_equal():
    parts = [part(alias, dataset) for dataset in ("rows", "more") for alias in ("a", "b")]
    for item in parts:
        assert item.grants[0].grant == item.alias
    sql = (
        "SELECT r.provider, count(*) AS c FROM rows AS r JOIN more AS s"
        " ON r.provider = s.provider AND r.k = s.k GROUP BY 1"
    )
    fragment, residual = asked(sql, *parts)
    assert fragment == (
        'SELECT count(*) AS "s1" FROM "rows" AS "r" JOIN "more" AS "s" ON "r"."k" = "s"."k"'
    )
    assert 'WHERE "s1" > 0' in residual
    across, _ = asked(sql.replace("r.provider = s.provider AND ", ""), *parts)
    assert " JOIN " not in across


def test_a_key_that_is_written_twice_is_asked_for_once():
    fragment, _ = asked("SELECT length(k) AS a, length(k) AS b, max(n) FROM rows GROUP BY a, b")
    assert fragment.count("AS") == 2
