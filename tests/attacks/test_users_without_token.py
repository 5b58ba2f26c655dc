"""Calls on the users' face without a token, with a wrong one, or with a peer's certificate.

expect: UNAUTHENTICATED at every method of every service, GetFlightInfo and DoGet too
effect: nothing is planned, asked, signed or shown; the ledger is as it was
source: DESIGN 6
"""

import grpc
import pytest

from sekisho.model.query import QueryText
from sekisho.wire.flight import DO_GET, GET_FLIGHT_INFO, pack_statement
from sekisho.wire.gen.sekisho.v1 import contract_service_pb2, node_service_pb2
from support.border import unchanged

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SERVICES = [
    *contract_service_pb2.DESCRIPTOR.services_by_name.values(),
    *node_service_pb2.DESCRIPTOR.services_by_name.values(),
]
METHODS = [f"/{kind.full_name}/{method.name}" for kind in SERVICES for method in kind.methods]
ASKED = QueryText(sql="SELECT origin FROM ua.flights")
WRONG = {
    "none": (),
    "wrong": (("authorization", "Bearer " + "x" * 43),),
    "empty": (("authorization", "Bearer "),),
    "of another scheme": (("authorization", "Basic eDp5"),),
}


def channel_to(pair):
    roots = pair.maker.folder.certificate("anchor").read_bytes()
    return grpc.secure_channel(pair.maker.config.listen.users, grpc.ssl_channel_credentials(roots))


@pytest.mark.parametrize("token", WRONG)
def test_every_method_asks_for_a_token(pair, token):
    headers = (*WRONG[token], ("x-sekisho-contract", pair.contract))
    with unchanged(pair.maker), unchanged(pair.ua), channel_to(pair) as channel:
        for method in METHODS:
            with pytest.raises(grpc.RpcError) as failed:
                channel.unary_unary(method)(b"", metadata=headers, timeout=30)
            assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED, method
        info = channel.unary_unary(GET_FLIGHT_INFO)
        with pytest.raises(grpc.RpcError) as failed:
            info(pack_statement(ASKED), metadata=headers, timeout=30)
        assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as failed:
            list(channel.unary_stream(DO_GET)(b"", metadata=headers, timeout=30))
        assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_no_service_of_the_users_face_is_on_the_peers_face(pair):
    peer = pair.maker.peer_at(pair.ua)
    token = pair.ua.folder.token("operator").read_text().strip()
    for method in METHODS:
        call = peer._channel.unary_unary(method)
        with pytest.raises(grpc.RpcError) as failed:
            call(b"", metadata=(("authorization", f"Bearer {token}"),), timeout=30)
        assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED, method
    peer.close()
