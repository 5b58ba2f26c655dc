"""Files of a node's folder: whole or not at all, and secrets for their owner alone."""

import os
import stat

import pytest

from sekisho.errors import NodeError
from sekisho.store.folder import (
    CERTIFICATE_NAMES,
    KEY_NAMES,
    NodeFolder,
    StateLock,
    load_file,
    load_secret,
    save_file,
    save_secret,
)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_laid_out_as_people_know_it(tmp_path):
    folder = NodeFolder(tmp_path)
    paths = [folder.config, folder.member, folder.token("operator"), folder.state]
    paths += [folder.key(name) for name in KEY_NAMES]
    paths += [folder.certificate(name) for name in CERTIFICATE_NAMES]
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "node.yaml",
        "member.json",
        "tokens/operator",
        "state",
        "keys/signing.pem",
        "keys/request.pem",
        "keys/anchor.pem",
        "keys/tls.pem",
        "keys/agreement.pem",
        "certs/anchor.pem",
        "certs/tls.pem",
    ]


def test_private_folders_are_for_nobody_else(tmp_path):
    folder = NodeFolder(tmp_path / "new")
    folder.create()
    folder.create()
    for name in ("keys", "tokens", "state"):
        assert mode(folder.root / name) == 0o700


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NodeError, match="cannot be made: not a directory"):
        NodeFolder(tmp_path / "file").create()


def test_the_state_file_is_where_the_settings_say(tmp_path):
    folder = NodeFolder(tmp_path)
    assert folder.state_file() == tmp_path / "state" / "node.db"
    assert folder.state_file("sqlite:/var/node.db").as_posix() == "/var/node.db"
    with pytest.raises(NodeError, match="`postgresql://x` is not served"):
        folder.state_file("postgresql://x")


def test_a_file_is_written_over_whole(tmp_path):
    path = tmp_path / "member.json"
    save_file(path, b"old, and longer")
    save_file(path, b"new")
    assert load_file(path) == b"new"
    assert mode(path) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "member.json"
    save_file(path, b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NodeError, match="cannot be written: no space left on device"):
        save_file(path, b"new")
    assert load_file(path) == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_is_its_owner_s_alone(tmp_path):
    path = tmp_path / "request.pem"
    save_secret(path, b"key")
    assert mode(path) == 0o600
    assert load_secret(path) == b"key"
    path.chmod(0o640)
    with pytest.raises(NodeError, match="can be read by other users") as caught:
        load_secret(path)
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("load", [load_file, load_secret])
def test_a_file_that_is_not_there_is_said_so(tmp_path, load):
    with pytest.raises(NodeError, match="cannot be read: no such file"):
        load(tmp_path / "none")


def test_a_lock_is_free_again_once_closed(tmp_path):
    path = tmp_path / "node.db"
    with StateLock(path) as lock:
        with pytest.raises(NodeError, match=f"in use by process {os.getpid()}"):
            StateLock(path)
        lock.close()
    StateLock(path).close()


def test_a_lock_without_its_folder_is_said_so(tmp_path):
    with pytest.raises(NodeError, match="cannot be opened"):
        StateLock(tmp_path / "none" / "node.db")
