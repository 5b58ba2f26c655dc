"""The catalog of the federation's vectors."""

import json

import pytest

from sekisho.federation.catalog import Part, ShownColumn, catalog_of
from sekisho.model.grants import Access, Grant
from support.vectors import FOLDER


@pytest.fixture(scope="session")
def catalog():
    """Return the relations of two providers and of the company itself."""
    written = json.loads((FOLDER / "federation" / "catalog.json").read_text("utf-8"))
    parts = [
        Part(
            party=item["party"],
            alias=item["alias"],
            dataset=item["dataset"],
            columns=tuple(ShownColumn(**column) for column in item["columns"]),
            grants=tuple(_grant(name, item) for name in item.get("grants", ())),
        )
        for item in written["parts"]
    ]
    local = {name: tuple(columns) for name, columns in written["local"].items()}
    return catalog_of(parts, local)


def _grant(name, part):
    """Build a grant of rows that shows the whole of a part."""
    return Grant.model_validate(
        {
            "grant": name,
            "datasets": (f"{part['party']}/{part['dataset']}",),
            "access": Access.ROWS,
            "columns": {column["name"]: {} for column in part["columns"]},
        }
    )
