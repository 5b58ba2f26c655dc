"""Sketches made of plain mappings from units to the sums of their rows' hashes."""

from array import array
from collections.abc import Mapping

from sekisho.disclosure.sketches import Sketch
from support.plain_cells import folded


def sketch(cell: Mapping[int, int], slots: int | None = None) -> Sketch:
    """Make the sketch of a cell, with shared slots or a slot for each unit."""
    sums = folded(dict(cell), slots)
    places = sorted(sums)
    return Sketch(
        slots=slots, places=array("Q", places), sums=array("Q", (sums[place] for place in places))
    )
