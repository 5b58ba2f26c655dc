"""Calls a node's peers' face on bare bytes, and keeps every byte that comes back."""

import base64
import contextlib
from dataclasses import dataclass, field
from typing import Self

import grpc

from sekisho.client.channel import open_channel
from sekisho.model.query import QueryText
from sekisho.wire.flight import (
    CONTRACT_HEADER,
    DO_GET,
    GET_FLIGHT_INFO,
    PURPOSE_HEADER,
    pack_request_ticket,
    pack_statement,
    parse_info,
)
from support.asking import PURPOSE, request, sealed
from support.nodes import Company


@dataclass
class Heard:
    """What came back of one call."""

    method: str
    about: str
    code: str
    messages: list[bytes] = field(default_factory=list)
    around: list[bytes] = field(default_factory=list)
    """Status text and metadata before and after."""

    @property
    def size(self) -> int:
        return sum(map(len, self.messages))


class Wiretap:
    """One company's connection to another's node."""

    def __init__(self, consumer: Company, provider: Company) -> None:
        credentials = consumer.credentials()
        self._consumer, self._provider = consumer, provider
        self._channel = open_channel(
            provider.config.listen.peers,
            roots=provider.folder.certificate("anchor").read_bytes(),
            key=credentials.key,
            certificate=credentials.certificate,
            server_name=provider.party,
        )
        self.heard: list[Heard] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def call(self, method: str, payload: bytes, *, about: str = "", headers=()) -> Heard:
        """Call a method of one message and one answer."""
        call = self._channel.unary_unary(method).future(payload, metadata=headers, timeout=60)
        heard = Heard(method=method, about=about, code="")
        with contextlib.suppress(grpc.RpcError):
            heard.messages.append(call.result())
        return self._keep(heard, call)

    def stream(self, payload: bytes, *, method: str = DO_GET, about: str = "") -> Heard:
        """Call a method of one message and a stream of answers, and read it to its end."""
        call = self._channel.unary_stream(method)(payload, timeout=60)
        heard = Heard(method=method, about=about, code="")
        with contextlib.suppress(grpc.RpcError):
            heard.messages += call
        return self._keep(heard, call)

    def ask(self, contract: str, sql: str) -> Heard:
        """Ask as a node does, by a signed request."""
        asked = request(self._consumer, self._provider, contract, sql)
        ticket = pack_request_ticket(sealed(self._consumer, asked))
        return self.stream(ticket, about=sql)

    def ask_as_partner(self, contract: str, sql: str) -> tuple[Heard, Heard | None]:
        """Ask as a partner without a node: GetFlightInfo, and DoGet by its ticket."""
        headers = ((CONTRACT_HEADER, contract), (PURPOSE_HEADER, PURPOSE))
        statement = pack_statement(QueryText(sql=sql))
        info = self.call(GET_FLIGHT_INFO, statement, about=sql, headers=headers)
        if not info.messages:
            return info, None
        return info, self.stream(parse_info(info.messages[0]), about=sql)

    def _keep(self, heard: Heard, call) -> Heard:
        heard.code = call.code().name
        heard.around.append((call.details() or "").encode())
        for key, value in (*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())):
            heard.around += [key.encode(), value if isinstance(value, bytes) else value.encode()]
        self.heard.append(heard)
        return heard

    def said(self) -> list[tuple[str, bytes]]:
        """List everything that was heard, each with what it was about."""
        return [
            (f"{item.method} {item.about}", data)
            for item in self.heard
            for data in (*item.messages, *item.around)
        ]


def disguises(secret: str) -> set[bytes]:
    """Give a text as it may stand in a stream of bytes, in lower case."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), secret.encode("utf-16-le")}
    for shift in range(3):
        # Three alignments; the first and last letters depend on what stands beside.
        found.add(base64.b64encode(bytes(shift) + plain)[4:-4])
    return {item.lower() for item in found}
