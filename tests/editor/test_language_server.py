"""The JSON Schema of a contract in a real language server, as editors use it.

`make editor` installs the server at the version that `package.json` pins.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.language_server import LanguageServer

ROOT = Path(__file__).parents[2]
SERVER = Path(__file__).parent / "node_modules" / "yaml-language-server"
GUIDE = ROOT / "docs" / "guide" / "editors.md"
VECTORS = ROOT / "tests" / "vectors" / "contracts"
VALID = [
    *sorted((ROOT / "policies" / "contracts").glob("*.contract.yaml")),
    *sorted((VECTORS / "valid").glob("*.yaml")),
    *sorted((ROOT / "examples").glob("*/*.contract.yaml")),
]
HEAD = "# yaml-language-server: $schema=contract.schema.json\n"
SMALLEST = (VECTORS / "valid" / "smallest.yaml").read_text("utf-8")
OFFLINE = {"yaml": {"schemaStore": {"enable": False}}}


def command() -> list[str]:
    """Find the server, or say what is missing: loudly where everything must run."""
    node = shutil.which("node")
    if node is not None and SERVER.is_dir():
        return [node, str(SERVER / "bin" / "yaml-language-server"), "--stdio"]
    missing = "node is not installed" if node is None else "run `make editor` first"
    if os.environ.get("CI"):
        pytest.fail(f"the language server is not there: {missing}")
    pytest.skip(missing)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a steward's folder, with the schema as the command prints it."""
    folder = tmp_path_factory.mktemp("contracts")
    ran = subprocess.run(
        [sys.executable, "-m", "sekisho", "contract", "schema"], capture_output=True, check=True
    )
    (folder / "contract.schema.json").write_bytes(ran.stdout)
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """Start the server without settings of an editor: the first line of a file names the schema."""
    with LanguageServer(command(), folder=folder, settings=OFFLINE) as server:
        yield server


def place_of(text, word):
    """Find where a word stands, both from 1."""
    line = next(at for at, row in enumerate(text.splitlines(), start=1) if word in row)
    return line, text.splitlines()[line - 1].index(word) + 1


def test_the_pinned_version_is_the_one_that_runs():
    command()
    pinned = json.loads((SERVER.parents[1] / "package.json").read_text())["dependencies"]
    running = json.loads((SERVER / "package.json").read_text())["version"]
    assert pinned == {"yaml-language-server": running}


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_nothing_is_marked_in_a_valid_contract(server, path):
    assert server.marks(HEAD + path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("access: rows", "access: row", 'Valid values: "rows", "aggregate"'),
        ("access: rows", "accessmode: rows", "Property accessmode is not allowed"),
        ("title: Repairs\n", "", 'Missing property "title"'),
        ("{truncate: month}", "{truncate: weak}", 'Valid values: "year", "month", "day", "hour"'),
        ("part: {}", "part: {use: return}", 'Incorrect type. Expected "array"'),
        ("role: consumer", "role: reader", 'Valid values: "provider", "consumer"'),
    ],
)
def test_a_slip_is_marked_where_it_stands(server, old, new, marked):
    assert SMALLEST.count(old) == 1
    text = HEAD + SMALLEST.replace(old, new)
    found = server.marks(text)
    assert any(marked in message for _, message in found), found
    if new:
        line, _ = place_of(text, new)
        assert line in {at for at, message in found if marked in message}


def test_the_fields_of_a_grant_are_completed_with_their_meaning(server):
    text = HEAD + SMALLEST.replace("    access: rows\n", "    \n    access: rows\n")
    uri = server.open(text)
    line, _ = place_of(text, "access: rows")
    found = server.completions(uri, line=line - 1, column=5)
    assert set(found) == {"privacy_units", "where", "functions", "lookups", "disclosure"}
    assert found["where"].startswith(
        "Only rows for which this is true [enforced]. The node refuses what breaks it. In a diff:"
    )


@pytest.mark.parametrize(
    ("old", "new", "choices"),
    [
        ("access: rows", "access: ", {"rows", "aggregate", "private", "pooled", "match"}),
        ("part: {}", "part: {use: [ ]}", {"return", "filter", "join", "group", "measure"}),
        ("role: consumer", "role: ", {"provider", "consumer"}),
    ],
)
def test_the_choices_of_a_field_are_completed_with_their_meaning(server, old, new, choices):
    text = HEAD + SMALLEST.replace(old, new)
    uri = server.open(text)
    line, column = place_of(text, new)
    inside = new.rindex(" ") + 1
    found = server.completions(uri, line=line, column=column + inside)
    assert choices <= set(found)
    assert all(found[choice] for choice in choices)


def test_the_fields_of_a_column_are_completed(server):
    text = HEAD + SMALLEST.replace("part: {}", "part:\n        ")
    uri = server.open(text)
    line, _ = place_of(text, "part:")
    found = server.completions(uri, line=line + 1, column=9)
    assert set(found) == {"use", "mask", "clamp", "from"}


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("access:", "Access mode"),
        ("access:", "single rows leave"),
        ("truncate:", "Date or time cut to the"),
        ("means:", "It binds people; no machine checks it."),
        ("timezone:", "Time zone of all days and months"),
        ("columns:", "The node refuses what breaks it. In a diff: one more widens."),
    ],
)
def test_a_field_shows_what_it_means_and_what_stands_behind_it(server, word, shown):
    uri = server.open(HEAD + SMALLEST)
    line, column = place_of(HEAD + SMALLEST, word)
    assert shown in server.hover(uri, line=line, column=column + 1)


def test_the_settings_of_the_guide_reach_files_without_a_first_line(folder):
    written = re.search(r"```json\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[1]
    settings = json.loads(written)
    yaml = {name.removeprefix("yaml."): value for name, value in settings.items()}
    schemas = {(folder / name).as_uri(): pattern for name, pattern in yaml.pop("schemas").items()}
    both = {"yaml": {**OFFLINE["yaml"], **yaml, "schemas": schemas}}
    with LanguageServer(command(), folder=folder, settings=both) as server:
        wrong = SMALLEST.replace("access: rows", "access: row")
        assert server.marks(wrong, name="repairs.contract.yaml")
        assert server.marks(wrong, name="other.yaml") == []
        assert server.marks(SMALLEST, name="fine.contract.yaml") == []
