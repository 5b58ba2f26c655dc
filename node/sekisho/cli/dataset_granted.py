"""What another company's contracts show here: datasets with their columns, and on which terms."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sekisho.cli.place import Place, now
from sekisho.errors import NodeError
from sekisho.model.lifecycle import ContractState
from sekisho.model.names import PartyId, short_id, split_dataset

if TYPE_CHECKING:
    from sekisho.model.contract import ColumnGrant, Grant
    from sekisho.model.signed import SignedContract

Types = Mapping[tuple[str, str], str]
"""DuckDB types after masks, by dataset and column in lower case, as the provider has them now."""


def granted_rows(place: Place, party: str) -> Iterator[dict[str, Any]]:
    """Describe what each contract in force with a party shows, grant by grant.

    The terms are those of the contract that this node holds; types are the running node's to ask
    for.

    Raises:
        NodeError: The party is not a member here, or the node does not run.
    """
    contracts = _contracts_with(place, party)
    if not contracts:
        return
    with place.steward() as steward:
        for provider, signed in contracts:
            alias = signed.alias_of(provider)
            types = {
                (relation.name, name.lower()): kind
                for relation in steward.relations(signed.id)
                if relation.schema == alias
                for name, _, kind in (item.partition(" ") for item in relation.columns)
            }
            for grant in signed.grants_of(provider):
                yield from _rows(signed, provider, grant, types=types)


def print_granted(row: Mapping[str, Any]) -> None:
    """Show one dataset as one grant shows it."""
    print(f"{row['name']}: {row['title']} ({short_id(row['contract'])}), {row['access']}")
    if row["terms"]:
        units = ", ".join(row["privacy_units"])
        print(f"  of {units}: {row['terms']}")
        print(f"  {', '.join(row['functions'])} of measures")
    width = max((len(item["name"]) for item in row["columns"]), default=0)
    for item in row["columns"]:
        said = ", ".join(item["uses"]) + (f"; {item['mask']}" if item["mask"] else "")
        print(f"  {item['name'].ljust(width)}  {item['type']}  ({said})")
    for lookup in row["lookups"]:
        brought = ", ".join(f"{name} {kind}" for name, kind in lookup["columns"].items())
        print(
            f"  local.{lookup['name']} may be joined on {lookup['key']}: {brought};"
            f" {lookup['max_rows']:,} rows at most"
        )


def _contracts_with(place: Place, party: str) -> "list[tuple[PartyId, SignedContract]]":
    """List the contracts in force under which a party answers this company."""
    at = now()
    with place.records() as records:
        known = records.members.by_alias(party)
        provider = known.party if known else PartyId(party)
        if provider not in place.members(records)():
            raise NodeError(f"`{party}` is not a member here", hint="see `sekisho member list`")
        book = place.contracts(records)
        return [
            (provider, signed)
            for signed in book.all()
            if provider in signed.providers
            and place.party in signed.consumers
            and book.state(signed.id, at, party=provider) is ContractState.IN_FORCE
        ]


def _rows(
    signed: "SignedContract", provider: PartyId, grant: "Grant", *, types: Types
) -> Iterator[dict[str, Any]]:
    """Describe the datasets of one grant that the provider shows now."""
    from sekisho.disclosure.cells import terms_text
    from sekisho.gate.blocks import terms_of
    from sekisho.model.contract import Access

    is_statistics = grant.access is Access.AGGREGATE
    for dataset in grant.datasets_of(provider):
        name = split_dataset(dataset)[1]
        columns = [
            _column(column, item, grant, kind=types[name, column.lower()])
            for column, item in grant.columns.items()
            if (name, column.lower()) in types
        ]
        if columns:
            yield {
                "contract": signed.id,
                "name": f"{signed.alias_of(provider)}.{name}",
                "columns": columns,
                "title": signed.contract.title,
                "grant": grant.grant,
                "access": grant.access.value,
                "privacy_units": list(grant.privacy_units),
                "functions": [item.value for item in grant.functions] if is_statistics else [],
                "lookups": [item.model_dump(mode="json") for item in grant.lookups],
                "terms": terms_text(terms_of(grant.effective_disclosure)) if is_statistics else "",
            }


def _column(name: str, item: "ColumnGrant", grant: "Grant", *, kind: str) -> dict[str, Any]:
    from sekisho.model.contract import Use
    from sekisho.model.masks import mask_words

    uses = item.uses(grant.access)
    return {
        "name": name,
        "type": kind,
        "uses": [use.value for use in Use if use in uses],
        "mask": mask_words(item.mask),
    }
