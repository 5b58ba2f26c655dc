"""The demo comes true, and prints what the README shows of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^\$ make demo\n(.*?)^\$ make test$", re.MULTILINE | re.DOTALL)


def test_the_demo_prints_what_the_readme_shows():
    ran = subprocess.run(
        [sys.executable, "-m", "sekisho", "demo"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    printed = iter((ran.stdout + ran.stderr).splitlines())
    shown = [line for line in BLOCK.search(README.read_text())[1].splitlines() if line.strip(" …")]
    assert len(shown) > 12
    missing = [line for line in shown if line not in printed]
    assert missing == []
