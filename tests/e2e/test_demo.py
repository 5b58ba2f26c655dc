"""The demos come true, print what pages show of them, and leave nodes that can be asked."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
STATISTICS = ROOT / "docs" / "concept" / "statistics.md"
HOSPITALS = ROOT / "examples" / "hospitals" / "README.md"
DRIVING = ROOT / "examples" / "driving" / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Kept:
    """A demo whose nodes go on."""

    printed: str
    commands: list[str]
    root: Path


def run(*command: str, folder: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def shown_in(page: Path) -> list[tuple[str, str]]:
    """List the commands of a page with what it shows of their output."""
    return [
        (line, shown)
        for block in BLOCK.findall(page.read_text())
        for line, _, shown in (part.partition("\n") for part in re.split(r"(?m)^\$ ", block)[1:])
    ]


def missing_of(shown: str, printed: str) -> list[str]:
    """Give the lines that a page shows and a demo does not print in this order; `…` is a gap."""
    lines = iter(printed.splitlines())
    return [line for line in shown.splitlines() if line.strip(" …") and line not in lines]


@contextmanager
def kept(story: str) -> Iterator[Kept]:
    """Tell a story, and stop its nodes afterwards."""
    ran = run("sekisho", "demo", story, "--keep")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    *tried, ending = re.findall(r"^  \$ (.*)$", ran.stdout, re.MULTILINE)
    numbers = [int(word) for word in ending.partition("#")[0].split()[1:]]
    root = Path(re.search(r"remove (\S+)", ending)[1])
    try:
        yield Kept(ran.stdout + ran.stderr, tried, root)
    finally:
        for number in numbers:
            os.kill(number, signal.SIGTERM)
        psutil.wait_procs([psutil.Process(n) for n in numbers if psutil.pid_exists(n)], timeout=30)
        shutil.rmtree(root)


def check_suggested(demo: Kept) -> None:
    """Run every command that a demo suggests."""
    assert len(demo.commands) == 5
    for command in demo.commands:
        ran = run(*shlex.split(command))
        assert ran.returncode == 0, (command, ran.stderr)


def check_shown(page: Path, command: str, printed: str) -> None:
    """Hold what a page shows of a demo to what it prints."""
    shown = dict(shown_in(page))[command]
    assert len([line for line in shown.splitlines() if line.strip(" …")]) > 8
    assert missing_of(shown, printed) == []


def check_queries(page: Path, folder: Path) -> None:
    """Ask what a page asks, in a node's folder, and hold what it shows to what comes back."""
    queries = [item for item in shown_in(page) if item[0].startswith("sekisho query ")]
    assert queries
    for line, shown in queries:
        ran = run(*shlex.split(line), folder=folder)
        assert ran.returncode == (3 if shown.startswith("refused: ") else 0), ran.stderr
        assert (ran.stdout + ran.stderr).startswith(shown), line


def test_the_aviation_story_prints_what_the_readme_shows():
    ran = run("sekisho", "demo")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    check_shown(README, "make demo", ran.stdout + ran.stderr)


def test_nodes_of_the_aviation_story_can_be_kept_and_asked():
    with kept("aviation") as demo:
        check_suggested(demo)
        check_queries(README, demo.root / "maker")


def test_the_hospitals_story_prints_what_pages_show_and_its_nodes_can_be_asked():
    with kept("hospitals") as demo:
        check_shown(README, "make demo ARGS=hospitals", demo.printed)
        check_shown(HOSPITALS, "sekisho demo hospitals", demo.printed)
        check_queries(STATISTICS, demo.root / "institute")
        check_suggested(demo)


def test_the_driving_story_prints_what_pages_show_and_its_nodes_can_be_asked():
    with kept("driving") as demo:
        check_shown(README, "make demo ARGS=driving", demo.printed)
        check_shown(DRIVING, "sekisho demo driving", demo.printed)
        check_suggested(demo)


def test_only_data_that_is_made_comes_in_other_sizes():
    shipped = run("sekisho", "demo", "hospitals", "--rows", "1000000")
    assert (shipped.returncode, shipped.stdout) == (2, "")
    assert "the data of `hospitals` is shipped" in shipped.stderr
    few = run("sekisho", "demo", "driving", "--rows", "99999")
    assert (few.returncode, few.stdout) == (2, "")
    assert "99999 rows are too few" in few.stderr


def test_the_driving_story_comes_true_over_the_fewest_rows():
    ran = run("sekisho", "demo", "driving", "--rows", "100000")
    assert ran.returncode == 0, ran.stdout + ran.stderr
