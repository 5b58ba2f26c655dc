"""What a query may name: relations and their columns, as the company's own node lists them."""

from dataclasses import dataclass

from sekisho.wire.gen.sekisho.v1 import node_service_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation that a query may name."""

    schema: str
    """`shared`, `local` or a provider's alias."""
    name: str
    columns: tuple[str, ...]
    """Each a name and a DuckDB type."""


def relations_from_proto(found: node_service_pb2.ListRelationsResponse) -> tuple[Relation, ...]:
    """Read relations, ordered by schema and name."""
    return tuple(
        Relation(schema=item.schema, name=item.name, columns=tuple(item.columns))
        for item in found.relations
    )
