"""What was asked: one SQL text, under one contract, for one purpose, of one provider."""

from dataclasses import dataclass

from sekisho.model.names import ContractId, PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question as it reaches the gate; nothing in it is believed yet but the consumer."""

    sql: str
    contract: ContractId
    purpose: str
    consumer: PartyId
    """The party that the connection or the signed request proved."""
    provider: PartyId
