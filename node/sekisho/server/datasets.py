"""A node's own datasets: where their rows are, and which columns they have right now."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sekisho.config import DatasetConfig
from sekisho.engine.engine import Engine, Source
from sekisho.errors import NodeError
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import DatasetId, PartyId, join_dataset


class _Stamp(NamedTuple):
    """How a file looked when it was described; a plain tuple, as every query looks at it."""

    size_bytes: int
    changed_ns: int
    number: int


class Datasets:
    """Describes datasets, anew whenever their files have changed; safe from any thread."""

    def __init__(
        self,
        party: PartyId,
        configs: Mapping[str, DatasetConfig],
        *,
        sources: Mapping[str, Source],
        engine: Engine,
    ) -> None:
        """Take the settings and the sources of the same names."""
        self._party = party
        self._configs = configs
        self._engine = engine
        self._sources = sources
        self._lock = threading.Lock()
        self._described: dict[str, tuple[_Stamp, tuple[Column, ...]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names in node.yaml's order."""
        return tuple(self._configs)

    def source(self, name: str) -> Source:
        """Where a dataset's rows are; `KeyError` when there is no such dataset."""
        return self._sources[name]

    def get(self, name: str) -> Dataset:
        """Describe one dataset.

        Raises:
            NodeError: There is none, or its file is away or unreadable.
        """
        config = self._configs.get(name)
        if config is None:
            msg = f"no dataset `{name}` in node.yaml"
            raise NodeError(msg, hint="see `sekisho dataset list`")
        return config.describe(self._party, name, self._columns(name))

    def present(self) -> dict[DatasetId, Dataset]:
        """Describe every dataset whose file can be read."""
        found = {}
        for name in self._configs:
            try:
                found[join_dataset(self._party, name)] = self.get(name)
            except NodeError:
                continue
        return found

    def stamp(self) -> tuple[_Stamp | None, ...]:
        """Tell all files' looks apart from what they were before."""
        return tuple(_stamp(source) for source in self._sources.values())

    def _columns(self, name: str) -> tuple[Column, ...]:
        source = self._sources[name]
        stamp = _stamp(source)
        if stamp is None:
            msg = f"the file of dataset `{name}` is not there: `{source.path}`"
            raise NodeError(msg, hint="put it there, or mend `source:` in node.yaml")
        with self._lock:
            known = self._described.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        columns = self._engine.describe(source)
        with self._lock:
            self._described[name] = (stamp, columns)
        return columns


def sources_of(configs: Mapping[str, DatasetConfig], root: Path) -> dict[str, Source]:
    """Find each dataset's file; relative paths are below `root`."""
    return {name: _source(name, config, root) for name, config in configs.items()}


def _source(name: str, config: DatasetConfig, root: Path) -> Source:
    item = config.source
    return Source(
        name=name, kind=item.kind, path=str((root / item.path).absolute()), table=item.table
    )


def _stamp(source: Source) -> _Stamp | None:
    try:
        facts = os.stat(source.path)  # noqa: PTH116  a fifth of the time of a Path
    except OSError:
        return None
    return _Stamp(size_bytes=facts.st_size, changed_ns=facts.st_mtime_ns, number=facts.st_ino)
