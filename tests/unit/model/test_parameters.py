"""A parameter is a value as text in the form of a type from a closed set."""

import duckdb
import pytest

from sekisho.model.parameters import Parameter, engine_type

GOOD = [
    ("text", ""),
    ("text", "O'Hare; --"),
    ("text", "関所"),
    ("boolean", "true"),
    ("integer", "0"),
    ("integer", "-9223372036854775808"),
    ("integer", "9223372036854775807"),
    ("float", "1.5"),
    ("float", "-1e300"),
    ("decimal(5,2)", "-123.45"),
    ("decimal(5,2)", "000123.4"),
    ("decimal(38,0)", "9" * 38),
    ("decimal(2,2)", "0.99"),
    ("date", "0001-01-01"),
    ("date", "2024-02-29"),
    ("timestamp", "2026-12-01 23:59:59"),
    ("timestamp", "2026-12-01 23:59:59.123456"),
    ("timestamptz", "2026-12-01 00:00:00+14:00"),
    ("timestamptz", "2026-12-01 00:00:00.5-03:30"),
]
BAD = [
    ("text", "a\x00b"),
    ("text", "\ud800"),
    ("boolean", "TRUE"),
    ("integer", "1.0"),
    ("integer", "9223372036854775808"),
    ("integer", "٣"),
    ("integer", " 1"),
    ("float", "nan"),
    ("float", "1e9999"),
    ("float", ".5"),
    ("decimal(5,2)", "1234.5"),
    ("decimal(5,2)", "1.234"),
    ("decimal(5,2)", ".5"),
    ("decimal(5,2)", "-"),
    ("date", "2026-02-30"),
    ("date", "2026-2-3"),
    ("date", "infinity"),
    ("timestamp", "2026-12-01"),
    ("timestamp", "2026-12-01T00:00:00"),
    ("timestamp", "2026-12-01 24:00:00"),
    ("timestamptz", "2026-12-01 00:00:00"),
    ("timestamptz", "2026-12-01 00:00:00+99:00"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_value_of_its_type_is_taken_and_an_engine_reads_it(kind, value):
    found = Parameter(name="x", type=kind, value=value)
    sql = f"SELECT CAST($v_x AS {found.engine_type})::VARCHAR"
    assert duckdb.sql(sql, params={"v_x": value}).fetchall()


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_value_of_another_form_is_refused(kind, value):
    with pytest.raises(ValueError, match="the value of the parameter `x` is not of the type"):
        Parameter(name="x", type=kind, value=value)


@pytest.mark.parametrize("name", ["", "X", "a-b", "0", "1000", "a" * 64, "p0;", "naïve"])
def test_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="is no name of a parameter"):
        Parameter(name=name, type="text", value="")


@pytest.mark.parametrize(
    "kind", ["", "varchar", "decimal", "decimal(39,0)", "decimal(2,3)", "TEXT"]
)
def test_type_that_is_not_listed_is_refused(kind):
    with pytest.raises(ValueError, match="is no type of a parameter; there are text, boolean"):
        engine_type(kind)
