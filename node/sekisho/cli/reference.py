"""Writes `docs/reference/cli.md` from the parsers themselves.

To write it anew: `python -m sekisho.cli.reference > docs/reference/cli.md`.
"""

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module

from sekisho.cli.main import COMMANDS

_HEAD = """\
# The command line

`sekisho NOUN VERB`, and a few bare verbs for every day. Written from the commands' own help by
`python -m sekisho.cli.reference`; a test compares the two.

A node's folder is the working directory, `--dir DIR`, or what `SEKISHO_DIR` names. Data goes to
stdout, everything else to stderr. With `--format json`, stdout is one JSON document. An error is
one line, and what mends it follows after `hint:`.

## Exit codes

| code | means |
|---|---|
| 0 | done |
| 1 | failed; also when a lint, a test or a check found something |
| 2 | usage: the command was not called as it must be |
| 3 | refused: the contract does not allow this; as JSON, `{"refusal": {…}}` on stdout |
| 4 | not trusted: a signature, a fingerprint or the ledger does not hold |

## Naming a contract

Its whole id, or as many of its first digits as are unambiguous, at least six. `query`, `explain`,
`contract review` and `contract show` also take the title of the contract in force. `contract sign`,
`reject` and `terminate` never take a title: they want 32 digits of the id or more, or a person at a
terminal who has read the review and types `yes`.
"""


def reference() -> str:
    """Write the page."""
    return "\n".join((_HEAD, *_sections())).rstrip("\n") + "\n"


def _sections() -> Iterator[str]:
    for name, command in COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"sekisho {name}", description=command.help)
        import_module(command.module).configure(parser)
        yield from _section(parser, parser.description or command.help)


def _section(parser: argparse.ArgumentParser, words: str) -> Iterator[str]:
    """Write a command, or its verbs when it has some."""
    actions = parser._actions  # noqa: SLF001  argparse shows them nowhere else
    verbs = next((item for item in actions if isinstance(item, argparse._SubParsersAction)), None)  # noqa: SLF001
    if verbs is not None:
        helps = {item.dest: item.help or "" for item in verbs._choices_actions}  # noqa: SLF001
        for name, verb in verbs.choices.items():
            yield from _section(verb, helps[name])
        return
    yield f"## {parser.prog}\n"
    yield f"{_sentence(words)}\n"
    shown = [item for item in actions if not isinstance(item, argparse._HelpAction)]  # noqa: SLF001
    yield "| argument | means |\n|---|---|"
    for item in shown:
        yield f"| {_name(item)} | {_cell(item)} |"
    yield ""


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def _name(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        many = " …" if action.nargs == "+" else ""
        return f"`[{metavar}]`" if action.nargs == "?" else f"`{metavar}{many}`"
    option = action.option_strings[-1]
    if action.nargs == 0:
        return f"`{option}`"
    value = "\\|".join(map(str, action.choices)) if action.choices else metavar
    return f"`{option} {value}`"


def _cell(action: argparse.Action) -> str:
    words = (action.help or "").replace("|", "\\|")
    return f"{words}; required" if action.option_strings and action.required else words


if __name__ == "__main__":
    sys.stdout.write(reference())
