"""Runs every command of the guide, in its order, as its reader does."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.nodes import around_today

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "two-nodes.md"
BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Reader:
    """Follows the guide in a folder, and fills in what it saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, str] = {}
        self.nodes: list[subprocess.Popen] = []
        self.yaml = 0

    def write(self, text: str) -> None:
        self.yaml += 1
        if self.yaml == 1:
            path = self.folder / "ua" / "node.yaml"
            path.write_text(path.read_text().replace("datasets: {}\n", text))
        else:
            term = re.sub(r"term: .*", around_today(), text)
            (self.folder / "delays.contract.yaml").write_text(term)

    def run(self, line: str) -> None:
        command, _, remark = line.partition("   # exit ")
        for word, value in self.seen.items():
            command = command.replace(word, value)
        words = shlex.split(command)
        assert words[0] == "sekisho"
        arguments = [sys.executable, "-m", "sekisho", *words[1:]]
        if words[1] == "serve":
            self.serve(arguments)
            return
        ran = subprocess.run(
            arguments, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == int(remark or 0), (command, ran.stdout, ran.stderr)
        self.note(words, ran.stdout)

    def serve(self, arguments: list[str]) -> None:
        with (self.folder / "node.log").open("ab") as log:
            node = subprocess.Popen(
                arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.nodes.append(node)
        assert node.stdout.readline().startswith("ready peers=")

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


def test_every_command_of_the_guide_works(tmp_path):
    shutil.copy(ROOT / "examples" / "aviation" / "flights_ua.parquet", tmp_path)
    reader = Reader(tmp_path)
    try:
        for kind, text in BLOCK.findall(GUIDE.read_text()):
            if kind == "yaml":
                reader.write(text)
                continue
            for line in text.splitlines():
                if line.startswith("$ "):
                    reader.run(line[2:])
    finally:
        reader.close()
    assert (tmp_path / "delays.parquet").stat().st_size > 0
