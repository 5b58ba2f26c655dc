"""Bytes to YAML events, refusing what PyYAML lets pass.

PyYAML's scanner and parser are used for their events alone; its resolver, composer and constructor
are not. It reads YAML 1.1, so this module takes away what 1.1 adds, directives and odd line breaks
among them, and closes the gaps where the scanner is laxer than either version: a `#` right after a
quote or a bracket, tabs as white space, lines inside brackets that stand left of their parent.
"""

import unicodedata
from collections.abc import Iterator

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import Event
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError

from sekisho.documents.findings import Findings
from sekisho.documents.value import check_character

_HINTS = {
    "mapping values are not allowed here": "put a text that holds `: ` in quotes",
    "could not find expected ':'": "give every key a `:` and a value, indented alike",
    "expected <block end>": "indent entries of one list or mapping alike",
    "while parsing a flow": "close every `[` and `{`, and put commas between entries",
    "found unexpected end of stream": "close every quote",
    "indented less than": "indent the line further than the key above it",
    "directives": "take the line out",
    "cannot start any token": "put a text that begins with this character in quotes",
}


def decode(data: bytes, findings: Findings) -> str:
    """Read UTF-8 and report every character that a document may not have.

    Each of those is replaced, so that the rest can be read and reported as well.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        findings.stop(
            "the bytes are not UTF-8", line=line, column=column, hint="save the file as UTF-8"
        )
    if text.startswith("\ufeff"):
        findings.add(
            "the file begins with a byte order mark",
            line=1,
            column=1,
            hint="save the file as UTF-8 without a byte order mark",
        )
        text = text[1:]
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_clean(line, number, findings) for number, line in enumerate(lines, 1))


def _clean(line: str, number: int, findings: Findings) -> str:
    """Report what is wrong with one line's characters, and replace it."""
    if line.isascii() and line.isprintable():
        return line
    for index, character in enumerate(line):
        if problem := "a tab" if character == "\t" else check_character(character):
            findings.add(
                f"the line holds {problem}, U+{ord(character):04X}",
                line=number,
                column=index + 1,
                hint="indent and separate with spaces" if character == "\t" else "take it out",
            )
            line = line.replace(character, "\ufffd")
    normal = unicodedata.normalize("NFC", line)
    if normal != line:
        pairs = zip(line, normal, strict=False)
        same = next((i for i, (left, right) in enumerate(pairs) if left != right), 0)
        findings.add(
            "the line is not in Unicode's normal form NFC",
            line=number,
            column=same + 1,
            hint="save the file with composed characters (NFC)",
        )
    return line


class StrictEvents(Reader, Scanner, Parser):
    """PyYAML's events over a text, with the gaps closed; remembers where comments stand."""

    def __init__(self, text: str, findings: Findings) -> None:
        """Stand at the beginning of `text`."""
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        self.findings = findings
        self.comments: set[int] = set()
        """1-based lines that bear a comment."""

    def __iter__(self) -> Iterator[Event]:
        """Give the events, and stop with a finding where the text is no YAML."""
        try:
            while self.check_event():  # pragma: no branch  the reader stops at the last event
                yield self.get_event()  # type: ignore[no-untyped-call]
        except MarkedYAMLError as error:
            self._stop_at(error)
        except (YAMLError, ValueError, OverflowError):
            self.findings.stop(
                "an escape names no character", line=self.line + 1, column=self.column + 1
            )

    def _stop_at(self, error: MarkedYAMLError) -> None:
        """Turn what PyYAML says into a finding, with a mend for what people meet most."""
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "unreadable"
        whole = f"{error.context or ''} {problem}"
        self.findings.stop(
            f"not valid YAML: {problem}",
            line=mark.line + 1 if mark else 0,
            column=mark.column + 1 if mark else 0,
            hint=next((hint for sign, hint in _HINTS.items() if sign in whole), ""),
        )

    def fetch_directive(self) -> None:
        """Refuse `%YAML` and `%TAG`."""
        raise ScannerError(problem="directives are not read", problem_mark=self.get_mark())

    def scan_to_next_token(self) -> None:
        """Skip white space and comments, and remember where the comments were."""
        while True:
            self._skip_spaces()
            if self.peek() == "#":
                self._skip_comment()
            if not self.scan_line_break():  # type: ignore[no-untyped-call]
                break
            if not self.flow_level:
                self.allow_simple_key = True
        self._check_flow_indent()

    def scan_block_scalar_ignored_line(self, start_mark: object) -> None:
        """Skip what follows `|` or `>` on its line, and remember a comment there."""
        self._skip_spaces()
        if self.peek() == "#":
            self._skip_comment()
        super().scan_block_scalar_ignored_line(start_mark)

    def scan_flow_scalar_breaks(self, double: bool, start_mark: object) -> list[str]:  # noqa: FBT001  PyYAML's own signature
        """Skip the breaks inside a quoted text; refuse lines left of what the text belongs to."""
        chunks: list[str] = super().scan_flow_scalar_breaks(double, start_mark)
        if self.column <= self.indent and self.peek() not in "\0\n":
            raise ScannerError(
                problem="a line of a quoted text is indented less than what it belongs to",
                problem_mark=self.get_mark(),
            )
        return chunks

    def _skip_spaces(self) -> None:
        """Skip spaces; tabs were refused before."""
        while self.peek() == " ":
            self.forward()

    def _skip_comment(self) -> None:
        """Skip a comment; refuse one that looks like text that was meant to count."""
        before = self.buffer[self.pointer - 1] if self.pointer else "\n"
        rest = self.peek(1)
        starts_line = not self.buffer[self.pointer - self.column : self.pointer].strip(" ")
        if before not in " \n" or (not starts_line and rest not in " #\0\n"):
            self.findings.add(
                "a `#` here cuts off the rest of the line",
                line=self.line + 1,
                column=self.column + 1,
                hint="put the text in quotes, or write the comment as ` # …` with spaces",
            )
        self.comments.add(self.line + 1)
        while self.peek() not in "\0\n":
            self.forward()

    def _check_flow_indent(self) -> None:
        """Refuse lines inside brackets that stand left of what the brackets belong to."""
        # NOTE: YAML 1.2 wants a closing bracket indented too; people and formatters put it below
        # the key, where it can mean nothing else.
        least = self.indent if self.peek() in "]}" else self.indent + 1
        if self.flow_level and self.column < least and self.peek() != "\0":
            raise ScannerError(
                problem="a line inside brackets is indented less than what it belongs to",
                problem_mark=self.get_mark(),
            )
