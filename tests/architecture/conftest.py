"""What the architecture tests look at: the package's modules, and the files that are committed."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node" / "sekisho"
GENERATED = PACKAGE / "wire" / "gen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of the package, parsed but not imported."""

    name: str
    """Below the package, such as `gate.decide`; a package's own module bears the package's name."""
    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first part of the name: the layer that it lives in."""
        return self.name.split(".", maxsplit=1)[0]

    def imported(self) -> Iterator[str]:
        """Yield the dotted names that it imports, at the top and inside functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module(path: Path) -> Module:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    text = path.read_text(encoding="utf-8")
    return Module(name=name, path=str(path.relative_to(ROOT)), text=text, tree=ast.parse(text))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def modules() -> tuple[Module, ...]:
    """Return every module that people write."""
    paths = (path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(GENERATED))
    return tuple(_module(path) for path in sorted(paths))


@pytest.fixture(scope="session")
def committed(root: Path) -> tuple[Path, ...]:
    """Return the files that git holds, relative to the root."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")
    return tuple(Path(name) for name in names if name and (root / name).is_file())
