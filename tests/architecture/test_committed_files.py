"""What is committed is meant for everybody: no machine's paths, no hosts, nothing built."""

import re
import subprocess
from pathlib import Path

MAX_FILE_BYTES = 1_000_000
# A larger file that is needed as it is, and why.
LARGER: dict[str, str] = {}

# Written so that this file does not hold what it looks for.
HOME_PATH = re.compile(rb"/(?:root|home|Users)/" + rb"[\w.]")
REGISTRY_HOST = re.compile(
    rb"\b(?:pypi|pythonhosted|npmjs|crates|golang|maven|debian|docker|ghcr)"
    rb"\.(?:org|com|io)\b"
)


def _texts(root, committed):
    for path in committed:
        content = (root / path).read_bytes()
        if b"\0" not in content[:8192]:
            yield path, content


def test_no_file_bears_a_home_path(root, committed):
    here = re.compile(re.escape(str(root).encode()) + rb"\b")
    bearing = [
        f"{path}: {found.group().decode()}"
        for path, content in _texts(root, committed)
        for pattern in (HOME_PATH, here)
        if (found := pattern.search(content))
    ]
    assert bearing == []


def test_no_file_names_a_registry_host(root, committed):
    naming = [
        f"{path}: {found.group().decode()}"
        for path, content in _texts(root, committed)
        if (found := REGISTRY_HOST.search(content))
    ]
    assert naming == []


def test_nothing_ignored_is_committed(root, committed):
    assert committed
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    )
    assert listed.stdout.splitlines()[:10] == []


def test_no_file_is_large(root, committed):
    large = {str(path) for path in committed if (root / path).stat().st_size > MAX_FILE_BYTES}
    assert large == set(LARGER)


def test_constraints_are_names_and_versions(root):
    lines = Path(root, "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"[\w.\-]+==[\w.]+", line)]
    assert odd == []
