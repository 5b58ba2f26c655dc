"""Reads what a person types at a prompt: whole queries, with completion and history."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

PROMPT, GOING_ON = "sekisho> ", "    ...> "
MAX_HISTORY = 1_000
"""Lines that are remembered."""
KEYWORDS = (
    "SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET JOIN LEFT INNER ON USING AND OR NOT IN"
    " IS NULL BETWEEN LIKE CASE WHEN THEN ELSE END AS WITH UNION ALL DISTINCT DESC ASC"
    " count( sum( avg( min( max("
).split()
COMMANDS = ("\\d", "\\explain", "\\help", "\\q")
_BREAKS = " \t\n,()=<>+-*/;"


class Lines:
    """Yields commands and whole queries; a context manager that keeps the history in a file."""

    def __init__(self, names: Sequence[str], *, history: Path) -> None:
        """Complete some names, and the words of SQL."""
        self._words = (*names, *KEYWORDS, *COMMANDS)
        self._history = history
        self.is_terminal = sys.stdin.isatty()
        self._readline = _readline() if self.is_terminal else None

    def __enter__(self) -> Self:
        """Read the history, and complete by Tab from here on."""
        if self._readline is not None:
            self._readline.set_completer(self._complete)
            self._readline.set_completer_delims(_BREAKS)
            self._readline.parse_and_bind("tab: complete")
            self._readline.set_history_length(MAX_HISTORY)
            with contextlib.suppress(OSError):
                self._readline.read_history_file(self._history)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep the history, readable to its owner alone: queries may hold what is confidential."""
        if self._readline is not None:
            with contextlib.suppress(OSError):
                self._history.touch(mode=0o600)
                self._readline.write_history_file(self._history)

    def __iter__(self) -> Iterator[str]:
        """Give one command or query after the other, without its `;`, until the input ends."""
        text = ""
        while (line := self._read(GOING_ON if text else PROMPT)) is not None:
            text = f"{text}\n{line}".strip() if line is not _DROPPED else ""
            if _is_whole(text):
                yield text.rstrip("; \n")
                text = ""
        if text:
            yield text

    def _read(self, prompt: str) -> str | None:
        """Read one line; Ctrl-C drops what was typed so far."""
        try:
            return input(prompt) if self.is_terminal else _piped()
        except EOFError:
            if self.is_terminal:
                print(file=sys.stderr)
            return None
        except KeyboardInterrupt:
            print(file=sys.stderr)
            return _DROPPED

    def _complete(self, start: str, number: int) -> str | None:
        found = [item for item in self._words if item.lower().startswith(start.lower())]
        return found[number] if number < len(found) else None


_DROPPED = "\x03"


def _is_whole(text: str) -> bool:
    """Tell whether what was typed can be carried out: a command of one line, or a query's end."""
    if text.startswith("\\") and not text.startswith("\\explain"):
        return True
    is_quoted = text.count("'") % 2 == 1
    return text in {"exit", "quit", "help"} or (text.endswith(";") and not is_quoted)


def _piped() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _readline() -> ModuleType | None:
    """Import line editing; some builds of Python lack it."""
    try:
        import readline
    except ImportError:
        return None
    return readline
