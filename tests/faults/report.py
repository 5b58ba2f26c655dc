"""What a run of the suite did and found, as text for people and as JSON for machines.

A run that was not told to strike at every point says which it left out; what was armed and not
reached is said apart from that, since then something is wrong with the point or with the suite.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Self

from faults.points import BY_NAME, POINTS

WIDTH = 52
"""Of a report's names, so that its numbers stand under each other."""


@dataclass
class Report:
    """What was done and found; of one round, or of several together."""

    seeds: list[int] = field(default_factory=list)
    seconds: float = 0
    struck: Counter[str] = field(default_factory=Counter)
    """By kind of fault."""
    points: set[str] = field(default_factory=set)
    """Where something struck."""
    missed: list[str] = field(default_factory=list)
    """What was armed and not reached although everything was done to reach it."""
    checked: Counter[str] = field(default_factory=Counter)
    """By invariant."""
    violations: list[tuple[int, str]] = field(default_factory=list)
    """Each with the seed of its round."""
    kept: list[str] = field(default_factory=list)
    """Folders of companies in whose rounds something did not hold."""

    @property
    def holds(self) -> bool:
        """Whether nothing was violated, and nothing missed."""
        return not (self.violations or self.missed)

    def add(self, other: "Report") -> Self:
        """Count another report in."""
        self.seeds = sorted({*self.seeds, *other.seeds})
        self.struck += other.struck
        self.points |= other.points
        self.missed += other.missed
        self.checked += other.checked
        self.violations += other.violations
        self.kept += other.kept
        return self

    def facts(self) -> dict[str, object]:
        """Give everything as JSON has it."""
        return {
            "format": "sekisho.faults/v1",
            "sekisho": version("sekisho"),
            "seconds": round(self.seconds, 1),
            "seeds": self.seeds,
            "faults": {"total": self.struck.total(), "by_kind": dict(sorted(self.struck.items()))},
            "points": {
                "total": len(POINTS),
                "struck": len(self.points),
                "by_way": {
                    way: {"total": total, "struck": struck} for way, struck, total in self._ways()
                },
                "left_out": [point.name for point in POINTS if point.name not in self.points],
                "not_reached": self.missed,
            },
            "checks": {
                "total": self.checked.total(),
                "by_invariant": dict(sorted(self.checked.items())),
            },
            "violations": [
                {"seed": seed, "found": found, "repeat": f"make faults SEED={seed}"}
                for seed, found in self.violations
            ],
            "kept": self.kept,
        }

    def json(self) -> str:
        """Write that down."""
        return json.dumps(self.facts(), indent=2, ensure_ascii=False) + "\n"

    def text(self) -> str:
        """Write it for people: the outcome first, then what it rests on."""
        verdict = "nothing was violated" if not self.violations else "VIOLATED, see below"
        seeds = ", ".join(map(str, self.seeds))
        release = version("sekisho")
        lines = [
            f"sekisho {release}: faults struck at running nodes for {self.seconds:.0f} s",
            f"Outcome: {verdict}. Rounds of seeds {seeds}; make faults SEED=… repeats one.",
            "",
            _line("Faults", self.struck.total()),
            *(_line(f"  {name}", times) for name, times in sorted(self.struck.items())),
            "",
            _line("Points struck", f"{len(self.points)} of {len(POINTS)}"),
            *(_line(f"  {way}", f"{struck} of {total}") for way, struck, total in self._ways()),
            *(f"  ARMED, NOT REACHED: {name}" for name in self.missed),
            "",
            _line("Checks", f"{self.checked.total():,}"),
            *(_line(f"  {name}", f"{times:,}") for name, times in sorted(self.checked.items())),
            "",
            _line("Violations", len(self.violations)),
            *(f"  seed {seed}: {found}" for seed, found in self.violations),
            *(f"  kept: {folder}" for folder in self.kept),
        ]
        return "\n".join(lines)

    def _ways(self) -> Iterator[tuple[str, int, int]]:
        total = Counter(point.by.value for point in POINTS)
        struck = Counter(BY_NAME[name].by.value for name in self.points)
        return ((way, struck[way], total[way]) for way in total)


def _line(name: str, value: object) -> str:
    return f"{name:<{WIDTH}}{value:>12}"
