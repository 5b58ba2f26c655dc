"""Types of columns as Arrow has them in an answer, from DuckDB's words for them."""

import re

import pyarrow as pa

_PLAIN = {
    "VARCHAR": pa.utf8(),
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "HUGEINT": pa.decimal128(38, 0),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP_S": pa.timestamp("s"),
    "TIMESTAMP_MS": pa.timestamp("ms"),
    "TIMESTAMP_NS": pa.timestamp("ns"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
    "BLOB": pa.binary(),
}
_DECIMAL = re.compile(r"DECIMAL\((\d{1,2}), ?(\d{1,2})\)")
_MAX_DIGITS = 38
_MAX_LISTS = 8


def arrow_type(name: str) -> pa.DataType:
    """Give the Arrow type of a column.

    Args:
        name: DuckDB's type, such as `DECIMAL(12,2)` or `VARCHAR[]`; it may come from another
            company.

    Returns:
        Arrow's null type where it is not known: what nests otherwise than in lists, and what a
        provider that is away would have told.
    """
    inner = name
    for depth in range(_MAX_LISTS + 1):
        if not inner.endswith("[]"):
            found = _scalar(inner)
            for _ in range(depth if found is not None else 0):
                found = pa.list_(found)
            return pa.null() if found is None else found
        inner = inner.removesuffix("[]")
    return pa.null()


def _scalar(name: str) -> pa.DataType | None:
    digits = _DECIMAL.fullmatch(name)
    if digits is None:
        return pa.utf8() if name.startswith("ENUM(") else _PLAIN.get(name)
    precision, scale = int(digits[1]), int(digits[2])
    if not 1 <= precision <= _MAX_DIGITS or scale > precision:
        return None
    return pa.decimal128(precision, scale)
