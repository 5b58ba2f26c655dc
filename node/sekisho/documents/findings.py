"""Collects everything that is wrong with one document, to be said at once."""

from typing import NoReturn

from sekisho.errors import DocumentError, Finding

_MOST = 100
"""Findings of one document; nobody reads more, and each costs memory."""


class Findings:
    """The findings of one document, while it is read."""

    def __init__(self, name: str) -> None:
        """Begin without any, for a document that people know by `name`."""
        self._name = name
        self._found: list[Finding] = []

    def add(
        self, message: str, *, line: int = 0, column: int = 0, path: str = "", hint: str = ""
    ) -> None:
        """Keep one finding and go on, unless there are too many."""
        finding = Finding(message=message, line=line, column=column, path=path, hint=hint)
        if finding not in self._found:
            self._found.append(finding)
        if len(self._found) >= _MOST:
            self.raise_all()

    def stop(
        self, message: str, *, line: int = 0, column: int = 0, path: str = "", hint: str = ""
    ) -> NoReturn:
        """Keep one finding after which nothing more can be read, and raise them all."""
        self._found.append(Finding(message=message, line=line, column=column, path=path, hint=hint))
        self.raise_all()

    def raise_any(self) -> None:
        """Raise when there is at least one finding."""
        if self._found:
            self.raise_all()

    def raise_all(self) -> NoReturn:
        """Raise all findings in the order of their places."""
        ordered = sorted(self._found, key=lambda finding: (finding.line, finding.column))
        raise DocumentError(tuple(ordered), name=self._name)
