"""Differences: what one contract widens, narrows and changes in another, and in which terms."""

from sekisho.documents.diff.compare import Change, Difference, diff
from sekisho.documents.diff.page import diff_facts, diff_page, verdict

__all__ = ["Change", "Difference", "diff", "diff_facts", "diff_page", "verdict"]
