"""A partner that opens streams of values and sends nothing on them, or never ends one.

expect: the node ends the call after `BINDING_SECONDS` (`server/flight_service.py`)
effect: threads of the peers' face that are held for as long as the attacker likes
source: DESIGN 13: a peer that stalls
"""

import threading
import time

import grpc
import pyarrow as pa
import pytest

from sekisho.server.binding import BINDING_SECONDS
from sekisho.wire.flight import DO_PUT
from sekisho.wire.frames import make_frame, parse_frame
from support.clients import described, headers, partner_by_flight, prepare, prepared
from support.workers import frames_of

pytestmark = pytest.mark.e2e


def frame_for(handle: bytes) -> bytes:
    """The first message of an upload: its descriptor, then the schema."""
    descriptor = described(prepared(handle)).serialize()
    schema = parse_frame(frames_of(pa.table({"0": ["JFK"]}))[0]).header
    assert len(descriptor) < 128
    field = b"\x0a" + bytes([len(descriptor)])
    return field + descriptor + make_frame(schema)


@pytest.mark.parametrize("sends", ["nothing", "a schema"])
def test_a_stream_that_stalls_is_ended(partners, sends):
    maker, ua = partners.companies["maker"], partners.ua
    contract = partners.contracts["maker"]
    with partner_by_flight(maker, ua) as client:
        sql = "SELECT count(*) FROM flights WHERE origin = ?"
        handle = prepare(client, sql, headers(contract=contract)).prepared_statement_handle
    credentials = grpc.ssl_channel_credentials(
        ua.folder.certificate("anchor").read_bytes(),
        maker.folder.key("tls").read_bytes(),
        maker.folder.certificate("tls").read_bytes(),
    )
    options = (("grpc.ssl_target_name_override", ua.party),)
    ended = threading.Event()

    def messages():
        if sends == "a schema":
            yield frame_for(handle)
        ended.wait()

    with grpc.secure_channel(ua.config.listen.peers, credentials, options) as channel:
        started = time.monotonic()
        try:
            with pytest.raises(grpc.RpcError) as caught:
                list(channel.stream_stream(DO_PUT)(messages(), timeout=6 * BINDING_SECONDS))
            assert caught.value.code() is not grpc.StatusCode.DEADLINE_EXCEEDED
            assert time.monotonic() - started < 3 * BINDING_SECONDS
        finally:
            ended.set()
