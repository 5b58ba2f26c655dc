"""Every reason of a refusal has its place in the reference, and nothing else has."""

import re
from pathlib import Path

from sekisho.errors import RefusalReason

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "refusals.md"


def test_every_reason_has_a_heading_in_order():
    headings = re.findall(r"^## (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [reason.value for reason in RefusalReason]
