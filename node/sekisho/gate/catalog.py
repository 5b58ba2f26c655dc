"""What a contract shows of a provider's datasets: for listings, completion and the federation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.errors import Refusal
from sekisho.gate.views import View, ViewColumn, names_in, view_of
from sekisho.model.contract import Access, Grant, Use
from sekisho.model.dataset import Dataset
from sekisho.model.masks import mask_words
from sekisho.model.names import DatasetId, PartyId
from sekisho.model.signed import SignedContract


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedColumn:
    """One column as a consumer sees it."""

    name: str
    type: str
    """DuckDB type after the mask."""
    uses: tuple[str, ...]
    mask: str
    """In words, such as `truncate: month`; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedDataset:
    """One dataset as one grant shows it."""

    dataset: DatasetId
    grant: str
    access: Access
    columns: tuple[GrantedColumn, ...]


def granted_columns(
    signed: SignedContract, provider: PartyId, datasets: Mapping[DatasetId, Dataset]
) -> tuple[GrantedDataset, ...]:
    """List what a contract shows of a provider's datasets, grant by grant.

    A dataset that is missing, or no longer fits its grant, is left out: a query over it is refused
    with `SCHEMA_CHANGED`.

    Args:
        signed: The contract.
        provider: Whose datasets.
        datasets: Those that the provider has now.
    """
    return tuple(
        shown
        for grant in signed.grants_of(provider)
        for shown in _shown(
            grant,
            [datasets[DatasetId(name)] for name in grant.datasets_of(provider) if name in datasets],
        )
    )


def _shown(grant: Grant, datasets: list[Dataset]) -> Iterator[GrantedDataset]:
    names = names_in(datasets)
    for dataset in datasets:
        try:
            view = view_of(grant, dataset, elsewhere=names)
        except Refusal:
            continue
        yield _granted(grant, dataset, view)


def _granted(grant: Grant, dataset: Dataset, view: View) -> GrantedDataset:
    return GrantedDataset(
        dataset=dataset.id,
        grant=grant.grant,
        access=grant.access,
        columns=tuple(_column(item) for item in view.columns.values()),
    )


def _column(item: ViewColumn) -> GrantedColumn:
    return GrantedColumn(
        name=item.name,
        type=item.type,
        uses=tuple(use.value for use in Use if use in item.uses),
        mask=mask_words(item.grant.mask),
    )
