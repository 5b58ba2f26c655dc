"""The one loader of vectors: lists of cases as JSON, each with a `name` that says what it shows."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "vectors"


def load_vectors(kind: str) -> list[Any]:
    """Read `tests/vectors/KIND.json` as pytest parameters, named after the cases."""
    cases = json.loads((FOLDER / f"{kind}.json").read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in cases]
