"""Shows on a terminal how far each provider has come, one line each, while a query runs."""

from typing import TYPE_CHECKING, TextIO

from sekisho.client.notes import progress_text

if TYPE_CHECKING:
    from sekisho.client.notes import Progress

_UP, _CLEAR = "\x1b[A", "\x1b[J"
"""One line up; everything from here on away."""


class ProgressLines:
    """Draws the lines again and again in one place."""

    def __init__(self, out: TextIO) -> None:
        """Draw on a terminal."""
        self._out = out
        self._lines = 0
        self._is_over = False

    def __call__(self, progress: "tuple[Progress, ...]") -> None:
        """Draw how far they have come now."""
        if self._is_over:
            return
        self._clear()
        lines = progress_text(progress).splitlines()
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()
        self._lines = len(lines)

    def stop(self) -> None:
        """Take the lines away, and draw no more."""
        self._clear()
        self._is_over = True

    def _clear(self) -> None:
        if self._lines:
            self._out.write(_UP * self._lines + "\r" + _CLEAR)
            self._out.flush()
        self._lines = 0
