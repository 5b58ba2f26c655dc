"""The command that moves a state, and what commands do with one that several processes share."""

import pytest

from sekisho.errors import NodeError
from sekisho.server.node import RunningNode
from sekisho.store.folder import NodeFolder, StateLock
from support.postgres import running_server


@pytest.fixture(scope="module")
def server():
    with running_server() as server:
        yield server


@pytest.fixture
def moved(sekisho, make_node, server):
    """A node whose state is in PostgreSQL."""
    node, url = make_node("ua.example"), server.url()
    ran = sekisho("state", "move", url, "--dir", node, "--format", "json")
    assert (ran.code, ran.json["entries"], ran.json["state"]) == (0, 0, url)
    settings = node / "node.yaml"
    settings.write_text(settings.read_text().replace("sqlite:state/node.db", f"'{url}'"))
    return node


def test_a_move_says_what_to_write_into_the_settings(sekisho, make_node, server):
    node, url = make_node("ua.example"), server.url()
    ran = sekisho("state", "move", url, "--dir", node)
    assert ran.code == 0
    assert ran.out.startswith("0 entries, root ")
    assert ran.err == f"write this into node.yaml: `state: {url}`\n"


def test_what_was_moved_is_not_moved_again(sekisho, moved, server):
    ran = sekisho("state", "move", server.url(), "--dir", moved)
    assert ran.code == 1
    assert "already" in ran.err


def test_commands_work_without_a_running_node(sekisho, moved, make_node, introduce):
    introduce(moved, make_node("maker.example"))
    listed = sekisho("member", "list", "--dir", moved, "--format", "json").json
    assert [item["party"] for item in listed] == ["maker.example"]
    assert sekisho("ledger", "verify", "--dir", moved).code == 0
    checked = sekisho("doctor", "--dir", moved, "--format", "json").json
    assert [item for item in checked if item["state"] == "fail"] == []


def test_a_folder_is_served_once(moved):
    serving = NodeFolder(moved).serving
    with StateLock(serving), pytest.raises(NodeError, match="in use by process"):
        RunningNode(moved)
    StateLock(serving).close()


def test_a_node_whose_file_was_moved_does_not_begin_another(sekisho, make_node, server):
    node = make_node("ua.example")
    assert sekisho("state", "move", server.url(), "--dir", node).code == 0
    with pytest.raises(NodeError, match=r"node\.db` is not there"):
        RunningNode(node)
    assert not (node / "state" / "node.db").exists()
