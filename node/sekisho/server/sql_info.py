"""What a node says of itself and of SQL's types to Flight SQL's clients.

Numbers are those of `SqlInfo` and `XdbcDataType` in Arrow's specification; none is stated that does
not hold.
"""

from importlib.metadata import version

import pyarrow as pa

from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.server.prepared import MAX_STATEMENTS_EACH
from sekisho.wire.flight_sql import GetSqlInfo, GetTypeInfo

_TEXT, _INT = pa.utf8(), pa.int32()
_MAP = pa.map_(_INT, pa.list_(_INT))
_KINDS: tuple[tuple[str, pa.DataType], ...] = (
    ("string_value", _TEXT),
    ("bool_value", pa.bool_()),
    ("bigint_value", pa.int64()),
    ("int32_bitmask", _INT),
    ("string_list", pa.list_(_TEXT)),
    ("int32_to_int32_list_map", _MAP),
)
_VALUE = pa.dense_union([pa.field(name, kind) for name, kind in _KINDS])
SQL_INFO = pa.schema(
    [
        pa.field("info_name", pa.uint32(), nullable=False),
        pa.field("value", _VALUE, nullable=False),
    ]
)
_STRING, _BOOL, _BIGINT, _BITMASK, _STRINGS = range(5)

_INFO: dict[int, tuple[int, object]] = {
    0: (_STRING, "Sekisho"),
    1: (_STRING, version("sekisho")),
    2: (_STRING, pa.__version__),
    3: (_BOOL, True),  # read only
    4: (_BOOL, True),  # SQL
    5: (_BOOL, False),  # Substrait
    8: (_BITMASK, 0),  # transactions: none
    9: (_BOOL, True),  # cancellation
    10: (_BOOL, False),  # bulk ingestion
    500: (_BOOL, False),  # DDL of catalogs
    501: (_BOOL, False),  # DDL of schemas
    502: (_BOOL, False),  # DDL of tables
    503: (_BIGINT, 1),  # names: capitals do not matter
    504: (_STRING, '"'),
    505: (_BIGINT, 1),  # quoted names likewise
    506: (_BOOL, False),  # not every table can be selected from: some give statistics alone
    507: (_BIGINT, 3),  # NULL sorts last in either direction
    508: (_STRINGS, []),  # words that are reserved beside the standard's
    513: (_STRING, "\\"),  # before a `%` or `_` that is meant as it stands
    514: (_STRING, ""),  # further characters of names
    515: (_BOOL, True),  # names of output columns
    516: (_BOOL, True),  # NULL || text is NULL
    518: (_BOOL, True),  # names of tables in a query
    519: (_BOOL, False),  # …which may be those of other tables
    520: (_BOOL, True),  # expressions in ORDER BY
    521: (_BOOL, True),  # ORDER BY of what is not selected
    522: (_BITMASK, 0b11),  # GROUP BY of what is not selected, or of more
    525: (_BITMASK, 0b1),  # the least grammar
    526: (_BITMASK, 0b1),  # SQL-92, entry level
    527: (_BOOL, False),  # constraints
    528: (_BITMASK, 0b110),  # outer joins: all
    529: (_STRING, "schema"),
    530: (_STRING, ""),
    531: (_STRING, "catalog"),
    532: (_BOOL, True),  # the catalog stands first in a name
    536: (_BOOL, False),  # SELECT FOR UPDATE
    537: (_BOOL, False),  # stored procedures
    538: (_BITMASK, 0b111),  # subqueries in comparisons, EXISTS and IN
    539: (_BOOL, True),  # correlated subqueries
    540: (_BITMASK, 0b11),  # UNION, UNION ALL
    556: (_BOOL, False),  # a row's bound would hold for blobs
    557: (_BIGINT, DEFAULT_LIMITS.max_sql_bytes),  # a query's length
    558: (_BIGINT, MAX_STATEMENTS_EACH),  # open statements
    562: (_BIGINT, 0),  # isolation of transactions: none
    563: (_BOOL, False),  # transactions
    564: (_BITMASK, 0b1),  # levels of isolation: none
    565: (_BOOL, False),
    566: (_BOOL, False),
    567: (_BITMASK, 0b10),  # results are read forward only
    572: (_BOOL, False),  # batches of updates
    573: (_BOOL, False),  # savepoints
    574: (_BOOL, False),  # named parameters of procedures
    575: (_BOOL, False),  # locators
    576: (_BOOL, False),  # functions by CALL
}
# Other bounds, such as the columns of GROUP BY: 0 is no stated one.
_INFO |= {number: (_BIGINT, 0) for number in range(541, 562) if number not in _INFO}
# Names of functions are listed in docs/reference/functions.md.
_INFO |= dict.fromkeys((509, 510, 511, 512), (_STRINGS, []))
# Where schemas and catalogs may stand beside queries: nowhere.
_INFO |= dict.fromkeys((533, 534, 535), (_BITMASK, 0))
TYPE_INFO = pa.schema(
    [
        pa.field("type_name", _TEXT, nullable=False),
        pa.field("data_type", _INT, nullable=False),
        pa.field("column_size", _INT),
        pa.field("literal_prefix", _TEXT),
        pa.field("literal_suffix", _TEXT),
        pa.field("create_params", pa.list_(pa.field("item", _TEXT, nullable=False))),
        pa.field("nullable", _INT, nullable=False),
        pa.field("case_sensitive", pa.bool_(), nullable=False),
        pa.field("searchable", _INT, nullable=False),
        pa.field("unsigned_attribute", pa.bool_()),
        pa.field("fixed_prec_scale", pa.bool_(), nullable=False),
        pa.field("auto_increment", pa.bool_()),
        pa.field("local_type_name", _TEXT),
        pa.field("minimum_scale", _INT),
        pa.field("maximum_scale", _INT),
        pa.field("sql_data_type", _INT, nullable=False),
        pa.field("datetime_subcode", _INT),
        pa.field("num_prec_radix", _INT),
        pa.field("interval_precision", _INT),
    ]
)
# Name, number in XDBC, digits or characters, what stands around a literal, radix.
_TYPES: tuple[tuple[str, int, int, str | None, int | None], ...] = (
    ("BIGINT", -5, 19, None, 10),
    ("BOOLEAN", -7, 1, None, None),
    ("DATE", 91, 10, "DATE '", None),
    ("DECIMAL", 3, 38, None, 10),
    ("DOUBLE", 8, 53, None, 2),
    ("INTEGER", 4, 10, None, 10),
    ("REAL", 7, 24, None, 2),
    ("SMALLINT", 5, 5, None, 10),
    ("TIMESTAMP", 93, 26, "TIMESTAMP '", None),
    ("VARCHAR", 12, 65_536, "'", None),
)


