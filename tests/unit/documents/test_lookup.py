"""Tables that consumers bring: one spelling, everything wrong with one at once."""

import json
from pathlib import Path

import pytest

from sekisho.documents.envelope import digest_of
from sekisho.documents.lookup import LookupTable, build_lookup, check_lookup, parse_lookup
from sekisho.errors import DocumentError
from sekisho.model.contract import Lookup, LookupType
from sekisho.model.limits import Limits

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors" / "lookups"
VALID = json.loads((VECTORS / "valid.json").read_text(encoding="utf-8"))
BROKEN = json.loads((VECTORS / "broken.json").read_text(encoding="utf-8"))
DECLARED = Lookup(
    name="planes",
    key="tail_number",
    columns={"model": LookupType.TEXT, "seats": LookupType.INTEGER},
    max_rows=3,
)


def table(*rows, **changes):
    fields = {
        "name": "planes",
        "key": "tail_number",
        "key_type": LookupType.TEXT,
        "columns": {"model": LookupType.TEXT, "seats": LookupType.INTEGER},
        "rows": rows,
    }
    return LookupTable(**(fields | changes))


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["name"])
def test_a_table_is_read_and_written_to_the_same_bytes(vector):
    data = vector["content"].encode()
    assert digest_of(data) == vector["digest"]
    assert build_lookup(parse_lookup(data)) == data


@pytest.mark.parametrize("vector", BROKEN, ids=lambda vector: vector["name"])
def test_everything_that_is_wrong_is_told_at_once(vector):
    with pytest.raises(DocumentError) as failed:
        parse_lookup(vector["content"].encode())
    assert [[item.path, item.message] for item in failed.value.findings] == vector["findings"]


def test_rows_and_columns_may_be_given_in_any_order():
    rows = (("N2", "A320", 150), ("N1", "737", None))
    one = build_lookup(table(*rows))
    columns = {"seats": LookupType.INTEGER, "model": LookupType.TEXT}
    other = table(*((key, seats, model) for key, model, seats in reversed(rows)), columns=columns)
    assert build_lookup(other) == one
    assert parse_lookup(one).rows == (("N1", "737", None), ("N2", "A320", 150))


@pytest.mark.parametrize(
    "rows",
    [
        (("N1", "737", 1), ("N1", "737", 2)),
        ((None, "737", 1), ("N1", "737", 2)),
        ((1, "737", 1), ("N1", "737", 2)),
        ((1.5, "737", 1),),
        (),
    ],
)
def test_what_would_not_be_read_is_not_written(rows):
    with pytest.raises((DocumentError, ValueError)):
        build_lookup(table(*rows))


def test_a_table_that_is_too_large_is_not_looked_into():
    data = build_lookup(table(("N1", "737", 1)))
    with pytest.raises(DocumentError, match=f"has {len(data)} bytes, more than 10"):
        parse_lookup(data, limits=Limits(max_lookup_bytes=10))


def test_rows_with_equal_values_have_one_category():
    rows = (("N1", "737", 1), ("N2", "737", None), ("N3", "737", 1), ("N4", None, None))
    assert table(*rows).categories() == (0, 1, 0, 2)


def test_a_table_that_is_the_contracts_has_no_findings():
    assert check_lookup(table(("N1", "737", 1), ("N2", "737", 1)), DECLARED, minimum_keys=2) == ()


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"key": "serial"}, "key", "has the key `tail_number`, not `serial`"),
        ({"name": "ships"}, "key", "`planes`"),
        ({"columns": {"model": LookupType.TEXT}}, "columns", "are not the contract's"),
        (
            {"columns": {"model": LookupType.TEXT, "seats": LookupType.TEXT}},
            "columns",
            "are not the contract's",
        ),
        (
            {"rows": tuple((f"N{at}", "737", 1) for at in range(4))},
            "rows",
            "more than the contract's 3 rows",
        ),
    ],
)
def test_a_table_that_is_not_the_contracts_is_told(changes, path, words):
    (finding,) = check_lookup(table(("N1", "737", 1), **changes), DECLARED)
    assert finding.path == path
    assert words in finding.message


def test_categories_that_can_never_stand_for_enough_are_told_with_the_mend():
    rows = (("N1", "737", 1), ("N2", "737", 1), ("N3", "787", None))
    (finding,) = check_lookup(table(*rows), DECLARED, minimum_keys=2)
    assert finding.message == (
        "1 of 2 combinations of the columns' values stand at fewer than 2 keys"
    )
    assert finding.hint == "merge rare values into coarser ones: 787, NULL"
    # Where keys need not match, such a category is left out of the join instead.
    lenient = DECLARED.model_copy(update={"must_match": False})
    assert check_lookup(table(*rows), lenient, minimum_keys=2) == ()


def test_of_many_rare_categories_some_are_shown():
    rows = tuple((f"N{at}", f"M{at}", 1) for at in range(3))
    (finding,) = check_lookup(
        table(*rows, ("N9", "M9", 1)), DECLARED.model_copy(update={"max_rows": 9}), minimum_keys=2
    )
    assert finding.hint.endswith("M0, 1; M1, 1; M2, 1 and 1 more")


def test_the_specification_shows_a_table_and_its_digest():
    page = (ROOT / "docs" / "spec" / "lookups.md").read_text(encoding="utf-8")
    (content,) = (line for line in page.splitlines() if line.startswith('{"columns"'))
    assert build_lookup(parse_lookup(content.encode())) == content.encode()
    assert digest_of(content.encode()) in page
