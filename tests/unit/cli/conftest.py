"""A node's folder in a place of its own, and the command to run in it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sekisho.cli.main import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def sekisho(capsys, monkeypatch):
    """Run the command as a shell would; nobody sits at the terminal."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.delenv("SEKISHO_DIR", raising=False)

    def run(*arguments):
        try:
            code = main([str(item) for item in arguments])
        except SystemExit as error:
            code = error.code
        found = capsys.readouterr()
        return Ran(code=code, out=found.out, err=found.err)

    return run


@pytest.fixture
def make_node(sekisho, tmp_path):
    """Make a node by `init` and return its folder."""

    def make(party, *arguments) -> Path:
        folder = tmp_path / party
        ports = ("--peers", "127.0.0.1:0", "--users", "127.0.0.1:0")
        ran = sekisho("init", party, "--dir", folder, *ports, *arguments)
        assert ran.code == 0, ran.err
        return folder

    return make
