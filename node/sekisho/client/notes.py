"""What comes with an answer: how far providers have come, their receipts, and their gaps."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one provider has come."""

    party: str
    """The provider, or `local` for the company's own data."""
    state: str
    """`asked`, `answering`, `answered`, `refused` or `failed`."""
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One provider's signed statement, as this company's node verified it."""

    provider: str
    rows: int
    bytes: int
    request: str
    """The request's id, `sha256:…`."""
    ledger_index: int
    """The answer's entry in the provider's ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What a provider did not give of statistics that another provider gave.

    Too few units or too dominant ones, or no rows at all: a withheld cell looks like an empty one.
    Totals over several providers may miss what is in it.
    """

    provider: str
    cells: int
    """How many cells it gave nothing or not every figure of, and another provider did."""


def progress_text(parts: Sequence[Progress]) -> str:
    """Say how far each provider has come, one a line."""
    width = max((len(item.party) for item in parts), default=0)
    return "\n".join(
        f"{item.party:<{width}}  {item.state}, {rows_text(item.rows)}" for item in parts
    )


def rows_text(rows: int) -> str:
    """Say how many rows there are."""
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"
