"""Whether two parsers read the same query: DuckDB's tree of the text, and of what sqlglot wrote.

The two trees are compared after three things are set aside: places in the text, the case of
functions' and types' names, and a small table of spellings that mean the same. Constants are never
folded. The same walk is a second allow-list, by DuckDB's own eyes: classes of nodes, kinds of
relations and functions that it does not know are refused, whatever sqlglot made of them.
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sekisho.errors import Refusal, RefusalReason
from sekisho.sql.functions import DATE_PART_FUNCTIONS, FUNCTIONS, INTERVAL_UNITS
from sekisho.sql.places import place_at, shown, syntax_refusal

Node = Mapping[str, object]

_CLASSES = frozenset(
    """
    COLUMN_REF CONSTANT FUNCTION OPERATOR COMPARISON CONJUNCTION CAST CASE BETWEEN STAR SUBQUERY
    TYPE WINDOW PARAMETER
    """.split()
)
_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE"})
_RELATIONS = frozenset({"BASE_TABLE", "SUBQUERY", "EMPTY", "JOIN"})
_OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "||"})
_LIKES = frozenset({"~~", "!~~", "~~*", "!~~*"}) | frozenset(
    f"{negated}{case}like_escape" for negated in ("", "not_") for case in ("", "i")
)
_INTERVALS = frozenset(
    f"to_{unit}"
    for unit in """
    years months weeks days hours minutes seconds milliseconds microseconds quarters
    """.split()
)
_WRITTEN_BY_PARSER = _OPERATORS | _LIKES | _INTERVALS | {"trunc", "date_part", "count_star"}
_PLACES = frozenset({"query_location", "query_location_length"})
_PLACES_AND_PATH = _PLACES | {"qualified_name"}
_HOLDERS = frozenset({dict, list})
_STAR_FORMS = ("columns", "expr", "exclude_list", "replace_list", "rename_list")

_TYPE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "bool": "boolean",
        "bpchar": "varchar",
        "char": "varchar",
        "datetime": "timestamp",
        "dec": "decimal",
        "float4": "float",
        "float8": "double",
        "int": "integer",
        "int1": "tinyint",
        "int128": "hugeint",
        "int16": "smallint",
        "int2": "smallint",
        "int32": "integer",
        "int4": "integer",
        "int64": "bigint",
        "int8": "bigint",
        "integral": "integer",
        "logical": "boolean",
        "long": "bigint",
        "numeric": "decimal",
        "real": "float",
        "short": "smallint",
        "signed": "integer",
        "string": "varchar",
        "text": "varchar",
        "timestamp with time zone": "timestamptz",
        "timestamp_us": "timestamp",
    }
)
_NEGATED: Mapping[str, str] = MappingProxyType(
    {
        "COMPARE_NOT_IN": "COMPARE_IN",
        "OPERATOR_IS_NOT_NULL": "OPERATOR_IS_NULL",
    }
)
_NEGATED_CALLS: Mapping[str, str] = MappingProxyType(
    {
        "!~~": "~~",
        "!~~*": "~~*",
        "not_like_escape": "like_escape",
        "not_ilike_escape": "ilike_escape",
    }
)


def read_second(answer: str, *, text: str) -> object:
    """Take the second parser's tree of exactly one SELECT, or refuse what it could not read.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for an error, several statements or none.
    """
    document = json.loads(answer)
    if document.get("error"):
        position = str(document.get("position", ""))
        offset = int(position) if position.isdigit() else None
        line, column = place_at(text, _characters(text, offset)) if offset is not None else (0, 0)
        message = "this does not read as one SELECT"
        raise Refusal(
            RefusalReason.SYNTAX_NOT_ALLOWED,
            message,
            line=line,
            column=column,
            hint="ask one SELECT, in DuckDB's SQL",
        )
    statements = document.get("statements", [])
    if len(statements) != 1:
        message = f"the text holds {len(statements)} statements"
        raise syntax_refusal(message, hint="ask one SELECT")
    return statements[0]


def check_agreement(first: object, second: object, *, text: str) -> None:
    """Refuse when two of the second parser's trees differ, or hold what is on no list.

    Args:
        first: Its tree of the text as it was sent.
        second: Its tree of the text as this side would write it.
        text: What was sent, for places.

    Raises:
        Refusal: `PARSERS_DISAGREE`; `SYNTAX_NOT_ALLOWED` or `FUNCTION_NOT_ALLOWED` for a node.

    Source:
        `docs/spec/gate.md`, step 3.
    """
    if _canonical(first, _Reader(text).check) != _canonical(second, _unchecked):
        message = "two SQL parsers do not read this query alike, so it is not run"
        raise Refusal(
            RefusalReason.PARSERS_DISAGREE,
            message,
            hint="write it in a plainer form: 0.5 for .5, 1000 for 1_000, casts spelled out",
        )


def _characters(text: str, offset_bytes: int) -> int:
    """Turn DuckDB's offset in bytes into one in characters."""
    return len(text.encode()[:offset_bytes].decode(errors="ignore"))


