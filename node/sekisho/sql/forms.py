"""The allow-list of SQL as data: forms, the parts of each that may be filled, cast types."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

_BINARY = frozenset({"this", "expression"})
_UNARY = frozenset({"this"})
_SET_OPERATION = _BINARY | {"distinct", "with_", "order", "limit", "offset"}

FORMS: Mapping[type[exp.Expr], frozenset[str]] = MappingProxyType(
    {
        exp.Select: frozenset(
            """
            with_ expressions distinct from_ joins where group having windows qualify order limit
            offset
            """.split()
        ),
        exp.Union: _SET_OPERATION,
        exp.Intersect: _SET_OPERATION,
        exp.Except: _SET_OPERATION,
        exp.With: frozenset({"expressions"}),
        exp.CTE: frozenset({"this", "alias", "materialized"}),
        exp.From: _UNARY,
        exp.Table: frozenset({"this", "db", "catalog", "alias"}),
        exp.TableAlias: frozenset({"this", "columns"}),
        exp.Subquery: frozenset({"this", "alias"}),
        exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
        exp.Where: _UNARY,
        exp.Group: frozenset({"expressions", "all"}),
        exp.Having: _UNARY,
        exp.Order: frozenset({"expressions"}),
        exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
        exp.Limit: frozenset({"expression"}),
        exp.Offset: frozenset({"expression"}),
        exp.Distinct: frozenset({"expressions", "on"}),
        exp.Tuple: frozenset({"expressions"}),
        exp.Qualify: _UNARY,
        exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
        exp.IgnoreNulls: _UNARY,
        exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side", "exclude"}),
        exp.Alias: frozenset({"this", "alias"}),
        exp.Identifier: frozenset({"this", "quoted"}),
        exp.Column: frozenset({"this", "table", "db", "catalog"}),
        exp.Star: frozenset(),
        exp.Literal: frozenset({"this", "is_string"}),
        exp.Boolean: _UNARY,
        exp.Null: frozenset(),
        exp.Paren: _UNARY,
        exp.Neg: _UNARY,
        exp.Not: _UNARY,
        exp.Add: _BINARY,
        exp.Sub: _BINARY,
        exp.Mul: _BINARY,
        exp.Div: _BINARY | {"typed", "safe"},
        exp.IntDiv: _BINARY,
        exp.Mod: _BINARY,
        exp.DPipe: _BINARY | {"safe"},
        exp.EQ: _BINARY,
        exp.NEQ: _BINARY,
        exp.LT: _BINARY,
        exp.LTE: _BINARY,
        exp.GT: _BINARY,
        exp.GTE: _BINARY,
        exp.NullSafeEQ: _BINARY,
        exp.NullSafeNEQ: _BINARY,
        exp.And: _BINARY,
        exp.Or: _BINARY,
        exp.Is: _BINARY,
        exp.Like: _BINARY | {"negate"},
        exp.ILike: _BINARY | {"negate"},
        exp.Escape: _BINARY,
        exp.Between: frozenset({"this", "low", "high"}),
        exp.In: frozenset({"this", "expressions", "query"}),
        exp.Exists: _UNARY,
        exp.Case: frozenset({"this", "ifs", "default"}),
        exp.If: frozenset({"this", "true"}),
        exp.Cast: frozenset({"this", "to"}),
        exp.TryCast: frozenset({"this", "to", "safe"}),
        exp.DataType: frozenset({"this", "expressions", "nested"}),
        exp.DataTypeParam: _UNARY,
        exp.Extract: _BINARY,
        exp.Interval: frozenset({"this", "unit"}),
        exp.Var: _UNARY,
        exp.Anonymous: frozenset({"this", "expressions"}),
        exp.Filter: _BINARY,
        exp.Placeholder: _UNARY,
    }
)
"""Classes of nodes, and the parts of each that may be filled."""

CAST_TYPES = frozenset(
    """
    BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT FLOAT DOUBLE DECIMAL
    TEXT VARCHAR DATE TIME TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS
    INTERVAL UUID
    """.split()
)
"""Types to which a value may be cast."""

WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Anonymous": ("this call", ""),
        "AtTimeZone": ("AT TIME ZONE", "times are given in UTC"),
        "All": ("ALL", "compare with max or min of the subquery"),
        "Any": ("ANY", "use IN"),
        "Array": ("a list", "ask for plain values"),
        "Bracket": ("a subscript", "ask for whole values"),
        "ByteString": ("an escape string", "write the characters themselves in '…'"),
        "Collate": ("COLLATE", "compare with upper or lower"),
        "Concat": ("a literal in several parts", "write one literal, or use ||"),
        "CurrentDate": ("the current date", "write the date, such as DATE '2026-12-01'"),
        "CurrentTimestamp": ("the current time", "write the time itself"),
        "Dot": ("a call or a field after a dot", "call functions as name(value)"),
        "Lambda": ("a lambda", "compute with plain expressions"),
        "Lateral": ("LATERAL", "use a subquery"),
        "Parameter": ("a parameter", "write the value into the query"),
        "Pow": ("the operator ^ or **", "use power(a, b)"),
        "PositionalColumn": ("a column by its position", "name the column"),
        "Pivot": ("PIVOT", "use GROUP BY"),
        "RegexpLike": ("the operator ~", "use regexp_full_match"),
        "SimilarTo": ("SIMILAR TO", "use regexp_full_match"),
        "Struct": ("a struct", "ask for plain values"),
        "Tuple": ("a row of values", "compare the values one by one"),
        "Values": ("VALUES", "ask over a granted dataset"),
        "columns": ("a list of names after an alias", "name columns with AS"),
        "except_": ("EXCLUDE", "name the columns"),
        "replace": ("REPLACE", "name the columns"),
        "rename": ("RENAME", "name the columns with AS"),
        "by_name": ("BY NAME", "give both sides the same columns in the same order"),
        "pivots": ("PIVOT", "use GROUP BY"),
        "recursive": ("WITH RECURSIVE", "use plain WITH"),
        "sample": ("a sample", "use WHERE or LIMIT"),
        "locks": ("FOR UPDATE", "leave it out"),
        "limit_options": ("a LIMIT in percent", "write a number of rows"),
        "grouping_sets": ("GROUPING SETS", "ask for each grouping on its own"),
        "GroupingSets": ("GROUPING SETS", "ask for each grouping on its own"),
        "Rollup": ("ROLLUP", "ask for each grouping on its own"),
        "Cube": ("CUBE", "ask for each grouping on its own"),
        "method": ("NATURAL, ASOF or POSITIONAL JOIN", "write ON with both columns"),
    }
)
"""What a form that is not listed is called, and what to write instead."""
