"""Masks give what the contract says, of the type it says, and never fail."""

import datetime as dt
from decimal import Decimal
from hashlib import sha256

import duckdb
import pytest
from sqlglot import exp

from sekisho.gate.masks import masked, masked_type, shown_type
from sekisho.model.contract import (
    BucketMask,
    BucketWidthMask,
    PseudonymMask,
    RedactMask,
    RoundMask,
    TruncateMask,
    TruncateUnit,
)
from sekisho.sql.write import bind_literals, write_query


@pytest.fixture(scope="module")
def engine():
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def shown(engine, mask, kind, value, *, timezone="America/New_York"):
    """Mask one value of a type in a real engine; give its type and what is shown as text."""
    made = masked(lambda: exp.column("x", quoted=True), kind, mask, timezone=timezone)
    select = exp.select(made.as_("y")).from_("t")
    parameters = dict(bind_literals(select))
    engine.execute("DROP TABLE IF EXISTS t")
    engine.execute(f"CREATE TABLE t (x {kind})")
    engine.execute("INSERT INTO t VALUES (?)", [value])
    if isinstance(mask, PseudonymMask):
        parameters |= {"k1": "1", "k2": "2"}
    relation = engine.sql(write_query(select), params=parameters or None)
    return str(relation.types[0]), relation.project("y::VARCHAR").fetchall()[0][0]


@pytest.mark.parametrize(
    ("mask", "kind", "value", "type_and_text"),
    [
        (RoundMask(round_to=5), "SMALLINT", 12, ("SMALLINT", "10")),
        (RoundMask(round_to=5), "SMALLINT", 13, ("SMALLINT", "15")),
        (RoundMask(round_to=5), "SMALLINT", -13, ("SMALLINT", "-15")),
        (RoundMask(round_to=10), "INTEGER", 15, ("INTEGER", "20")),
        (RoundMask(round_to=10), "INTEGER", -15, ("INTEGER", "-20")),
        (RoundMask(round_to=5), "INTEGER", None, ("INTEGER", None)),
        (RoundMask(round_to=5), "BIGINT", 9007199254740993, ("BIGINT", "9007199254740995")),
        (RoundMask(round_to=10), "SMALLINT", 32767, ("SMALLINT", None)),
        (RoundMask(round_to=10), "HUGEINT", 2**127 - 1, ("HUGEINT", None)),
        (RoundMask(round_to=10), "HUGEINT", -(2**127), ("HUGEINT", None)),
        (RoundMask(round_to=5), "DECIMAL(6,2)", Decimal("12.51"), ("DECIMAL(6,2)", "15.00")),
        (RoundMask(round_to=5), "DOUBLE", 12.4, ("DOUBLE", "10.0")),
        (RoundMask(round_to=5), "DOUBLE", float("inf"), ("DOUBLE", "inf")),
        (BucketMask(bucket=(0, 18, 65)), "INTEGER", 17, ("BIGINT", "0")),
        (BucketMask(bucket=(0, 18, 65)), "INTEGER", 18, ("BIGINT", "18")),
        (BucketMask(bucket=(0, 18, 65)), "INTEGER", 99, ("BIGINT", "65")),
        (BucketMask(bucket=(0, 18, 65)), "INTEGER", -1, ("BIGINT", None)),
        (BucketMask(bucket=(-10, 0)), "INTEGER", -3, ("BIGINT", "-10")),
        (BucketMask(bucket=(0, 2**53 + 1)), "BIGINT", 2**53, ("BIGINT", "0")),
        (BucketMask(bucket=(0, 18)), "DOUBLE", float("nan"), ("BIGINT", None)),
        (BucketMask(bucket=(0, 18)), "DECIMAL(38,30)", Decimal("18.5"), ("BIGINT", "18")),
        (BucketWidthMask(bucket_width=7), "INTEGER", 13, ("BIGINT", "7")),
        (BucketWidthMask(bucket_width=7), "INTEGER", -1, ("BIGINT", "-7")),
        (BucketWidthMask(bucket_width=7), "INTEGER", -7, ("BIGINT", "-7")),
        (BucketWidthMask(bucket_width=7), "DOUBLE", -0.5, ("BIGINT", "-7")),
        (BucketWidthMask(bucket_width=7), "DOUBLE", float("inf"), ("BIGINT", None)),
        (BucketWidthMask(bucket_width=7), "UBIGINT", 2**64 - 1, ("BIGINT", None)),
        (
            TruncateMask(truncate=TruncateUnit("year")),
            "DATE",
            dt.date(2026, 5, 6),
            ("DATE", "2026-01-01"),
        ),
        (
            TruncateMask(truncate=TruncateUnit("month")),
            "DATE",
            dt.date(2026, 5, 6),
            ("DATE", "2026-05-01"),
        ),
        (
            TruncateMask(truncate=TruncateUnit("hour")),
            "DATE",
            dt.date(2026, 5, 6),
            ("DATE", "2026-05-06"),
        ),
        (
            TruncateMask(truncate=TruncateUnit("month")),
            "DATE",
            "5877642-06-25 (BC)",
            ("DATE", None),
        ),
        (
            TruncateMask(truncate=TruncateUnit("hour")),
            "DATE",
            "5877642-06-25 (BC)",
            ("DATE", "5877642-06-25 (BC)"),
        ),
        (TruncateMask(truncate=TruncateUnit("month")), "DATE", "infinity", ("DATE", "infinity")),
        (
            TruncateMask(truncate=TruncateUnit("hour")),
            "TIMESTAMP",
            "2026-05-06 07:08:00",
            ("TIMESTAMP", "2026-05-06 07:00:00"),
        ),
        (
            TruncateMask(truncate=TruncateUnit("day")),
            "TIMESTAMP_NS",
            "2026-05-06 07:08:09.123456789",
            ("TIMESTAMP_NS", "2026-05-06 00:00:00"),
        ),
        # The day begins at 04:00 UTC in New York while daylight saving holds, at 05:00 after it.
        (
            TruncateMask(truncate=TruncateUnit("day")),
            "TIMESTAMP WITH TIME ZONE",
            "2026-05-06 02:00:00+00",
            ("TIMESTAMP WITH TIME ZONE", "2026-05-05 04:00:00+00"),
        ),
        (
            TruncateMask(truncate=TruncateUnit("month")),
            "TIMESTAMP WITH TIME ZONE",
            "2026-12-06 02:00:00+00",
            ("TIMESTAMP WITH TIME ZONE", "2026-12-01 05:00:00+00"),
        ),
        (
            TruncateMask(truncate=TruncateUnit("month")),
            "TIMESTAMP WITH TIME ZONE",
            "290309-12-22 (BC) 00:00:00+00",
            ("TIMESTAMP WITH TIME ZONE", None),
        ),
        (RedactMask("redact"), "DECIMAL(6,2)", Decimal("1.5"), ("DECIMAL(6,2)", None)),
        (RedactMask("redact"), "ENUM('a')", "a", ("VARCHAR", None)),
    ],
)
def test_mask_shows(engine, mask, kind, value, type_and_text):
    assert shown(engine, mask, kind, value) == type_and_text


