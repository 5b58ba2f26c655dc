"""What attacks are tried on: one dataset under one grant, with all that is known of it here.

Only on the provider's own machine: its data is read as it is, for the truth that attackers are held
to, and for what they may know beforehand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path

import pyarrow as pa

from sekisho.config import DatasetConfig
from sekisho.disclosure.attacks.attack import Rules
from sekisho.disclosure.attacks.choosing import ShownColumn, choose_secrets, secret_of, values_of
from sekisho.disclosure.attacks.knowledge import (
    Asked,
    Knowledge,
    KnownColumn,
    KnownLookup,
    Secret,
)
from sekisho.disclosure.attacks.truth import Truth
from sekisho.disclosure.attacks.writing import quoted
from sekisho.engine.engine import Engine, Job, Source
from sekisho.errors import NodeError
from sekisho.gate.governed import units_of
from sekisho.gate.known import PERSON, KnownRows, write_known
from sekisho.gate.views import names_in, view_of
from sekisho.model.contract import Access, Disclosure, Grant, PseudonymMask, Use
from sekisho.model.dataset import ColumnClass, Dataset
from sekisho.model.names import DatasetId, PartyId, split_dataset
from sekisho.server.datasets import Datasets, sources_of
from sekisho.server.rehearsal.stage import Stage
from sekisho.store.folder import load_secret
from sekisho.trust.pseudonym import derive_pseudonym_keys
from sekisho.wire.frames import frame_stream_reader

MAX_ROWS = 250_000
"""Rows of a dataset that attacks are tried on: what an attacker knows is kept in memory."""
_SENSITIVE = frozenset({ColumnClass.HEALTH, ColumnClass.SENSITIVE, ColumnClass.COMMERCIAL})


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What one provider has, and where it is read from."""

    party: PartyId
    configs: Mapping[str, DatasetConfig]
    """Their files are named absolutely."""
    datasets: Mapping[DatasetId, Dataset]
    sources: Mapping[str, Source]


def describe_offer(
    party: PartyId, configs: Mapping[str, DatasetConfig], *, root: Path, engine: Engine
) -> Offer:
    """Describe a provider's datasets.

    Raises:
        NodeError: One of them cannot be read.
    """
    placed = {name: _placed(config, root) for name, config in configs.items()}
    sources = sources_of(placed, root)
    known = Datasets(party, placed, sources=sources, engine=engine)
    datasets = {item.id: item for item in map(known.get, placed)}
    return Offer(party=party, configs=placed, datasets=datasets, sources=sources)


def _placed(config: DatasetConfig, root: Path) -> DatasetConfig:
    """Name a dataset's file by where it is, whatever folder is worked in."""
    source = config.source
    path = str((root / source.path).absolute())
    return config.model_copy(update={"source": source.model_copy(update={source.kind: path})})


