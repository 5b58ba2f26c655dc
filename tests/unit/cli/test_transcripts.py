"""Sessions of the steward's commands, word for word: `tests/transcripts/*.txt`.

A line that begins with `$ ` is a command; what follows is what it printed, stderr behind `! `, and
its exit code where it is not 0. To write them anew: SEKISHO_REWRITE=1 python -m pytest with this
module's path; the difference is for a person to read.
"""

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "transcripts"


@pytest.fixture
def session(sekisho, monkeypatch):
    """Run commands in the checkout, on a day of 2026."""
    monkeypatch.chdir(ROOT)
    day = datetime(2026, 12, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("sekisho.cli.contract_check.now", lambda: day)

    def session(commands):
        lines = []
        for command in commands:
            ran = sekisho(*shlex.split(command)[1:])
            lines += [f"$ {command}", *ran.out.splitlines()]
            lines += [f"! {line}" for line in ran.err.splitlines()]
            lines += [f"= {ran.code}"] if ran.code else []
        return "\n".join(lines) + "\n"

    return session


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_a_session_goes_as_its_transcript_says(session, path):
    text = path.read_text("utf-8")
    found = session([line[2:] for line in text.splitlines() if line.startswith("$ ")])
    if os.environ.get("SEKISHO_REWRITE"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")
