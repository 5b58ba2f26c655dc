"""The demo comes true, and prints what the README shows of it."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

README = Path(__file__).parents[2] / "README.md"
REFUSED = re.compile(
    r"^\$ (sekisho query .*)\n((?:refused|clause|allowed|hint): .*\n)+", re.MULTILINE
)
BLOCK = re.compile(r"^\$ make demo\n(.*?)^\$ make test$", re.MULTILINE | re.DOTALL)


def demo(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "sekisho", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def check_refusal(maker: Path) -> None:
    """Hold the refusal in the README to what its command prints."""
    shown = REFUSED.search(README.read_text())
    command = [sys.executable, "-m", *shlex.split(shown[1]), "--dir", str(maker)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 3
    assert ran.stderr == shown[0].partition("\n")[2]


def test_kept_nodes_go_on_and_every_suggested_command_works():
    ran = demo("--keep")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    commands = re.findall(r"^  \$ (.*)$", ran.stdout, re.MULTILINE)
    *tried, ending = commands
    numbers = [int(word) for word in ending.partition("#")[0].split()[1:]]
    try:
        assert len(tried) == 5
        for command in tried:
            words = shlex.split(command)
            done = subprocess.run(
                [sys.executable, "-m", *words], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (command, done.stderr)
        check_refusal(Path(tried[0].split()[-1]))
    finally:
        for number in numbers:
            os.kill(number, signal.SIGTERM)
    root = Path(re.search(r"remove (\S+)", ending)[1])
    psutil.wait_procs([psutil.Process(n) for n in numbers if psutil.pid_exists(n)], timeout=30)
    shutil.rmtree(root)


def test_the_demo_prints_what_the_readme_shows():
    ran = demo()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    printed = iter((ran.stdout + ran.stderr).splitlines())
    shown = [line for line in BLOCK.search(README.read_text())[1].splitlines() if line.strip(" …")]
    assert len(shown) > 12
    missing = [line for line in shown if line not in printed]
    assert missing == []
