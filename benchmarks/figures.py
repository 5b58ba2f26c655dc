"""The figures that `make bench` prints and keeps: one a name of the table, with its aim."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure."""

    name: str
    ours: float
    peer: float | None
    """The same from what a company would otherwise set up; None where there is no such thing."""
    ratio: float
    """`ours / peer`, or `ours` where there is no peer."""
    unit: str
    aim: str
    """What `ratio` should be, such as `<= 1.5`."""

    @property
    def is_met(self) -> bool:
        """Tell whether the ratio is what was aimed at."""
        sign, bound = self.aim.split()
        return self.ratio <= float(bound) if sign == "<=" else self.ratio >= float(bound)


def figure(name: str, ours: float, *, peer: float | None = None, unit: str, aim: str) -> Figure:
    """Make a figure of what was measured."""
    ratio = ours if peer is None else ours / peer
    return Figure(
        name=name,
        ours=_rounded(ours),
        peer=None if peer is None else _rounded(peer),
        ratio=_rounded(ratio),
        unit=unit,
        aim=aim,
    )


def _rounded(value: float) -> float:
    """Keep four digits: more would be noise."""
    return float(f"{value:.4g}")


def alternate(
    first: Callable[[], float], second: Callable[[], float], *, rounds: int
) -> tuple[float, float]:
    """Measure two things in turn, A B A B, so that a busy moment meets both; give the medians."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of the values stay at or below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def table(figures: Sequence[Figure]) -> str:
    """Lay the figures out for reading."""
    head = ("name", "ours", "peer", "ratio", "aim", "met", "unit")
    rows = [head, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(item: Figure) -> tuple[str, ...]:
    peer = "-" if item.peer is None else f"{item.peer:g}"
    met = "yes" if item.is_met else "no"
    return (item.name, f"{item.ours:g}", peer, f"{item.ratio:g}", item.aim, met, item.unit)


def keep(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures into the file, keeping those of other names that it holds."""
    known = json.loads(path.read_text()) if path.exists() else []
    by_name = {item["name"]: item for item in known} | {item.name: asdict(item) for item in figures}
    lines = ",\n".join("  " + json.dumps(item) for item in by_name.values())
    path.write_text(f"[\n{lines}\n]\n")
