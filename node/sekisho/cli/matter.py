"""How one matter of a node stands, as `doctor` and `dataset check` say it."""

from dataclasses import dataclass
from typing import Literal

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one matter stands."""

    state: Literal["ok", "warn", "fail"]
    matter: str
    message: str
    hint: str = ""

    def print(self) -> None:
        """Show it to a person."""
        print(f"{_MARKS[self.state]} {self.matter}: {self.message}")
        if self.hint and self.state != "ok":
            print(f"     hint: {self.hint}")
