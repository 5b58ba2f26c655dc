"""What the gate's rules hand to each other: a question, and the draft of a plan for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from sekisho.gate.views import View
from sekisho.model.contract import Grant, Lookup
from sekisho.model.dataset import Dataset
from sekisho.model.limits import Limits
from sekisho.model.names import DatasetId
from sekisho.model.plan import ProtectedBlock
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.sql.blocks import Block
from sekisho.sql.parser import SecondParser
from sekisho.sql.scopes import Resolved, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query, the contract under which it is asked, and what the provider has."""

    query: Query
    signed: SignedContract
    datasets: Mapping[DatasetId, Dataset]
    parser: SecondParser
    limits: Limits

    @property
    def alias(self) -> str:
        """The schema that the provider's datasets have in the contract."""
        return self.signed.alias_of(self.query.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan in the making, under one grant; each rule fills in a part."""

    question: Question
    grant: Grant
    tree: exp.Query
    """This draft's own copy of what was read."""
    resolved: Resolved | None = None
    views: Mapping[DatasetId, View] = field(default_factory=dict)
    """Of every dataset that the query names, in the order in which it does."""
    reads: Mapping[DatasetId, tuple[str, ...]] = field(default_factory=dict)
    """Columns of each view that the query reads, in the contract's order."""
    found: tuple[Block, ...] = ()
    """What of the query reads governed rows, in a grant of statistics."""
    blocks: tuple[ProtectedBlock, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    clauses: tuple[str, ...] = ()

    @property
    def clause(self) -> str:
        """Name the grant as refusals do."""
        return f"grants.{self.grant.grant}"

    def lookup_of(self, source: Source) -> Lookup | None:
        """Tell which table that the consumer may bring a relation of the query is."""
        key = source.relation.key if source.relation is not None else ""
        return next((item for item in self.grant.lookups if lookup_key(item) == key), None)

    def settled(self) -> Resolved:
        """Give what the rules before this one must have filled in."""
        if self.resolved is None:
            message = "a rule of the gate ran before the names were looked up"
            raise RuntimeError(message)
        return self.resolved

    def view_of(self, source: Source) -> View:
        """Give the view that an entry of FROM stands for."""
        relation = source.relation
        if relation is None:
            message = "the output of an inner SELECT has no view"
            raise RuntimeError(message)
        return self.views[DatasetId(relation.key)]


def lookup_key(lookup: Lookup) -> str:
    """Name a lookup among a query's relations, as no dataset can be named."""
    return f"lookup:{lookup.name}"
