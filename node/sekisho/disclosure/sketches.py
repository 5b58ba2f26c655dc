"""Sketches: for each unit of a cell a sum that tells what the cell counts of it.

Two cells that count as many rows of a unit, or the same values, have the same sum for it. So the
units for which the sums differ are those of whom one cell tells something that the other does not.
Membership alone would miss a unit that is in both cells with other rows.

A sketch with a slot for each unit is exact. A coarse one has its units share slots; two sketches
are compared in the coarser one's slots, which counts too few differing units, never too many.

To find the sketches that are near one without comparing all, each is listed under its first few
slots with their sums. If fewer than `LISTED_SLOTS` slots differ between two sketches, the first
`LISTED_SLOTS` slots of both together hold one that is equal, and it is among the first of each.
"""

import hashlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

LISTED_SLOTS = 24
"""Under how many of its slots a sketch is listed; up to so many units are told apart by lists.

A coarse sketch has at least 48 of its 64 basic slots taken (`steps.FULL_PERCENT`). One that is
exact and takes fewer than 24 of them differs from it in 24 at least, so it is not listed by those.
"""
BASIC_SLOTS = 64
"""Into which every coarse sketch can be folded: the fewest slots that there are."""
MAX_KEPT_UNITS = 2048
"""An exact sketch of more units is kept coarse."""
KEPT_SLOTS = 1024
_FULL = KEPT_SLOTS * 3 // 4
_MASK = 2**64 - 1
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """The sums of one cell, by slot."""

    slots: int | None
    """A power of two, at least `BASIC_SLOTS`; None where each unit has its own."""
    places: array  # type: ignore[type-arg]  # array has no parameters at run time in Python 3.11
    """Slots in rising order, as unsigned 64 bits."""
    sums: array  # type: ignore[type-arg]  # as above
    """Modulo 2^64, one a slot."""

    @cached_property
    def by_slot(self) -> Mapping[int, int]:
        """The sums by slot."""
        return MappingProxyType(dict(zip(self.places, self.sums, strict=True)))

    @cached_property
    def digest(self) -> str:
        """What tells one sketch from another, however many there are; 32 hexadecimal digits."""
        content = b"%d:" % (self.slots or 0) + self.to_bytes()
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    @cached_property
    def listing(self) -> tuple[int, ...]:
        """The numbers, of 64 bits with a sign, under which it is listed and looked for."""
        numbers = []
        if self.slots is None:
            first = zip(self.places[:LISTED_SLOTS], self.sums[:LISTED_SLOTS], strict=True)
            numbers += [_number(place, value, exact=True) for place, value in first]
        basic = fold(self, BASIC_SLOTS)
        if self.slots is not None or len(basic) >= LISTED_SLOTS:
            first_basic = sorted(basic)[:LISTED_SLOTS]
            numbers += [_number(place, basic[place], exact=False) for place in first_basic]
        return tuple(numbers)

    def to_bytes(self) -> bytes:
        """Write the slots and then the sums, 8 bytes each, in this machine's order."""
        return self.places.tobytes() + self.sums.tobytes()


def parse_sketch(data: bytes, slots: int | None) -> Sketch:
    """Read what `Sketch.to_bytes` wrote."""
    values = array("Q")
    values.frombytes(data)
    half = len(values) // 2
    return Sketch(slots=slots, places=values[:half], sums=values[half:])


def fold(sketch: Sketch, slots: int) -> Mapping[int, int]:
    """Give a sketch's sums by fewer slots."""
    if sketch.slots == slots:
        return sketch.by_slot
    folded: dict[int, int] = {}
    for place, value in zip(sketch.places, sketch.sums, strict=True):
        folded[place % slots] = (folded.get(place % slots, 0) + value) & _MASK
    return folded


def differing(left: Sketch, right: Sketch) -> int:
    """Count the units for which two cells differ, never more than there are."""
    if left == right:
        return 0
    coarse = [item.slots for item in (left, right) if item.slots is not None]
    if not coarse:
        return _differing(left.by_slot, right.by_slot)
    slots = min(coarse)
    return _differing(fold(left, slots), fold(right, slots))


def _differing(left: Mapping[int, int], right: Mapping[int, int]) -> int:
    return len({place for place, _ in left.items() ^ right.items()})


def kept(sketch: Sketch) -> Sketch:
    """Give a sketch in the size in which it is remembered."""
    if sketch.slots is not None or len(sketch.places) <= MAX_KEPT_UNITS:
        return sketch
    folded = fold(sketch, KEPT_SLOTS)
    if len(folded) < _FULL:
        return sketch
    places = array("Q", sorted(folded))
    return Sketch(
        slots=KEPT_SLOTS, places=places, sums=array("Q", (folded[place] for place in places))
    )


def _number(place: int, value: int, *, exact: bool) -> int:
    mixed = (place * _MIX[0] + value * _MIX[1] + exact) & _MASK
    mixed ^= mixed >> 29
    return mixed - 2**63
