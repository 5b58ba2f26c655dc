"""One connection to the company's own node, for people and their programs."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import grpc

from sekisho.client.answer import Answer
from sekisho.client.channel import open_channel, raise_error
from sekisho.client.explanation import Explanation, FragmentExplanation, MergeExplanation
from sekisho.client.notebook import notebook_progress
from sekisho.client.notes import Progress
from sekisho.client.relations import Relation, relations_from_proto
from sekisho.client.values import Values, parameters_of
from sekisho.model.query import QueryText
from sekisho.wire.flight import (
    CONTRACT_HEADER,
    DO_GET,
    GET_FLIGHT_INFO,
    PROGRESS_HEADER,
    PURPOSE_HEADER,
    pack_statement,
    parse_info,
)
from sekisho.wire.gen.sekisho.v1 import node_service_pb2
from sekisho.wire.gen.sekisho.v1.node_service_pb2_grpc import NodeServiceStub
from sekisho.wire.parameters import parameters_to_proto

Call = Callable[..., Any]
"""A bare gRPC method: bytes in, bytes or a stream of them out."""


class Node:
    """A connection to a node's users' face; a context manager."""

    def __init__(self, channel: grpc.Channel, *, token: str) -> None:
        """Use `connect` instead."""
        self.channel = channel
        self._authorization: tuple[str, str | bytes] = ("authorization", f"Bearer {token}")

    def __enter__(self) -> Self:
        """Close the connection when the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The headers that every call of this user carries."""
        return (self._authorization,)

    def query(
        self,
        sql: str,
        *,
        contract: str = "",
        purpose: str = "",
        parameters: Values = (),
        on_progress: Callable[[tuple[Progress, ...]], None] | None = None,
    ) -> Answer:
        """Ask one query under one contract.

        Args:
            sql: One SELECT over the relations that the contract shows.
            contract: Whole id, unambiguous prefix, or the title of the contract in force; may be
                left out when only one fits.
            purpose: One that the contract lists; may be left out when there is one.
            parameters: Values by name for `$name`, or in order for `?`: texts, numbers, truth
                values, dates, datetimes, or `sekisho.Parameter` for a stated type.
            on_progress: Called with the providers' progress while the query runs; a notebook shows
                it without.

        Raises:
            Refusal: The contract does not allow the query.
            PeerError: A provider is away, or its answer did not verify.
            ValueError: A parameter is of no type that a query can have.
        """
        text = QueryText(sql=sql, parameters=parameters_of(parameters))
        on_progress = on_progress or notebook_progress()
        headers = (
            *self.metadata,
            (CONTRACT_HEADER, contract),
            *([(PURPOSE_HEADER, purpose)] if purpose else []),
            *([(PROGRESS_HEADER, "1")] if on_progress is not None else []),
        )
        # No serializers: messages are bytes on both sides, copied once.
        info: Call = self.channel.unary_unary(GET_FLIGHT_INFO)
        get: Call = self.channel.unary_stream(DO_GET)
        try:
            ticket = parse_info(info(pack_statement(text), metadata=headers))
        except grpc.RpcError as error:
            raise_error(error)
        return Answer(get(ticket, metadata=headers), on_progress=on_progress)

    def explain(
        self, sql: str, *, contract: str = "", purpose: str = "", parameters: Values = ()
    ) -> Explanation:
        """Tell what a query would do: fragments, clauses, charges. Reads no data.

        Raises:
            Refusal: The contract does not allow the query.
        """
        request = node_service_pb2.ExplainQueryRequest(
            contract=contract,
            purpose=purpose,
            sql=sql,
            parameters=parameters_to_proto(parameters_of(parameters)),
        )
        try:
            found = NodeServiceStub(self.channel).ExplainQuery(request, metadata=self.metadata)
        except grpc.RpcError as error:
            raise_error(error)
        fragments = tuple(
            FragmentExplanation(
                provider=item.provider,
                sql=item.sql,
                clauses=tuple(item.clauses),
                plan=item.plan,
                charges=tuple(item.charges),
                terms=item.terms,
                lookups=tuple(item.lookups),
            )
            for item in found.fragments
        )
        return Explanation(
            fragments=fragments,
            merges=tuple(MergeExplanation(name=item.name, sql=item.sql) for item in found.merges),
            residual=found.residual,
            columns=tuple(found.columns),
        )

    def relations(self, *, contract: str = "") -> tuple[Relation, ...]:
        """List what a query may name under a contract; without one, under the only one that fits.

        Types are missing where a provider's node is away.

        Raises:
            Refusal: The contract is not known, or several fit.
        """
        request = node_service_pb2.ListRelationsRequest(contract=contract)
        try:
            found = NodeServiceStub(self.channel).ListRelations(request, metadata=self.metadata)
        except grpc.RpcError as error:
            raise_error(error)
        return relations_from_proto(found)

    def close(self) -> None:
        """Close the connection; running answers are cancelled."""
        self.channel.close()


def connect(url: str, *, token: str | Path, ca: str | Path | bytes | None = None) -> Node:
    """Connect to a node.

    Args:
        url: `grpc+tls://HOST:PORT`, the node's users' face.
        token: The user's token, or the path of the file that holds it.
        ca: PEM anchor to believe, as bytes or a path; the node's is `certs/anchor.pem`.

    Raises:
        ValueError: The URL is not of that form.
    """
    parts = urlsplit(url)
    if parts.scheme != "grpc+tls" or not parts.hostname or not parts.port:
        msg = f"expected `grpc+tls://HOST:PORT`, found `{url}`"
        raise ValueError(msg)
    roots = ca if isinstance(ca, bytes) or ca is None else Path(ca).read_bytes()
    secret = token.read_text().strip() if isinstance(token, Path) else token.strip()
    return Node(open_channel(f"{parts.hostname}:{parts.port}", roots=roots), token=secret)
