"""The engine as commands use it: for describing files and for the second reading of SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.place import Place
from sekisho.config import EngineConfig
from sekisho.documents.contract_test import ContractTest
from sekisho.engine.engine import EngineSettings, Source, SourceKind
from sekisho.engine.pool import WorkerPool
from sekisho.model.dataset import Dataset
from sekisho.model.names import DatasetId, split_dataset

if TYPE_CHECKING:
    from sekisho.server.datasets import Datasets


@contextmanager
def open_engine(config: EngineConfig | None = None) -> Iterator[WorkerPool]:
    """Start an engine for the length of a block; a worker over files only when one is asked for."""
    config = config or EngineConfig()
    pool = WorkerPool(
        EngineSettings(memory_bytes=config.memory, threads=config.threads, workers=0, max_workers=1)
    )
    try:
        yield pool
    finally:
        pool.close()


@contextmanager
def open_datasets(place: Place) -> "Iterator[Datasets]":
    """Start an engine over the node's own datasets for the length of a block."""
    from sekisho.server.datasets import Datasets, sources_of

    configs = place.config.datasets
    with open_engine(place.config.engine) as engine:
        sources = sources_of(configs, place.folder.root)
        yield Datasets(place.party, configs, sources=sources, engine=engine)


def tested_datasets(
    tests: ContractTest, folder: Path, engine: WorkerPool
) -> dict[DatasetId, Dataset]:
    """Build the datasets of a contract's tests, from the columns written there or from files.

    Raises:
        NodeError: A file cannot be read.
    """
    return {name: _tested(tests, name, folder=folder, engine=engine) for name in tests.datasets}


def _tested(tests: ContractTest, name: DatasetId, *, folder: Path, engine: WorkerPool) -> Dataset:
    written = tests.datasets[name]
    inline = written.inline_dataset(name)
    if inline is not None:
        return inline
    kind: SourceKind = "parquet" if written.parquet else "csv"
    path = (folder / (written.parquet or written.csv or "")).absolute()
    source = Source(name=split_dataset(name)[1], kind=kind, path=str(path))
    return written.describe(name, engine.describe(source))
