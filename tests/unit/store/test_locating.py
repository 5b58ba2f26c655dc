"""`state:` in node.yaml names a file or a database."""

import sys

import pytest

from sekisho.config import parse_config
from sekisho.errors import DocumentError, NodeError
from sekisho.store.folder import NodeFolder
from sekisho.store.locating import find_database
from sekisho.store.postgres import PostgresDatabase
from sekisho.store.sqlite import SqliteDatabase

SETTINGS = """
format: sekisho.node/v1
party: ua.example
listen: {{peers: "127.0.0.1:17443", users: "127.0.0.1:17444"}}
advertise: "ua.example:17443"
state: {state}
"""


def find(root, state):
    return find_database(NodeFolder(root), parse_config(SETTINGS.format(state=state).encode()))


def test_a_file_is_in_the_folder(tmp_path):
    found = find(tmp_path, "sqlite:state/node.db")
    assert isinstance(found, SqliteDatabase)
    assert found.path == tmp_path / "state" / "node.db"


def test_a_database_is_named_without_its_secrets(tmp_path):
    found = find(tmp_path, "'postgresql://node@db.ua.example:5433/state?passfile=keys/pass'")
    assert isinstance(found, PostgresDatabase)
    assert found.name == "postgresql://db.ua.example:5433/state"


def test_a_driver_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sekisho.store.postgres", None)
    with pytest.raises(NodeError, match="driver is not installed") as failed:
        find(tmp_path, "postgresql://db/x")
    assert "sekisho[postgres]" in failed.value.hint


@pytest.mark.parametrize("state", ["mysql://db/x", "node.db", "'postgresql://'"])
def test_other_places_are_not_known(tmp_path, state):
    with pytest.raises(DocumentError):
        find(tmp_path, state)
