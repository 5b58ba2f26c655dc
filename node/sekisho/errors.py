"""One tree of errors, branched by what the person who meets one can do.

    SekishoError
    ├── DocumentError   mend the file: every finding with its place
    ├── TrustError      do not believe it: a signature, identity or time did not hold
    ├── Refusal         an expected no: the contract does not allow this
    ├── NotServedError  ask otherwise: no node serves this part of the protocol
    ├── PeerError       the other side is away or broke the protocol
    ├── EngineError     one answer is lost: the engine failed, its text stays inside
    ├── LedgerError     stop answering: the evidence cannot be kept or does not hold
    ├── EvidenceError   do not rely on it: a file of evidence does not hold, from a line on
    └── NodeError       mend the node's surroundings: folder, port, data file, disk

Misuse by our own code is `ValueError` or `RuntimeError`, never one of these.
A message is one lower-case line; the mend goes into `hint`.
"""

from dataclasses import dataclass
from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a contract says no; mirrored by `sekisho.v1.RefusalReason`."""

    CONTRACT_NOT_FOUND = "CONTRACT_NOT_FOUND"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    SUSPENDED = "SUSPENDED"
    PURPOSE_NOT_ALLOWED = "PURPOSE_NOT_ALLOWED"
    DATASET_NOT_GRANTED = "DATASET_NOT_GRANTED"
    COLUMN_NOT_GRANTED = "COLUMN_NOT_GRANTED"
    USE_NOT_GRANTED = "USE_NOT_GRANTED"
    FUNCTION_NOT_ALLOWED = "FUNCTION_NOT_ALLOWED"
    SYNTAX_NOT_ALLOWED = "SYNTAX_NOT_ALLOWED"
    TOO_COMPLEX = "TOO_COMPLEX"
    PARSERS_DISAGREE = "PARSERS_DISAGREE"
    MODE_NOT_SERVED = "MODE_NOT_SERVED"
    LIMIT_REACHED = "LIMIT_REACHED"
    BUDGET_SPENT = "BUDGET_SPENT"
    SCHEMA_CHANGED = "SCHEMA_CHANGED"
    LOOKUP_NOT_ALLOWED = "LOOKUP_NOT_ALLOWED"


class SekishoError(Exception):
    """The root of everything that Sekisho raises on purpose."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the one-line message and the mend apart."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """The document is not read, or nobody here stands behind it."""
    WARNING = "warning"
    """It is read, and most likely does not say what its author means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a document, and where."""

    message: str
    line: int = 0
    """1-based; 0 when the document has no lines."""
    column: int = 0
    """1-based, in characters."""
    path: str = ""
    """Where in the document, such as `grants[0].columns.origin`."""
    hint: str = ""
    """The mend."""
    severity: Severity = Severity.ERROR

    def place_in(self, name: str) -> str:
        """Say where it is in a document of some name: its line, or its path where it has none."""
        if self.line:
            return f"{name}:{self.line}:{self.column}"
        return f"{name}: {self.path}" if self.path else name


class DocumentError(SekishoError):
    """A document cannot be read; `findings` holds everything wrong with it."""

    def __init__(self, findings: tuple[Finding, ...], *, name: str = "document") -> None:
        """Carry all findings, the first of them as the message."""
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{first.place_in(name)}: {first.message}{more}", hint=first.hint)
        self.findings = findings
        self.name = name


class TrustError(SekishoError):
    """Something is not believed; `step` names the check that failed, for our own log only."""

    def __init__(self, message: str, *, step: str = "", hint: str = "") -> None:
        """Carry the failed step beside the message."""
        super().__init__(message, hint=hint)
        self.step = step


class Refusal(SekishoError):  # noqa: N818  DESIGN.md's word: a refusal is an outcome, not an error
    """A no from the gate or the limits, with all that its receiver may know."""

    def __init__(
        self,
        reason: RefusalReason,
        message: str,
        *,
        clause: str = "",
        line: int = 0,
        column: int = 0,
        allowed: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        """Build a refusal from facts that the contract already shows.

        Args:
            reason: One of the enum.
            message: One line; never a value from the data.
            clause: The contract clause that decided, such as `grants.delays.columns`.
            line: 1-based line in the query's text, 0 when the text is not the cause.
            column: 1-based column in that line.
            allowed: What would be allowed instead, most useful first.
            hint: How to ask for more.
        """
        super().__init__(message, hint=hint)
        self.reason = reason
        self.clause = clause
        self.line = line
        self.column = column
        self.allowed = allowed

    def without_place(self) -> "Refusal":
        """Give the same without its place, which is in a text that its reader did not write."""
        return Refusal(
            self.reason, self.message, clause=self.clause, allowed=self.allowed, hint=self.hint
        )


class NotServedError(SekishoError):
    """A part of a standard protocol that no node serves, such as updates."""


class PeerError(SekishoError):
    """Another company's node is away, broke the protocol, or sent what does not verify."""

    def __init__(self, message: str, *, party: str = "", hint: str = "") -> None:
        """Name the party whose node it is."""
        super().__init__(message, hint=hint)
        self.party = party


class EngineError(SekishoError):
    """An engine did not finish a plan; `detail` is for our own ledger and log only."""

    def __init__(self, message: str, *, detail: str = "", hint: str = "") -> None:
        """Keep the engine's own text out of the message."""
        super().__init__(message, hint=hint)
        self.detail = detail


class LedgerError(SekishoError):
    """The ledger cannot be written, or an entry does not hold; `index` names the first bad one."""

    def __init__(self, message: str, *, index: int | None = None, hint: str = "") -> None:
        """Carry the index of the first entry that fails, when there is one."""
        super().__init__(message, hint=hint)
        self.index = index


class OutdatedError(LedgerError):
    """What was decided rests on contracts or members that have changed since: decide anew."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("contracts or members have changed meanwhile", hint="try again")


class EvidenceError(SekishoError):
    """A file of evidence does not hold; `line` is the first that does not, 0 for none of them."""

    def __init__(self, message: str, *, line: int = 0, hint: str = "") -> None:
        """Carry the line."""
        super().__init__(message, hint=hint)
        self.line = line


class NodeError(SekishoError):
    """The node's folder, port, data file, disk or settings need mending by its operator."""
