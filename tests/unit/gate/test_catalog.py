"""A contract's listing of a provider's datasets: types after masks, uses, masks in words."""

from sekisho.gate.catalog import granted_columns
from sekisho.model.contract import RedactMask
from sekisho.model.masks import mask_words
from support.gate_cases import DATASETS, PROVIDER, SIGNED, allowed


def listed():
    return {
        (item.dataset, item.grant): item for item in granted_columns(SIGNED, PROVIDER, DATASETS)
    }


def test_each_grant_shows_its_datasets():
    assert set(listed()) == {
        ("ua.example/flights", "delays"),
        ("ua.example/crews", "totals"),
        ("ua.example/noisy", "noisy"),
        ("ua.example/patients", "held"),
        ("ua.example/parts", "parts"),
        ("ua.example/parts", "parts_wide"),
    }


def test_columns_bear_type_uses_and_mask_as_they_are_shown():
    columns = {item.name: item for item in listed()[("ua.example/flights", "delays")].columns}
    assert columns["seats"].type == "BIGINT"
    assert columns["seats"].mask == "bucket: [0, 100, 200]"
    assert columns["tail_number"].type == "VARCHAR"
    assert columns["tail_number"].mask == "pseudonym: this-contract-and-provider"
    assert columns["flight_date"].mask == "truncate: month"
    assert columns["carrier"].type == "VARCHAR"
    assert columns["carrier"].uses == ("group",)
    assert columns["origin"].uses == ("return", "filter", "join", "group", "measure")
    assert "remark" not in columns


def test_listing_agrees_with_what_a_star_gives():
    shown = listed()[("ua.example/flights", "delays")].columns
    returned = tuple(item.name for item in shown if "return" in item.uses)
    assert returned == allowed("SELECT * FROM flights").columns


def test_redacted_column_says_so():
    assert mask_words(RedactMask("redact")) == "redact"