Check = Callable[[dict[str, object]], None]


def _canonical(node: object, check: Check) -> object:
    """Bring a tree to the form in which two are compared, checking each node on the way."""
    if type(node) is dict:
        if "null_order" in node and _is_all(node.get("expression")):
            node = {**node, "expression": "ALL"}
        check(node)
        skipped = _PLACES_AND_PATH if "class" in node else _PLACES
        plain = {
            key: _canonical(value, check) if type(value) in _HOLDERS else value
            for key, value in node.items()
            if key not in skipped
        }
        return _settle(plain)
    if type(node) is list:
        return [_canonical(item, check) for item in node]
    return node


def _unchecked(_: dict[str, object]) -> None:
    """A tree that is only compared with one that was checked."""


class _Reader:
    """Holds each node of the text's own tree to the lists."""

    def __init__(self, text: str) -> None:
        self._text = text

    def check(self, node: dict[str, object]) -> None:
        """Refuse a node that is on no list."""
        name = node.get("class")
        if name is not None and name not in _CLASSES:
            raise self._refusal(node, f"{_words(name)} is not allowed in a query")
        if "alias" in node and name is None and "sample" in node:
            self._check_relation(node)
        if "cte_map" in node and node.get("type") not in _QUERIES:
            raise self._refusal(node, f"{_words(node.get('type'))} is not allowed as a query")
        if name in {"FUNCTION", "WINDOW"}:
            self._check_function(node)
        if name == "STAR" and any(node.get(form) for form in _STAR_FORMS):
            raise self._refusal(node, "only a plain `*` is allowed")
        if node.get("sample"):
            raise self._refusal(node, "a sample is not allowed in a query")

    def _check_relation(self, node: dict[str, object]) -> None:
        if node.get("type") not in _RELATIONS:
            raise self._refusal(node, f"{_words(node.get('type'))} is not allowed as a relation")

    def _check_function(self, node: dict[str, object]) -> None:
        name = str(node.get("function_name")).lower()
        path = node.get("qualified_name")
        is_qualified = isinstance(path, dict) and len(path.get("path", ())) != 1
        if (name not in FUNCTIONS and name not in _WRITTEN_BY_PARSER) or is_qualified:
            line, column = self._place(node)
            raise Refusal(
                RefusalReason.FUNCTION_NOT_ALLOWED,
                f"the function {shown(name)} is not on the list",
                line=line,
                column=column,
            )

    def _place(self, node: dict[str, object]) -> tuple[int, int]:
        offset = node.get("query_location")
        if not isinstance(offset, int) or offset > len(self._text.encode()):
            return 0, 0
        return place_at(self._text, _characters(self._text, offset))

    def _refusal(self, node: dict[str, object], message: str) -> Refusal:
        line, column = self._place(node)
        return Refusal(RefusalReason.SYNTAX_NOT_ALLOWED, message, line=line, column=column)


def _is_all(node: object) -> bool:
    """Tell whether a key of ORDER BY is ALL, which DuckDB reads as a star over all columns."""
    return (
        isinstance(node, dict)
        and node.get("class") == "STAR"
        and node.get("columns") is True
        and not any(node.get(form) for form in _STAR_FORMS if form != "columns")
    )


def _words(name: object) -> str:
    """Say a node's class in words."""
    return f"`{str(name).lower().replace('_', ' ')}`"


