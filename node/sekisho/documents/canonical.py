"""Canonical JSON (RFC 8785): one value, one spelling, so that a signature covers what is meant.

Documents hold texts, integers, truth values, lists and mappings, so the parts of RFC 8785 that
deal with floats are never reached. Reading is strict: bytes that are not their own canonical
encoding are refused, whatever they would mean.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias, Union

import rfc8785

from sekisho.documents.value import MAX_INTEGER, Value
from sekisho.errors import DocumentError, Finding
from sekisho.model.limits import DEFAULT_LIMITS, Limits

Plain: TypeAlias = Union[str, int, bool, "Sequence[Plain]", "Mapping[str, Plain]"]
"""What can be written: as `Value`, with any sequence and any mapping."""


def canonical_json(value: Mapping[str, Plain]) -> bytes:
    """Write a value in its one canonical form.

    Raises:
        ValueError: It holds a float, a null, a key that is not a text, an integer beyond
            ±(2^53 - 1), or half of a surrogate pair.

    Source:
        RFC 8785; `docs/spec/documents.md`, section 3.
    """
    return rfc8785.dumps(_writable(value))


def parse_canonical(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, name: str = "payload"
) -> dict[str, Value]:
    """Read canonical JSON, refusing every other spelling of the same value.

    Args:
        data: The bytes as they were received, after their signatures were checked.
        limits: Reads `max_document_bytes`, `max_document_depth` and `max_document_nodes`.
        name: What to call the document in errors.

    Raises:
        DocumentError: It is too large, not JSON, no object, or not canonical.

    Source:
        `docs/spec/documents.md`, section 3.
    """
    if len(data) > limits.max_document_bytes:
        _refuse(f"it has {len(data)} bytes, more than {limits.max_document_bytes}", name)
    try:
        value = _decoder.decode(data.decode("utf-8"))
        _check_bounds(value, limits)
        same = rfc8785.dumps(value) == data
    except _NotAllowedError as error:
        _refuse(str(error), name)
    except RecursionError:
        _refuse("it is nested too deep", name)
    except ValueError:
        _refuse("it is not JSON in UTF-8", name)
    if not isinstance(value, dict):
        _refuse("it is not an object", name)
    if not same:
        _refuse("it is not in canonical form", name)
    return value


class _NotAllowedError(ValueError):
    """JSON that documents do not have."""


def _refuse(message: str, name: str) -> NoReturn:
    """Raise the one finding that a reader of signed bytes makes."""
    raise DocumentError((Finding(message=message),), name=name)


def _pairs(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    """Build an object whose keys are all different."""
    built = dict(pairs)
    if len(built) != len(pairs):
        raise _NotAllowedError("a key stands in it twice")
    return built


def _no_float(text: str) -> NoReturn:
    """Refuse fractions, exponents, infinities and not-a-number."""
    raise _NotAllowedError(f"it holds `{text[:40]}`, which is not an integer")


def _integer(text: str) -> int:
    """Read an integer that every JSON reader keeps exactly."""
    if len(text) > len(str(-MAX_INTEGER)) or abs(int(text)) > MAX_INTEGER:
        raise _NotAllowedError("it holds an integer beyond ±(2^53 - 1)")
    return int(text)


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer
)


def _check_bounds(value: object, limits: Limits) -> None:
    """Walk level by level; refuse nulls, and what is too deep or too much."""
    level, nodes = [value], 0
    for _ in range(limits.max_document_depth + 1):
        nodes += len(level)
        if nodes > limits.max_document_nodes:
            raise _NotAllowedError(f"it has more than {limits.max_document_nodes} values")
        if any(item is None for item in level):
            raise _NotAllowedError("it holds a null")
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise _NotAllowedError(f"it is nested deeper than {limits.max_document_depth} levels")


def _children(item: object) -> list[object]:
    """List what a collection holds."""
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _writable(value: object) -> Value:
    """Take over what documents can hold, as the encoder knows it."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a document's keys are texts")
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_writable(item) for item in value]
    raise ValueError(f"a document cannot hold a {type(value).__name__}")
