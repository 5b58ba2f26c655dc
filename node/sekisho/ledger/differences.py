"""How two companies' records of one answer can differ: the kinds, and the comparison of two."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class DifferenceKind(StrEnum):
    """How two records of one answer differ."""

    NOT_ASKED = "not-asked"
    """The provider recorded a request that the consumer's ledger does not show."""
    NOT_RECORDED = "not-recorded"
    """The consumer recorded a question that the provider's ledger does not show."""
    OUTCOME = "outcome"
    """It ended one way here and another way there."""
    CONTENT = "content"
    """It left whole and arrived whole, and was not the same."""
    NOT_ARRIVED = "not-arrived"
    """An answer or refusal left and did not arrive whole: the consumer gave up before it did, as it
    does when another provider fails, or the connection broke."""
    REPEATED = "repeated"
    """The consumer acknowledged it twice in one epoch of its ledger, or otherwise than in an
    earlier one."""
    MISSING = "missing"
    """The consumer counts acknowledgements that its provider does not hold."""


SERIOUS = frozenset(DifferenceKind) - {DifferenceKind.NOT_ARRIVED}
"""Kinds that two honest nodes never make: somebody has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One answer of which two ledgers tell different things."""

    kind: DifferenceKind
    at: str
    request: str
    """Its digest; empty where no single answer is meant."""
    provider: str
    """What the provider's ledger says, in a few words; empty for nothing."""
    consumer: str
    """What the consumer's says."""


class Told(Protocol):
    """What one side's record says of an answer."""

    @property
    def state(self) -> str:
        """`open answered refused cut interrupted failed`."""

    @property
    def rows(self) -> int:
        """How many left or arrived."""

    @property
    def bytes(self) -> int:
        """How many left or arrived."""

    @property
    def blake3(self) -> str:
        """Of what left or arrived whole, in hex."""


def differs(asked: Told, given: Told) -> DifferenceKind | None:
    """Compare what the consumer's and the provider's records say of one answer."""
    if asked.state == given.state:
        said = [(item.rows, item.bytes, item.blake3) for item in (asked, given)]
        is_same = asked.state != "answered" or said[0] == said[1]
        return None if is_same else DifferenceKind.CONTENT
    # A consumer cannot tell why a stream broke off, nor a fallen node what became of it.
    broken = {"cut", "failed", "interrupted", "open"}
    if {asked.state, given.state} <= broken:
        return None
    if (
        given.state in {"answered", "refused"}
        and asked.state in broken
        and asked.bytes <= given.bytes
    ):
        return DifferenceKind.NOT_ARRIVED
    return DifferenceKind.OUTCOME


def words(told: Told | None) -> str:
    """Say in a few words what a record says; nothing where there is none."""
    return f"{told.state}, {told.rows} rows, {told.bytes} bytes" if told is not None else ""
