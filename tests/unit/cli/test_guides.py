"""Follows the steward's guide in an empty folder, and compares what its commands print."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guide" / "writing-contracts.md"
BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n", re.MULTILINE)


@pytest.fixture
def reader(sekisho, tmp_path, monkeypatch):
    """Stand in an empty folder in the year of the guide, and do what a line says."""
    monkeypatch.chdir(tmp_path)
    day = datetime(2026, 12, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("sekisho.cli.contract_check.now", lambda: day)

    def run(line):
        command, _, code = line.partition("   # exit ")
        if command.startswith("perl "):
            subprocess.run(["bash", "-c", command], check=True)
            return ""
        ran = sekisho(*command.removeprefix("sekisho ").split())
        assert ran.code == int(code or 0), (line, ran.out, ran.err)
        return ran.out + ran.err

    return run


def pattern_of(shown):
    """Read what a page shows: `…` on a line of its own stands for lines, elsewhere for a rest."""
    lines = (
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in shown.splitlines()
    )
    return re.compile("".join(lines))


def test_every_command_of_the_guide_prints_what_it_shows(reader):
    seen = 0
    for kind, text in BLOCK.findall(GUIDE.read_text("utf-8")):
        if kind == "yaml":
            name = text.splitlines()[0].removeprefix("# ")
            Path(name).write_text(text, "utf-8")
            continue
        _, *parts = COMMAND.split(text)
        for line, shown in zip(parts[::2], parts[1::2], strict=True):
            printed = reader(line)
            assert pattern_of(shown).fullmatch(printed), f"{line}\n{printed}"
            seen += 1
    assert seen >= 10
