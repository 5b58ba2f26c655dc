"""Small tables that a consumer brings: their types, beside those of the columns that they meet."""

from sekisho.model.grants import LookupType

_TYPES = {
    "VARCHAR": LookupType.TEXT,
    "DATE": LookupType.DATE,
    "BOOLEAN": LookupType.BOOLEAN,
} | dict.fromkeys(
    "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT".split(),
    LookupType.INTEGER,
)


def lookup_type_of(type_name: str) -> LookupType | None:
    """Tell which of a lookup's types meets a column; None where none does.

    Args:
        type_name: DuckDB's, such as `SMALLINT`; an enumerated type is text.
    """
    name = type_name.strip().upper()
    return LookupType.TEXT if name.startswith("ENUM(") else _TYPES.get(name)
