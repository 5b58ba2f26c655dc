"""Guardrails are read as node.yaml names them, or the node has none of it."""

import pytest

from sekisho.config import parse_config
from sekisho.errors import DocumentError
from sekisho.store.folder import NodeFolder
from sekisho.store.guardrails import load_guardrails

NODE = """\
format: sekisho.node/v1
party: east.example
listen: {peers: "127.0.0.1:7443", users: "127.0.0.1:7444"}
advertise: "east.example:7443"
guardrails:
  - guardrails/a.yaml
  - guardrails/b.yaml
"""
RULE = "  - {rule: NAME, because: It must be so., require: {access: [MODE]}}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "node.yaml").write_text(NODE)
    (tmp_path / "guardrails").mkdir()
    return NodeFolder(tmp_path)


def _write(folder, name, *rules):
    text = "format: sekisho.guardrail/v1\ntitle: Floors\nrules:\n" + "".join(
        RULE.replace("NAME", rule).replace("MODE", mode) for rule, mode in rules
    )
    (folder.root / "guardrails" / name).write_text(text)


def _load(folder):
    return load_guardrails(folder, parse_config(folder.config.read_bytes()))


def test_rules_come_in_the_order_of_the_files(folder):
    _write(folder, "a.yaml", ("one", "rows"), ("two", "rows"))
    _write(folder, "b.yaml", ("one", "rows"))
    assert [(item.file, item.rule.rule) for item in _load(folder)] == [
        ("guardrails/a.yaml", "one"),
        ("guardrails/a.yaml", "two"),
        ("guardrails/b.yaml", "one"),
    ]


def test_a_file_that_is_not_there_is_told_where_node_yaml_names_it(folder):
    _write(folder, "a.yaml", ("one", "rows"))
    with pytest.raises(DocumentError) as failed:
        _load(folder)
    assert failed.value.name == str(folder.config)
    (found,) = failed.value.findings
    assert (found.line, found.column, found.path) == (7, 5, "guardrails[1]")
    assert "b.yaml` cannot be read: no such file or directory" in found.message
    assert "does not start" in found.hint


def test_a_file_with_findings_is_named_with_its_lines(folder):
    _write(folder, "a.yaml", ("one", "row"))
    with pytest.raises(DocumentError, match=r"^guardrails/a.yaml:4:"):
        _load(folder)


def test_rules_of_two_files_that_contradict_each_other_are_told_with_both_lines(folder):
    _write(folder, "a.yaml", ("one", "rows"))
    _write(folder, "b.yaml", ("two", "aggregate"))
    with pytest.raises(DocumentError, match=r"^guardrails/b.yaml:4:.*guardrails/a.yaml:4"):
        _load(folder)
