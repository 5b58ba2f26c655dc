"""Records: only what a dataclass says, only in canonical form."""

from dataclasses import dataclass

import pytest

from sekisho.errors import DocumentError
from sekisho.ledger.instants import moment_text
from sekisho.ledger.record import from_record, parse_record, to_record
from support.state import NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    part: Part | None = None
    is_true: bool = False


@dataclass(frozen=True)
class Strange:
    size: float


def test_parts_that_are_not_there_are_left_out():
    assert to_record(Whole()) == {"is_true": False}
    assert from_record(Whole, {"is_true": False}) == Whole()


def test_the_place_of_a_mistake_is_named():
    with pytest.raises(DocumentError, match=r"record\.part\.names"):
        from_record(Whole, {"part": {"names": [1]}})
    with pytest.raises(DocumentError, match="not a list"):
        from_record(Part, {"names": "a"})
    with pytest.raises(DocumentError, match="neither true nor false"):
        from_record(Whole, {"is_true": 1})


def test_types_that_no_record_holds_are_our_own_mistake():
    with pytest.raises(TypeError, match="no record"):
        from_record(Strange, {"size": 1.0})
    with pytest.raises(TypeError, match="no record"):
        to_record(object())


@pytest.mark.parametrize(
    "data", [b"{", b'{"a":NaN}', b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a":"\\ud800"}', b"\xff"]
)
def test_other_spellings_are_refused(data):
    with pytest.raises(DocumentError):
        parse_record(data)


def test_an_instant_without_its_offset_is_our_own_mistake():
    with pytest.raises(ValueError, match="UTC"):
        moment_text(NOW.replace(tzinfo=None))