@pytest.mark.parametrize("kind", ["VARCHAR", "INTEGER", "DATE", "BLOB", "UUID"])
def test_pseudonym_is_the_keyed_hash_of_the_text(engine, kind):
    value = {"INTEGER": 5, "DATE": dt.date(2026, 1, 1), "UUID": "0" * 32}.get(kind, "abc")
    value = b"abc" if kind == "BLOB" else value
    mask = PseudonymMask(pseudonym="this-contract-and-provider")
    text = str(engine.execute(f"SELECT ?::{kind}::VARCHAR", [value]).fetchall()[0][0])
    inner = sha256(("1" + text).encode()).hexdigest()
    assert shown(engine, mask, kind, value) == (
        "VARCHAR",
        sha256(("2" + inner).encode()).hexdigest(),
    )


def test_pseudonym_of_null_is_null(engine):
    mask = PseudonymMask(pseudonym="this-contract-and-provider")
    assert shown(engine, mask, "VARCHAR", None) == ("VARCHAR", None)


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (TruncateMask(truncate=TruncateUnit("day")), "VARCHAR"),
        (TruncateMask(truncate=TruncateUnit("hour")), "TIME"),
        (RoundMask(round_to=5), "DATE"),
        (BucketMask(bucket=(0,)), "VARCHAR"),
        (BucketWidthMask(bucket_width=7), "BOOLEAN"),
    ],
)
def test_mask_that_does_not_fit_has_no_type(mask, kind):
    assert masked_type(mask, kind) is None


def test_enumerations_are_shown_as_text_wherever_they_stand():
    assert shown_type("ENUM('a', 'b')") == "VARCHAR"
    assert shown_type("ENUM('a', 'b')[]") == "VARCHAR"
    assert shown_type("INTEGER") == "INTEGER"
