"""What a catalog is made of, and what a name in it stands for."""

import pytest

from sekisho.federation.catalog import Catalog, Part, Relation, ShownColumn, catalog_of


def part(alias, *columns, dataset="flights"):
    return Part(
        party=f"{alias}.example",
        alias=alias,
        dataset=dataset,
        columns=tuple(ShownColumn(name=name) for name in columns),
    )


def test_a_bare_name_means_the_union_only(catalog):
    assert catalog.find(("flights",)).schema == "shared"
    assert catalog.find(("planes",)) is None
    assert catalog.elsewhere("planes") == ("local.planes",)


def test_a_name_may_bear_its_schema_and_the_catalog(catalog):
    assert catalog.find(("ua", "flights")).parts[0].alias == "ua"
    assert catalog.find(("sekisho", "local", "planes")).is_local
    assert catalog.find(("memory", "ua", "flights")) is None
    assert catalog.find(("lh", "flights")) is None


def test_names_of_the_default_schema_come_first(catalog):
    assert catalog.names[:3] == ("flights", "repairs", "weather")
    assert catalog.names[-1] == "local.planes"


def test_a_union_has_the_columns_of_all_in_the_order_in_which_they_come():
    union = catalog_of([part("ua", "a", "b"), part("dl", "B", "c")]).find(("flights",))
    assert union.columns == ("a", "b", "c")
    assert union.starred == ("b",)
    assert [item.alias for item in union.lacking("a")] == ["dl"]
    assert union.lacking("provider") == ()


def test_a_dataset_with_a_column_of_that_name_hides_the_provider():
    union = catalog_of([part("ua", "Provider"), part("dl", "x")]).find(("flights",))
    assert not union.has_provider
    assert [item.alias for item in union.lacking("provider")] == ["dl"]


def test_two_grants_of_one_dataset_are_one_relation_with_the_columns_of_both():
    relation = catalog_of([part("ua", "a", "b"), part("ua", "B", "c")]).find(("ua", "flights"))
    assert relation.columns == ("a", "b", "c")
    assert len(relation.parts) == 1


def test_two_relations_of_one_name_are_a_mistake_of_ours():
    relation = Relation(schema="local", name="planes", columns=("a",))
    with pytest.raises(ValueError, match="bear one name"):
        Catalog(relations=(relation, relation))
