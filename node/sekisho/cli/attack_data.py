"""Where `contract attack` finds a provider's data: on the command line, in a node, beside tests."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sekisho.cli.contract_check import TEST_SUFFIX
from sekisho.cli.floors import read_rules
from sekisho.cli.place import Place
from sekisho.config import ColumnConfig, DatasetConfig, SourceConfig
from sekisho.documents.contract_test import SchemaSource, parse_contract_test
from sekisho.errors import NodeError
from sekisho.model.contract import Contract, Role
from sekisho.model.guardrail import PlacedRule
from sekisho.model.names import DatasetId, PartyId, join_dataset, split_dataset
from sekisho.store.folder import load_file
from sekisho.store.guardrails import load_guardrails

CONTRACT_SUFFIX = ".contract.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What one provider has of a contract's datasets, and what it demands."""

    provider: PartyId
    configs: Mapping[str, DatasetConfig]
    root: Path
    """What their files are relative to."""
    rules: tuple[PlacedRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Datasets of any providers."""

    configs: Mapping[DatasetId, DatasetConfig]
    root: Path
    rules: tuple[PlacedRule, ...] = ()


def find_data(options: argparse.Namespace, contract: Contract, path: Path) -> Offered:
    """Find one provider's data: each protects its own.

    Args:
        options: With `data`, `dir` and `provider`.
        contract: What is attacked.
        path: Its file, beside which its tests may be.

    Raises:
        NodeError: There is none.
        DocumentError: node.yaml, a guardrail or the tests cannot be read.
    """
    found = _find(options, contract, path)
    parties = list(dict.fromkeys(split_dataset(name)[0] for name in found.configs))
    chosen = options.provider or next(iter(parties), "")
    if chosen not in parties:
        whose = f" of `{chosen}`" if chosen else ""
        raise NodeError(
            f"there is no data{whose} to attack",
            hint="name a file with --data PARTY/NAME=FILE, or a provider's node with --dir",
        )
    mine = {
        split_dataset(name)[1]: config
        for name, config in found.configs.items()
        if split_dataset(name)[0] == chosen
    }
    root = found.root.absolute()
    return Offered(provider=PartyId(chosen), configs=mine, root=root, rules=found.rules)


def _find(options: argparse.Namespace, contract: Contract, path: Path) -> _Found:
    place = Place.find_any(options)
    if options.data:
        return _Found(configs=_named(options.data), root=Path.cwd(), rules=_rules(place))
    providers = {item.party for item in contract.parties if item.role is Role.PROVIDER}
    if place is not None and place.party in providers:
        configs = {join_dataset(place.party, n): c for n, c in place.config.datasets.items()}
        return _Found(configs=configs, root=place.folder.root, rules=_rules(place))
    return _beside(path)


def _rules(place: Place | None) -> tuple[PlacedRule, ...]:
    return load_guardrails(place.folder, place.config) if place is not None else ()


def _named(texts: Sequence[str]) -> dict[DatasetId, DatasetConfig]:
    """Read `PARTY/NAME=FILE`, one text a dataset."""
    found = {}
    for text in texts:
        dataset, _, file = text.partition("=")
        if "/" not in dataset or not file:
            raise NodeError(f"`{text}` names no data", hint="write --data PARTY/NAME=FILE")
        found[DatasetId(dataset)] = DatasetConfig(source=_source(file))
    return found


def _beside(path: Path) -> _Found:
    """Take the files that a contract's tests name, where there are some."""
    tested = path.with_name(path.name.removesuffix(CONTRACT_SUFFIX) + TEST_SUFFIX)
    if not tested.is_file():
        return _Found(configs={}, root=path.parent)
    tests = parse_contract_test(load_file(tested), name=str(tested))
    configs = {name: _tested(item) for name, item in tests.datasets.items() if not item.columns}
    rules = read_rules([str(path.parent / name) for name in tests.guardrails])
    return _Found(configs=configs, root=path.parent, rules=rules)


def _tested(written: SchemaSource) -> DatasetConfig:
    return DatasetConfig(
        source=_source(written.parquet or written.csv or ""),
        tags=written.tags,
        privacy_units=written.privacy_units,
        columns={
            name: ColumnConfig.model_validate({"class": item})
            for name, item in written.classes.items()
        },
    )


def _source(file: str) -> SourceConfig:
    return SourceConfig(csv=file) if file.endswith(".csv") else SourceConfig(parquet=file)
