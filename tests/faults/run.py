"""Strikes nodes for as long as asked, and prints a report: `make faults SECONDS=600 SEED=7`.

Every round makes companies anew, from a seed of its own that the report names. A run that finds
something prints what, keeps the companies' folders, and ends with exit code 1.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.campaign import Campaign
from faults.points import POINTS, By

ROUND_SECONDS = 120
"""After so long companies are made anew: every check reads their ledgers whole."""


def main() -> int:
    options = _options()
    ends_at = time.monotonic() + options.seconds
    struck: Counter[str] = Counter()
    points: set[str] = set()
    checked: Counter[str] = Counter()
    violated: list[int] = []
    seed = options.seed
    while time.monotonic() < ends_at:
        root = Path(tempfile.mkdtemp(prefix="sekisho-faults-"))
        print(f"seed {seed}: {root}", flush=True)
        try:
            with Campaign(root, seed=seed) as campaign:
                stops_at = min(ends_at, time.monotonic() + ROUND_SECONDS)
                if options.every_point and seed == options.seed:
                    campaign.kill_at(item for item in POINTS if item.by is not By.MIGRATING)
                campaign.at_random(_until(stops_at))
                campaign.finish()
        except AssertionError as error:
            violated.append(seed)
            print(f"seed {seed} found:\n{error}", flush=True)
        else:
            shutil.rmtree(root)
        struck += campaign.report.struck
        points |= campaign.report.points
        checked += campaign.checker.checked
        seed += 1
    print(f"seeds {options.seed} to {seed - 1}")
    print("\n".join(_summary(struck, points, checked)))
    print(f"rounds with a violation: {len(violated)}")
    for item in violated:
        print(f"repeat: make faults SEED={item} SECONDS={ROUND_SECONDS}")
    return 1 if violated else 0


def _summary(struck: Counter[str], points: set[str], checked: Counter[str]) -> list[str]:
    """Say what was struck, where, and what was checked."""
    lines = [f"faults: {sum(struck.values())}"]
    lines += [f"  {times:>8} {name}" for name, times in sorted(struck.items())]
    lines.append(f"points struck: {len(points)} of {len(POINTS)}")
    lines.append(f"checks: {sum(checked.values())}")
    lines += [f"  {times:>8} {name}" for name, times in sorted(checked.items())]
    return lines


def _until(stops_at: float) -> Iterator[None]:
    while time.monotonic() < stops_at:
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Strike nodes and check what must hold.")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every-point", action="store_true", help="kill at each point first")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