class Ground:
    """A dataset under a grant."""

    def __init__(
        self,
        stage: Stage,
        grant: Grant,
        dataset: DatasetId,
        *,
        offer: Offer,
        engine: Engine,
        secret: str = "",
    ) -> None:
        """Read what attackers may know, and the truth.

        Args:
            stage: The contract.
            grant: The grant.
            dataset: One of the grant's that the provider has.
            offer: The provider's.
            engine: Reads the data.
            secret: What is attacked, `COLUMN` or `COLUMN=VALUE`; chosen where it is empty.

        Raises:
            NodeError: The data is too large, or holds no such secret.
            Refusal: The grant does not fit the data any more.
        """
        self.stage, self.grant, self.dataset = stage, grant, dataset
        self.offer, self.engine = offer, engine
        self.name = split_dataset(dataset)[1]
        elsewhere = names_in(
            item for name, item in offer.datasets.items() if name in grant.datasets
        )
        self._view = view_of(grant, offer.datasets[dataset], elsewhere=elsewhere)
        zone = stage.signed.contract.term.timezone
        self.known: KnownRows = write_known(self._view, timezone=zone, parser=engine)
        sql = f"SELECT * FROM ({self.known.sql}) LIMIT {MAX_ROWS + 1}"  # noqa: S608  the gate's
        shown = read_table(engine, self.job(sql))
        if len(shown) > MAX_ROWS:
            raise NodeError(
                f"`{dataset}` has more than {MAX_ROWS} rows, which is the most for attacks",
                hint="name an extract of it with --data",
            )
        self.names = sorted(set(shown.column(PERSON).to_pylist()))
        """Whom the rows are about, as the data calls them; people are numbered by it."""
        self._people = self._numbers(shown)
        self._columns = {item.name.lower(): item for item in self._shown(shown)}
        self._chosen = self._secrets(secret)
        self.truths = tuple(map(self._truth, self._chosen))
        """One a secret."""

    @property
    def unit(self) -> str:
        """Name the privacy unit that is attacked; empty where each row is taken for a person."""
        return next(iter(units_of(self._view)), "")

    def job(self, sql: str) -> Job:
        """Make a job over the dataset as it lies here, for a text around `known.sql`."""
        parameters = dict(self.known.parameters)
        provider = self.offer.party
        if "$k1" in sql:
            agreement = load_secret(self.stage.folders[provider].key("agreement"))
            keys = derive_pseudonym_keys(
                agreement, contract=self.stage.signed.id, provider=provider
            )
            parameters |= {"k1": keys.k1, "k2": keys.k2}
        return Job(sql=sql, parameters=parameters, sources=(self.offer.sources[self.name],))

    def raw(self) -> pa.Table:
        """Read the dataset as it is, with whom each row is about as a last column."""
        relation = f'"data".{quoted(self.name)}'
        sql = f"SELECT *, CAST({quoted(self.unit)} AS VARCHAR) FROM {relation}"  # noqa: S608  quoted
        return read_table(self.engine, Job(sql=sql, sources=(self.offer.sources[self.name],)))

    def lookup(self) -> KnownLookup | None:
        """Find a table that the consumer may bring, and by what the dataset is joined to it."""
        for lookup in self.grant.lookups:
            column = self._columns.get(lookup.key.lower())
            if column is not None and None not in column.values:
                return KnownLookup(lookup=lookup, keys=tuple(column.values))
        return None

    def _numbers(self, shown: pa.Table) -> tuple[int, ...]:
        numbers = {name: at for at, name in enumerate(self.names)}
        return tuple(numbers[name] for name in shown.column(PERSON).to_pylist())

    def _shown(self, shown: pa.Table) -> Iterator[ShownColumn]:
        units = {name.lower() for name in units_of(self._view)}
        naming = {Use.RETURN} if self.grant.access is Access.ROWS else {Use.FILTER}
        for at, item in enumerate(self._view.columns.values()):
            raw = self._view.dataset.column(item.name)
            is_unit = item.name.lower() in units
            is_pseudonym = isinstance(item.grant.mask, PseudonymMask)
            yield ShownColumn(
                name=self.known.columns[at],
                is_named=bool(item.uses & naming) and not is_pseudonym,
                is_grouped=Use.GROUP in item.uses and not is_unit,
                is_measure=Use.MEASURE in item.uses and not is_unit,
                is_who=is_unit or is_pseudonym,
                is_sensitive=raw is not None and raw.column_class in _SENSITIVE,
                values=[_plain(value) for value in shown.column(f"c{at}").to_pylist()],
            )

    def _secrets(self, wanted: str) -> tuple[Secret, ...]:
        if not wanted:
            return choose_secrets(list(self._columns.values()))
        secret = secret_of(self._columns, wanted)
        if secret is None:
            raise NodeError(
                f"`{wanted}` is no secret of `{self.dataset}` under the grant `{self.grant.grant}`",
                hint="write COLUMN, or COLUMN=VALUE with a value that the grant shows",
            )
        return (secret,)

    def _truth(self, secret: Secret) -> Truth:
        columns = [item for item in self._columns.values() if self._is_known(item, secret)]
        known = Knowledge(
            relation=quoted(self.name),
            columns=tuple(
                KnownColumn(name=item.name, is_grouped=item.is_grouped, is_filtered=item.is_named)
                for item in columns
            ),
            rows=tuple(zip(*(item.values for item in columns), strict=True))
            or ((),) * len(self._people),
            people=self._people,
        )
        values = values_of(secret, self._columns[secret.column.lower()])
        return Truth(known=known, secret=secret, values=tuple(values), rules=self._rules())

    def _is_known(self, item: ShownColumn, secret: Secret) -> bool:
        """Whether an attacker knows everybody's value of a column: not of what is attacked."""
        if item.name == secret.column or not (item.is_named or item.is_grouped):
            return False
        named = [other for other in self._chosen if isinstance(other, Asked)]
        return all(item.name != other.column for other in named)

    def _rules(self) -> Rules:
        terms = self.grant.effective_disclosure or Disclosure()
        return Rules(
            minimum_units=terms.minimum_units,
            round_counts_to=terms.round_counts_to,
            p_percent=terms.dominance.p_percent,
            functions=frozenset(item.value for item in self.grant.functions),
        )


def read_table(engine: Engine, job: Job) -> pa.Table:
    """Run a job and read its whole answer."""
    with engine.run(job) as run:
        frames = chain([run.schema], (batch.frame for batch in run))
        stream = pa.PythonFile(frame_stream_reader(frames), mode="r")
        return pa.ipc.open_stream(stream).read_all()


def _plain(value: object) -> object:
    """Take decimals for the numbers that they are."""
    return float(value) if isinstance(value, Decimal) else value
