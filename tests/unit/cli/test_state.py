"""Backing up and restoring on the command line."""

import pytest

from sekisho.store.folder import NodeFolder, StateLock


@pytest.fixture
def kept(make_node, introduce):
    node, other = make_node("ua.example"), make_node("maker.example")
    introduce(node, other)
    return node


def entries(sekisho, node):
    return sekisho("ledger", "verify", "--dir", node, "--format", "json").json["entries"]


def test_a_state_is_backed_up_and_restored(sekisho, kept, tmp_path):
    backup = tmp_path / "monday.backup"
    ran = sekisho("state", "backup", backup, "--dir", kept)
    assert ran.code == 0, ran.err
    assert "backed up: 1 entries" in ran.out
    ran = sekisho("state", "restore", backup, "--dir", kept)
    assert ran.code == 1
    assert "there is a state" in ran.err
    ran = sekisho("state", "restore", backup, "--replace", "--dir", kept, "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.json["entries"] == 1
    assert "limits that were used since then are open again" in ran.err
    assert "sekisho ledger recover" in ran.err
    assert entries(sekisho, kept) == 1


def test_a_lost_state_is_restored_without_more_words(sekisho, kept, tmp_path):
    backup = tmp_path / "monday.backup"
    assert sekisho("state", "backup", backup, "--dir", kept).code == 0
    NodeFolder(kept).state_file().unlink()
    assert sekisho("serve", "--dir", kept).code == 1
    assert sekisho("state", "restore", backup, "--dir", kept).code == 0
    assert entries(sekisho, kept) == 1


def test_no_key_is_in_a_backup(sekisho, kept, tmp_path):
    backup = tmp_path / "monday.backup"
    assert sekisho("state", "backup", backup, "--dir", kept).code == 0
    data = backup.read_bytes()
    assert b"PRIVATE KEY" not in data
    for key in (NodeFolder(kept).root / "keys").iterdir():
        assert key.read_bytes().splitlines()[1] not in data


def test_a_running_node_s_state_is_not_replaced(sekisho, kept, tmp_path):
    backup = tmp_path / "monday.backup"
    assert sekisho("state", "backup", backup, "--dir", kept).code == 0
    with StateLock(NodeFolder(kept).state_file()):
        ran = sekisho("state", "restore", backup, "--replace", "--dir", kept)
    assert ran.code == 1
    assert "in use by process" in ran.err
