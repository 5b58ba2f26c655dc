"""The command as a whole: help, usage, and the page that is written from it."""

import pytest

from sekisho.cli.main import COMMANDS
from sekisho.cli.reference import reference


def test_the_reference_page_is_as_the_commands_say(pytestconfig):
    page = pytestconfig.rootpath / "docs" / "reference" / "cli.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "run: python -m sekisho.cli.reference > docs/reference/cli.md"
    )


def test_help_names_every_command(sekisho):
    ran = sekisho("--help")
    assert ran.code == 0
    assert [name for name in COMMANDS if f" {name} " not in ran.out] == []


@pytest.mark.parametrize("noun", sorted(COMMANDS))
def test_every_command_has_help(sekisho, noun):
    assert sekisho(noun, "--help").code == 0


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("member",), ("contract", "show")])
def test_wrong_usage_is_one_line_and_a_mend(sekisho, arguments):
    ran = sekisho(*arguments)
    assert (ran.code, ran.out) == (2, "")
    message, hint = ran.err.splitlines()
    assert message.startswith("sekisho")
    assert hint.startswith("hint: ")


def test_the_version_is_told(sekisho):
    ran = sekisho("--version")
    assert (ran.code, ran.out[:7]) == (0, "sekisho")


def test_parquet_wants_a_file(sekisho, node):
    arguments = ("--contract", "x", "--format", "parquet", "--dir", node)
    ran = sekisho("query", "SELECT 1", *arguments)
    assert ran.code == 2
    assert "--out" in ran.err


@pytest.mark.parametrize("noun", ["query", "explain"])
def test_a_query_needs_the_running_node(sekisho, node, noun):
    ran = sekisho(noun, "SELECT 1", "--contract", "x", "--dir", node)
    assert ran.code == 1
    assert "hint: start it with `sekisho serve`" in ran.err