def _settle(node: dict[str, object]) -> dict[str, object]:
    """Bring spellings that mean the same to one."""
    kind = node.get("type")
    settle = _SETTLED.get(str(node.get("class")))
    if settle is not None:
        return settle(node)
    if isinstance(kind, str) and kind in _NEGATED:
        return _negation({**node, "type": _NEGATED[kind]})
    if "null_order" in node:
        return _settle_order(node)
    return node


def _settle_type(node: dict[str, object]) -> dict[str, object]:
    """Spell out DuckDB's DECIMAL without digits, and drop where the digits stand."""
    name = str(node["type_name"]).lower()
    name = _TYPE_NAMES.get(name, name)
    written = _literals(node["children"])
    if name == "decimal" and not written:
        written = ["18", "3"]
    return {**node, "type_name": name, "children": written}


def _settle_window(node: dict[str, object]) -> dict[str, object]:
    return {**node, "function_name": str(node["function_name"]).lower()}


def _settle_order(node: dict[str, object]) -> dict[str, object]:
    """Spell out the engine's defaults: ascending, nulls last."""
    defaults = {"ORDER_DEFAULT": "ASCENDING"}
    nulls = {"ORDER_DEFAULT": "NULLS LAST", "NULLS_LAST": "NULLS LAST"}
    order, null_order = str(node["type"]), str(node["null_order"])
    return {
        **node,
        "type": defaults.get(order, order),
        "null_order": nulls.get(null_order, null_order.replace("_", " ")),
    }


def _negation(node: dict[str, object]) -> dict[str, object]:
    inner = {**node, "alias": ""}
    return {
        "class": "OPERATOR",
        "type": "OPERATOR_NOT",
        "alias": node.get("alias", ""),
        "children": [inner],
    }


def _settle_call(node: dict[str, object]) -> dict[str, object]:
    name = str(node["function_name"]).lower()
    call = {**node, "function_name": name}
    if name in DATE_PART_FUNCTIONS:
        call = _fold_first(call)
    if name in _INTERVALS:
        return _settle_interval(call)
    if name in _NEGATED_CALLS:
        return _negation({**call, "function_name": _NEGATED_CALLS[name]})
    return call


def _fold_first(call: dict[str, object]) -> dict[str, object]:
    """Fold the case of a date part, which DuckDB reads without regard to it."""
    arguments = call.get("arguments")
    if not isinstance(arguments, list) or not arguments:
        return call
    text = json.dumps(arguments[0])
    return {**call, "arguments": [json.loads(text.lower()), *arguments[1:]]}


def _settle_interval(call: dict[str, object]) -> dict[str, object]:
    """Read `INTERVAL 3 DAY`, `INTERVAL '3' DAY` and `INTERVAL '3 days'` alike."""
    literals = _literals(call["arguments"])
    if len(literals) != 1:
        return call
    return _interval(literals[0], str(call["function_name"]).removeprefix("to_"), call)


def _settle_cast(node: dict[str, object]) -> dict[str, object]:
    child, target = node.get("child"), node.get("type_expr")
    if not (isinstance(child, dict) and isinstance(target, dict)):
        return node
    literal = child.get("literal")
    if target.get("type_name") != "interval" or not isinstance(literal, dict):
        return node
    written = re.fullmatch(r"(-?\d{1,9}) ([a-z]+)", str(literal.get("text")).lower())
    if literal.get("kind") != "STRING" or not written or written[2] not in INTERVAL_UNITS:
        return node
    return _interval(written[1], written[2], node)


def _interval(amount: str, unit: str, node: dict[str, object]) -> dict[str, object]:
    plain = unit.removesuffix("s")
    return {"class": "INTERVAL", "amount": amount, "unit": plain, "alias": node.get("alias", "")}


def _literals(node: object) -> list[str]:
    """List the texts of all constants in a part of the tree."""
    if isinstance(node, list):
        return [text for item in node for text in _literals(item)]
    if not isinstance(node, dict):
        return []
    literal = node.get("literal")
    if isinstance(literal, dict):
        return [str(literal.get("text"))]
    return [text for value in node.values() for text in _literals(value)]


_SETTLED: Mapping[str, Callable[[dict[str, object]], dict[str, object]]] = MappingProxyType(
    {
        "FUNCTION": _settle_call,
        "WINDOW": _settle_window,
        "TYPE": _settle_type,
        "CAST": _settle_cast,
    }
)
