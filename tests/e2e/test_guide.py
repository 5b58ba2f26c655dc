"""Runs every command of the guides, in their order, as their readers do."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.nodes import around_today
from support.ports import free_address
from support.postgres import running_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
ELSEWHERE = "writing-contracts"
"""Depends on the day: tests/unit/cli/test_guides.py follows it on one that is fixed."""
GUIDES = sorted(path for path in (ROOT / "docs" / "guide").glob("*.md") if path.stem != ELSEWHERE)
BLOCK = re.compile(r"^```(console|yaml|python|sql)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./-]+\.(?:yaml|py|sql))`")
PORTS = ("PEERS_PORT", "USERS_PORT")
READY = re.compile(r"ready peers=(\S+) users=(\S+)\n")
DATA = ("aviation/flights_ua.parquet", "hospitals/covid_tests_a.parquet")
"""Of the examples, what the guides read."""
SECTIONS = {
    "datasets:": "datasets: {}\n",
    "guardrails:": "guardrails: []\n",
    "state:": "state: sqlite:state/node.db\n",
}
"""What a block that begins so takes the place of, in the file that is named last before it."""


class Reader:
    """Follows the guide in a folder, and fills in what it saw."""

    def __init__(self, folder: Path, *, is_signed: bool) -> None:
        self.folder = folder
        self.is_signed = is_signed
        self.seen: dict[str, str] = {}
        self.nodes: list[subprocess.Popen] = []

    def fill(self, text: str) -> str:
        """Put what was seen in the place of the words in capitals."""
        for word, value in self.seen.items():
            text = text.replace(word, value)
        return text

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        text = self.fill(text)
        replaced = SECTIONS.get(text.split(maxsplit=1)[0])
        if replaced is None:
            path.parent.mkdir(exist_ok=True)
            path.write_text(re.sub(r"term: .*", around_today(), text) if self.is_signed else text)
            return
        settings = path.read_text()
        assert replaced in settings
        path.write_text(settings.replace(replaced, text))

    def run(self, line: str, shown: str) -> None:
        """Run a command, and hold what it prints to what the guide shows of it."""
        command, _, remark = line.partition("   # exit ")
        command = self.fill(command)
        words = shlex.split(command)
        if words[:2] == ["sekisho", "serve"]:
            self.serve([sys.executable, "-m", *words])
            return
        ran = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == int(remark or 0), (command, ran.stdout, ran.stderr)
        printed = iter((ran.stdout + ran.stderr).splitlines())
        missing = [line for line in shown.splitlines() if line != "…" and line not in printed]
        assert not missing, (command, ran.stdout, ran.stderr)
        self.note(words, ran.stdout)

    def serve(self, arguments: list[str]) -> None:
        with (self.folder / "node.log").open("ab") as log:
            node = subprocess.Popen(
                arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.nodes.append(node)
        ready = READY.fullmatch(node.stdout.readline())
        assert ready is not None
        name = arguments[arguments.index("--dir") + 1].upper()
        self.seen |= {f"{name}_PEERS": ready[1], f"{name}_USERS": ready[2]}

    def note(self, words: list[str], out: str) -> None:
        if words[1:3] == ["member", "show"]:
            name = words[words.index("--dir") + 1].upper()
            self.seen[f"{name}_FINGERPRINT"] = re.search(r"sha256:[0-9a-f]{64}", out)[0]
        if words[1:3] == ["contract", "propose"]:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", out)
            self.seen["CONTRACT_ID"] = out.strip()

    def close(self) -> None:
        for node in self.nodes:
            node.terminate()
        for node in self.nodes:
            assert node.wait(30) == 0
            node.stdout.close()


def followed(guide: Path, folder: Path, seen: dict[str, str]) -> None:
    """Do what a guide says, block by block, with what its reader has from elsewhere."""
    for name in DATA:
        shutil.copy(ROOT / "examples" / name, folder)
    text = guide.read_text(encoding="utf-8")
    reader = Reader(folder, is_signed="sekisho contract sign" in text)
    reader.seen |= seen
    try:
        for block in BLOCK.finditer(text):
            if block[1] != "console":
                for name in NAMED.findall(text[: block.start()])[-1:]:
                    reader.write(name, block[2])
                continue
            for part in re.split(r"(?m)^\$ ", block[2])[1:]:
                line, _, shown = part.partition("\n")
                reader.run(line, shown)
    finally:
        reader.close()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_every_command_of_a_guide_works(guide, tmp_path):
    with ExitStack() as stack:
        seen = {}
        if "DATABASE_URL" in guide.read_text(encoding="utf-8"):
            seen = {name: free_address().rpartition(":")[2] for name in PORTS}
            seen["DATABASE_URL"] = stack.enter_context(running_server()).url()
        followed(guide, tmp_path, seen)
    if guide.stem == "two-nodes":
        assert (tmp_path / "delays.parquet").stat().st_size > 0
