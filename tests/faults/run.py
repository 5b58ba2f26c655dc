"""Strikes nodes for as long as asked, and reports: `make faults SECONDS=600 SEED=7 REPORT=f.json`.

First at every point, then at random until the time is over. Every round makes companies anew, from
a seed of its own that the report names. A run that finds something prints what, keeps the
companies' folders, and ends with exit code 1.
"""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.campaign import Campaign
from faults.chapters import (
    CHAPTERS,
    FORMER,
    FROZEN,
    REPLICATED,
    SERVER_FALLS,
    TROUBLE,
    points,
)
from faults.lives import kill_while_migrating, kill_while_restoring
from faults.points import By
from faults.replicated import ReplicatedCampaign
from faults.report import Report
from support.postgres import program, running_server

ROUND_SECONDS = 120
"""After so long companies are made anew: every check reads their ledgers whole."""
LEAST_RANDOM_SECONDS = 30
"""How long it goes on at random in any case, on a machine that took all the time before."""
LANES = 3
"""Rounds that go on at once where every point is struck: one waits while another works."""
HALVES = 2
"""Rounds that share the points at which a node is killed."""

_FOUNDING = threading.Lock()
"""The companies' data is written by the one DuckDB of this process."""


def main() -> int:
    options = _options()
    began_at = time.monotonic()
    ends_at = began_at + options.seconds
    report, seed = Report(), options.seed
    if options.every_point:
        for found in _everywhere(seed):
            report.add(found)
        print(f"every point: {time.monotonic() - began_at:.0f} s", flush=True)
        seed += 1
        ends_at = max(ends_at, time.monotonic() + LEAST_RANDOM_SECONDS)
    while time.monotonic() < ends_at:
        stops_at = min(ends_at, time.monotonic() + ROUND_SECONDS)
        report.add(_round(seed, lambda campaign, at=stops_at: campaign.at_random(_until(at))))
        seed += 1
    report.seconds = time.monotonic() - began_at
    print(f"\n{report.text()}", flush=True)
    if options.report:
        options.report.write_text(report.json())
    return 0 if report.holds else 1


def _everywhere(seed: int) -> Iterator[Report]:
    """Kill at every point, and let other faults strike where they are named."""
    struck = [point for chapter in CHAPTERS.values() for point in chapter]
    # The longest first, so that the last lane does not go on alone.
    works: list[Callable[[], Report]] = []
    if program("initdb") and program("psql"):
        works.append(lambda: _replicated(seed))
    else:
        print("PostgreSQL is not installed: replicas are left out", flush=True)
    works += [
        lambda at=at: _round(seed, lambda campaign: campaign.kill_at(struck[at::HALVES]))
        for at in range(HALVES)
    ]
    works.append(lambda: _round(seed, _trouble))
    works.append(lambda: _alone(lambda at: kill_while_migrating(at, FORMER, points(By.MIGRATING))))
    works.append(lambda: _alone(lambda at: kill_while_restoring(at, points(By.RESTORING))))
    with ThreadPoolExecutor(LANES) as lanes:
        yield from lanes.map(lambda work: work(), works)


def _trouble(campaign: Campaign) -> None:
    for action, names in TROUBLE.items():
        campaign.strike(action, names)
    campaign.step_clock()


def _replicated(seed: int) -> Report:
    """Strike at a node of two replicas, and at their server."""
    with running_server() as server:
        return _round(
            seed,
            _strike_replicas,
            lambda root: ReplicatedCampaign(root, server, seed=seed),
        )


def _strike_replicas(campaign: Campaign) -> None:
    campaign.kill_replicas(REPLICATED)
    campaign.freeze_replicas(FROZEN)
    campaign.fell_server(SERVER_FALLS)


def _round(
    seed: int,
    strike: Callable[[Campaign], None],
    make: Callable[[Path], Campaign] | None = None,
) -> Report:
    """Make companies, strike, and report; their folders stay where something did not hold."""
    root = Path(tempfile.mkdtemp(prefix="sekisho-faults-"))
    print(f"seed {seed}: {root}", flush=True)
    campaign = make(root) if make else Campaign(root, seed=seed)
    with ExitStack() as stack:
        with _FOUNDING:
            stack.enter_context(campaign)
        try:
            strike(campaign)
            campaign.finish()
        except AssertionError as error:
            if campaign.told().holds:
                campaign.checker.fails("a node does what is asked of it", error)
        report = campaign.told()
    return _kept(root, report)


def _alone(strike: Callable[[Path], Report]) -> Report:
    """Strike one company."""
    root = Path(tempfile.mkdtemp(prefix="sekisho-faults-"))
    try:
        report = strike(root)
    except AssertionError as error:
        report = Report(violations=[(0, f"a node starts again: {error}")])
    return _kept(root, report)


def _kept(root: Path, report: Report) -> Report:
    if report.holds:
        shutil.rmtree(root)
    else:
        report.kept.append(str(root))
        print(f"found:\n{report.text()}", flush=True)
    return report


def _until(stops_at: float) -> Iterator[None]:
    while time.monotonic() < stops_at:
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Strike nodes and check what must hold.")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every-point", action="store_true", help="strike at each point first")
    parser.add_argument("--report", type=Path, help="write the report as JSON too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