def sql_info(wanted: GetSqlInfo) -> pa.Table:
    """List what is asked for; numbers that say nothing here are left out."""
    numbers = [item for item in wanted.numbers or _INFO if item in _INFO]
    kinds, offsets = [], []
    values: list[list[object]] = [[] for _ in _KINDS]
    for number in numbers:
        kind, value = _INFO[number]
        kinds.append(kind)
        offsets.append(len(values[kind]))
        values[kind].append(value)
    union = pa.UnionArray.from_dense(
        pa.array(kinds, pa.int8()),
        pa.array(offsets, _INT),
        [pa.array(items, kind) for items, (_, kind) in zip(values, _KINDS, strict=True)],
        [name for name, _ in _KINDS],
    )
    return pa.Table.from_arrays([pa.array(numbers, pa.uint32()), union], schema=SQL_INFO)


def type_info(wanted: GetTypeInfo) -> pa.Table:
    """List the types that a query may name, by their number."""
    rows = [
        {
            "type_name": name,
            "data_type": number,
            "column_size": size,
            "literal_prefix": around,
            "literal_suffix": "'" if around else None,
            "create_params": ["precision", "scale"] if name == "DECIMAL" else None,
            "nullable": 1,
            "case_sensitive": name == "VARCHAR",
            "searchable": 3,
            "unsigned_attribute": False if radix else None,
            "fixed_prec_scale": False,
            "auto_increment": False,
            "local_type_name": name,
            "minimum_scale": 0 if name == "DECIMAL" else None,
            "maximum_scale": 38 if name == "DECIMAL" else None,
            "sql_data_type": 9 if number in {91, 93} else number,
            "datetime_subcode": {91: 1, 93: 3}.get(number),
            "num_prec_radix": radix,
            "interval_precision": None,
        }
        for name, number, size, around, radix in sorted(_TYPES, key=lambda item: item[1])
        if wanted.number in {None, number}
    ]
    return pa.Table.from_pylist(rows, schema=TYPE_INFO)
