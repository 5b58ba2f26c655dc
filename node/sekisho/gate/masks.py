"""What stands in a column's place: an expression that cannot fail, and the type that it gives."""

from collections.abc import Callable
from typing import assert_never

from sqlglot import exp

from sekisho.model.contract import (
    AnyMask,
    BucketMask,
    BucketWidthMask,
    PseudonymMask,
    RedactMask,
    RoundMask,
    TruncateMask,
    TruncateUnit,
)
from sekisho.sql.types import Type, parse_type

Value = Callable[[], exp.Expr]
"""Makes the raw column anew each time, since a node of a tree has one parent."""

_TIMES = frozenset({"ts", "ts_s", "ts_ms", "ts_ns"})
_WHOLE = "HUGEINT"
_number = exp.Literal.number


def shown_type(type_name: str) -> str:
    """Tell the type in which an unmasked column is shown; an enumerated one becomes text.

    A filtered column of an enumerated type would still carry its whole dictionary.
    """
    return "VARCHAR" if "ENUM(" in type_name.upper() else type_name


def unmasked(value: Value, type_name: str) -> exp.Expr:
    """Show a column as it is."""
    shown = shown_type(type_name)
    return value() if shown == type_name else _cast(value(), shown)


def masked_type(mask: AnyMask, type_name: str) -> str | None:
    """Tell the type that a mask gives, or None where the mask does not fit the column's type."""
    kind = parse_type(type_name).kind
    match mask:
        case PseudonymMask():
            return "VARCHAR"
        case RedactMask():
            return shown_type(type_name)
        case TruncateMask():
            return type_name if kind in _TIMES | {"date", "tstz"} else None
        case RoundMask():
            return type_name if kind in {"int", "dec", "float"} else None
        case BucketMask() | BucketWidthMask():
            return "BIGINT" if kind in {"int", "dec", "float"} else None
        case _:
            assert_never(mask)


def masked(value: Value, type_name: str, mask: AnyMask, *, timezone: str) -> exp.Expr:
    """Write a mask over a column whose type it fits.

    Args:
        value: Makes the raw column.
        type_name: The column's DuckDB type.
        mask: One that `masked_type` has a type for.
        timezone: The contract's, in which instants are truncated.

    Source:
        `docs/spec/gate.md`, step 7.
    """
    column = parse_type(type_name)
    match mask:
        case PseudonymMask():
            return _pseudonym(value())
        case RedactMask():
            return _cast(exp.Null(), shown_type(type_name))
        case TruncateMask(truncate=unit):
            return _truncated(value(), type_name, unit, timezone=timezone)
        case RoundMask(round_to=step):
            return _try_cast(_rounded(value, column, step), type_name)
        case BucketMask(bucket=edges):
            return _bucket(value, column, edges)
        case BucketWidthMask(bucket_width=width):
            return _try_cast(_even_bucket(value, column, width), "BIGINT")
        case _:
            assert_never(mask)


def _pseudonym(value: exp.Expr) -> exp.Expr:
    """Hash twice with two keys; NULL stays NULL."""
    inner = _call("sha256", _joined(exp.Placeholder(this="k1"), _cast(value, "VARCHAR")))
    return _call("sha256", _joined(exp.Placeholder(this="k2"), inner))


def _truncated(value: exp.Expr, type_name: str, unit: TruncateUnit, *, timezone: str) -> exp.Expr:
    kind = parse_type(type_name).kind
    part = exp.Literal.string(unit.value)
    if kind == "date" and unit is TruncateUnit.HOUR:
        return value
    if kind == "tstz":
        local = _call("date_trunc", part, _call("timezone", exp.Literal.string(timezone), value))
        return _call("TRY", _call("timezone", exp.Literal.string(timezone), local))
    if kind == "date":
        value = _try_cast(value, "TIMESTAMP")
    return _try_cast(_call("TRY", _call("date_trunc", part, value)), type_name)


def _rounded(value: Value, column: Type, step: int) -> exp.Expr:
    """Round half away from zero; whole numbers exactly, at any size."""
    if column.kind != "int":
        scaled = exp.Div(this=_cast(value(), "DOUBLE"), expression=_number(step))
        return exp.Mul(this=_call("round", scaled), expression=_number(step))
    doubled = exp.Mul(this=_call("abs", _cast(value(), _WHOLE)), expression=_number(2))
    steps = exp.IntDiv(
        this=exp.paren(exp.Add(this=doubled, expression=_number(step))),
        expression=_number(2 * step),
    )
    size = exp.Mul(this=exp.paren(steps), expression=_number(step))
    return _call("TRY", exp.Mul(this=_call("sign", value()), expression=exp.paren(size)))


def _bucket(value: Value, column: Type, edges: tuple[int, ...]) -> exp.Expr:
    def reading() -> exp.Expr:
        return value() if column.kind == "int" else _cast(value(), "DOUBLE")

    branches = [
        exp.If(this=exp.GTE(this=reading(), expression=_number(edge)), true=_number(edge))
        for edge in reversed(edges)
    ]
    if column.kind == "float":
        branches.insert(0, exp.If(this=_call("isnan", reading()), true=exp.Null()))
    return _cast(exp.Case(ifs=branches), "BIGINT")


def _even_bucket(value: Value, column: Type, width: int) -> exp.Expr:
    if column.kind != "int":
        scaled = exp.Div(this=_cast(value(), "DOUBLE"), expression=_number(width))
        return exp.Mul(this=_call("floor", scaled), expression=_number(width))
    whole = _cast(value(), _WHOLE)
    rest = exp.Mod(this=_cast(value(), _WHOLE), expression=_number(width))
    above = exp.Add(this=exp.paren(rest), expression=_number(width))
    positive = exp.Mod(this=exp.paren(above), expression=_number(width))
    return _call("TRY", exp.Sub(this=whole, expression=exp.paren(positive)))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _joined(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=left, expression=right)


def _cast(value: exp.Expr, type_name: str) -> exp.Expr:
    return exp.Cast(this=value, to=_type(type_name))


def _try_cast(value: exp.Expr, type_name: str) -> exp.Expr:
    return exp.TryCast(this=value, to=_type(type_name))


def _type(type_name: str) -> exp.Expr:
    return exp.DataType.build(type_name, dialect="duckdb")
