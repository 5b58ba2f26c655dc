"""What was asked: one SQL text, under one contract, for one purpose, of one provider."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.model.names import ContractId, PartyId
from sekisho.model.parameters import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryText:
    """A text with the values of its parameters, before it is known under which contract."""

    sql: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def parameter_types(self) -> Mapping[str, str]:
        """The parameters' types in DuckDB's words, by name."""
        return _types(self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question as it reaches the gate; nothing in it is believed yet but the consumer."""

    sql: str
    contract: ContractId
    purpose: str
    consumer: PartyId
    """The party that the connection or the signed request proved."""
    provider: PartyId
    parameters: tuple[Parameter, ...] = ()
    """Values for the query's `$name`; the gate looks at their types alone."""

    @property
    def shape(self) -> Hashable:
        """All that is decided about: two queries that differ in values alone have one shape."""
        kinds = tuple((item.name, item.type) for item in self.parameters)
        return (self.sql, self.contract, self.purpose, self.consumer, self.provider, kinds)

    @property
    def parameter_types(self) -> Mapping[str, str]:
        """The parameters' types in DuckDB's words, by name."""
        return _types(self.parameters)


def _types(parameters: tuple[Parameter, ...]) -> Mapping[str, str]:
    return MappingProxyType({item.name: item.engine_type for item in parameters})
