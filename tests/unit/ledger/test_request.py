"""Requests: for this provider, from this consumer, from now."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.errors import DocumentError, TrustError
from sekisho.ledger.request import (
    Request,
    parameters_digest,
    parse_request,
    request_bytes,
    verify_request,
)
from sekisho.model.parameters import Parameter
from support.state import CONSUMER, CONTRACT, NOW, PROVIDER

REQUEST = Request(
    contract=CONTRACT,
    provider=PROVIDER,
    consumer=CONSUMER,
    purpose="reliability",
    sql="SELECT 1",
    nonce="0f" * 16,
    issued_at="2026-12-01T05:00:00.123Z",
)


def test_a_request_is_read_back_as_it_was_written():
    assert parse_request(request_bytes(REQUEST)) == REQUEST


def test_parameters_are_signed_with_their_values():
    two = (
        Parameter(name="day", type="date", value="2026-12-01"),
        Parameter(name="1", type="text", value="JFK"),
    )
    asked = replace(REQUEST, parameters=two)
    assert parse_request(request_bytes(asked)) == asked
    assert b'"parameters":[{"name":"day","type":"date","value":"2026-12-01"}' in request_bytes(
        asked
    )
    assert b"parameters" not in request_bytes(REQUEST)
    assert request_bytes(asked) != request_bytes(replace(asked, parameters=two[:1]))


@pytest.mark.parametrize(
    "changed",
    [
        b'"parameters":[]',
        b'"parameters":[{"name":"day","type":"date","value":"tomorrow"}]',
        b'"parameters":[{"name":"day","type":"json","value":"1"}]',
        b'"parameters":[{"name":"day","value":"1"}]',
        b'"parameters":{"day":"1"}',
        b'"parameters":[{"name":"d","type":"text","value":"1"},{"name":"d","type":"text","value":"2"}]',
        b'"parameters":[{"name":"day","type":"text","value":1}]',
    ],
)
def test_parameters_that_do_not_hold_are_refused(changed):
    day = Parameter(name="day", type="text", value="1")
    data = request_bytes(replace(REQUEST, parameters=(day,)))
    written = b'"parameters":[{"name":"day","type":"text","value":"1"}]'
    assert written in data
    with pytest.raises(DocumentError):
        parse_request(data.replace(written, changed))


def test_digest_of_parameters_names_values_and_types():
    day = Parameter(name="day", type="date", value="2026-12-01")
    assert parameters_digest(()) is None
    found = {parameters_digest((item,)) for item in (day, replace(day, value="2026-12-02"))}
    assert len(found | {parameters_digest((replace(day, type="text"),))}) == 3


def test_another_format_is_refused():
    data = request_bytes(REQUEST).replace(b"request/v1", b"request/v2")
    with pytest.raises(DocumentError, match="format"):
        parse_request(data)


def test_a_request_without_tables_is_written_as_ever():
    assert b"lookups" not in request_bytes(REQUEST)


def test_tables_are_named_by_their_digests():
    named = replace(REQUEST, lookups={"planes": "sha256:" + "ab" * 32})
    data = request_bytes(named)
    assert b'"lookups":{"planes":"sha256:abab' in data
    assert parse_request(data) == named


@pytest.mark.parametrize(
    "lookups",
    [
        {},
        {"Planes": "sha256:" + "ab" * 32},
        {"planes; --": "sha256:" + "ab" * 32},
        {"planes": "ab" * 32},
        {"planes": "sha256:" + "AB" * 32},
        {f"t{at}": "sha256:" + "ab" * 32 for at in range(101)},
    ],
)
def test_a_table_is_named_as_the_contract_does(lookups):
    with pytest.raises(ValueError, match="table"):
        replace(REQUEST, lookups=lookups)


def test_digests_are_texts():
    data = request_bytes(REQUEST).replace(b'"nonce"', b'"lookups":{"planes":1},"nonce"')
    with pytest.raises(DocumentError, match="not text"):
        parse_request(data)


@pytest.mark.parametrize("nonce", ["", "0F" * 16, "0f" * 15, "0f" * 16 + "\n"])
def test_a_nonce_is_128_bits_in_hex(nonce):
    with pytest.raises(ValueError, match="nonce"):
        replace(REQUEST, nonce=nonce)


@pytest.mark.parametrize("seconds", [-120, 0, 120])
def test_clocks_may_be_two_minutes_apart(seconds):
    verify_request(
        REQUEST, provider=PROVIDER, consumer=CONSUMER, now=NOW + timedelta(seconds=seconds)
    )


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"provider": CONSUMER}, "request.provider"),
        ({"consumer": PROVIDER}, "request.consumer"),
        ({"now": NOW + timedelta(seconds=121)}, "request.issued_at"),
        ({"now": NOW - timedelta(seconds=121)}, "request.issued_at"),
    ],
)
def test_anything_else_is_not_believed(changes, step):
    known = {"provider": PROVIDER, "consumer": CONSUMER, "now": NOW}
    with pytest.raises(TrustError) as caught:
        verify_request(REQUEST, **(known | changes))
    assert caught.value.step == step
