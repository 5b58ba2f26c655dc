"""memory: peak of the provider's node and of its worker while gigabytes of Arrow stream through.

The figure is the larger of the two peaks. The consumer drops what it reads. Whether memory stays
flat is said on stderr: the peak during the first fifth of the bytes beside the peak in the end.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from companies import asking, found_pair, serving
from figures import Figure, figure
from flights import COLUMNS, STREAM_ROWS, write_flights

GIGABYTES = float(os.environ.get("GIGABYTES", "5"))
SQL = f"SELECT {', '.join(COLUMNS)} FROM flights"
FILE_BYTES = 366_000_000
"""Of Arrow, in one generated file."""
FRAMES_BETWEEN = 16
"""Frames from one look at the processes to the next."""


@dataclass(slots=True)
class Peaks:
    """The largest resident size of some processes, in MB, by who they are."""

    first: dict[str, float] = field(default_factory=dict)
    """During the first fifth."""
    whole: dict[str, float] = field(default_factory=dict)

    def look(self, name: str, processes: Sequence[psutil.Process], *, is_early: bool) -> None:
        """Take the processes' sizes in."""
        for process in processes:
            size = process.memory_info().rss / 1e6
            self.whole[name] = max(size, self.whole.get(name, 0.0))
            if is_early:
                self.first[name] = max(size, self.first.get(name, 0.0))

    def tell(self, gigabytes: float) -> None:
        """Say how the peaks of the first fifth and of the end compare."""
        for name, peak in self.whole.items():
            first = self.first[name]
            print(
                f"{name}: {first:.0f} MB at first, {peak:.0f} MB over {gigabytes:.1f} GB",
                file=sys.stderr,
            )


def measure(root: Path) -> list[Figure]:
    """Stream one long answer and give the larger peak."""
    pair = found_pair(root, many_files(root / "flights", gigabytes=GIGABYTES))
    peaks = Peaks()
    with serving(pair.provider) as process, asking(pair) as asker:
        node = psutil.Process(process.pid)
        answer = asker.ask(SQL)
        for number, _ in enumerate(answer):
            if number % FRAMES_BETWEEN == 0:
                is_early = answer.tally.bytes < GIGABYTES * 1e9 / 5
                peaks.look("node", [node], is_early=is_early)
                peaks.look("worker", node.children(), is_early=is_early)
        assert answer.receipt is not None
        sent = answer.receipt.bytes / 1e9
    peaks.tell(sent)
    return [figure("memory", max(peaks.whole.values()), unit="MB", aim="<= 300")]


def many_files(folder: Path, *, gigabytes: float) -> Path:
    """Make a folder of one file under many names: to the engine as many files as names."""
    folder.mkdir()
    first = write_flights(folder / "part-000.parquet", STREAM_ROWS)
    for number in range(1, max(1, round(gigabytes * 1e9 / FILE_BYTES))):
        (folder / f"part-{number:03}.parquet").hardlink_to(first)
    return folder
