"""A provider's node that answers with something else than it signs, or signs something else.

expect: the consumer's node refuses the answer (PeerError) and names the provider
effect: no answer is given out as whole; the question ends in the ledger; the node runs on
source: docs/spec/answering.md, last paragraph; docs/spec/frames.md
"""

import grpc
import pyarrow as pa
import pytest

from sekisho.errors import Refusal, RefusalReason, SekishoError
from sekisho.ledger.bodies import Denied, Failed, Received
from sekisho.ledger.receipt import Outcome, RefusalNote
from sekisho.wire.frames import make_frame, parse_frame
from sekisho.wire.status import DETAILS_KEY, Fault, pack_status
from support.flights import flights_section, write_flights
from support.lying import empty_of, frames_of, liar, nonce, opened
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin FROM ua.flights"
NOTE = RefusalNote(reason=RefusalReason.NOT_IN_FORCE, message="no")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A consumer's node, and a provider whose real node is stopped once the contract stands."""
    root = tmp_path_factory.mktemp("liar")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_flights(root / "flights.parquet")))
        companies.found("maker")
        companies.introduce()
        companies.start()
        contract = companies.agree(contract_text())
        companies["ua"].stop()
        yield companies, contract


def question(world):
    """Ask through the consumer's node, as an analyst does."""
    companies, contract = world
    with companies["maker"].node() as node, node.query(SQL, contract=contract) as answer:
        return answer.to_arrow(), answer.receipts


def last(world):
    """The consumer's last entry."""
    with world[0]["maker"].records() as records:
        return records.ledger.get(records.ledger.head().size - 1).body


def honest(telling, _context):
    yield from telling.whole()


def another_hash(telling, _context):
    yield from telling.whole(blake3="00" * 32)


def fewer_rows(telling, _context):
    yield from telling.whole(rows=1)


def fewer_bytes(telling, _context):
    yield from telling.whole(bytes=1)


def about_another_request(telling, _context):
    yield from telling.whole(nonce=nonce())


def about_another_contract(telling, _context):
    yield from telling.whole(contract="sha256:" + "ab" * 32)


def for_another_consumer(telling, _context):
    yield from telling.whole(consumer="dl.example")


def refused_after_its_data(telling, _context):
    refused = {"outcome": Outcome.REFUSED, "rows": 0, "bytes": 0, "blake3": "", "refusal": NOTE}
    yield from telling.whole(**refused)


def cut_after_its_data(telling, _context):
    yield from telling.whole(outcome=Outcome.CUT, blake3="")


def signed_by_a_key_of_people(telling, _context):
    yield from telling.with_key("signing").whole()


def without_receipt(telling, _context):
    yield from list(telling.whole())[:-1]


def without_opening(telling, _context):
    frames = list(telling.whole())
    yield from [frames_of(telling.table())[0], *frames[1:]]


def opened_for_another_request(telling, _context):
    frames = list(telling.whole())
    yield from [opened(frames_of(telling.table())[0], telling.opening(nonce=nonce())), *frames[1:]]


def more_after_its_receipt(telling, _context):
    yield from telling.whole()
    yield frames_of(telling.table())[1]


def with_two_receipts(telling, _context):
    frames = list(telling.whole())
    yield from [*frames, frames[-1]]


def with_nothing_at_all(_telling, _context):
    yield from ()


def with_a_receipt_alone(telling, _context):
    yield list(telling.whole())[-1]


def of_garbage(_telling, _context):
    yield b"\xff" * 1_000


def with_garbage_for_an_opening(telling, _context):
    frame = parse_frame(frames_of(telling.table())[0])
    yield make_frame(frame.header, frame.body, b"\xff" * 100)


def with_a_corrupt_batch(telling, _context):
    """The hash fits; the offsets inside the batch point far outside it."""
    table = telling.table()
    frames = frames_of(table)
    batch = parse_frame(frames[1])
    body = bytearray(batch.body)
    body[4:8] = (0x7FFFFF00).to_bytes(4, "little")
    frames[1] = make_frame(batch.header, bytes(body))
    yield opened(frames[0], telling.opening())
    yield frames[1]
    yield make_frame(*empty_of(table), telling.receipt(frames, rows=table.num_rows))


def of_another_schema(telling, _context):
    yield from telling.whole(pa.table({"origin": pa.array([1, 2], pa.int64()), "more": ["a", "b"]}))


def of_another_name(telling, _context):
    yield from telling.whole(pa.table({"other": ["JFK"]}))


LIES = [
    another_hash,
    fewer_rows,
    fewer_bytes,
    about_another_request,
    about_another_contract,
    for_another_consumer,
    refused_after_its_data,
    cut_after_its_data,
    signed_by_a_key_of_people,
    without_receipt,
    without_opening,
    opened_for_another_request,
    more_after_its_receipt,
    with_two_receipts,
    with_nothing_at_all,
    with_a_receipt_alone,
    of_garbage,
    with_garbage_for_an_opening,
    with_a_corrupt_batch,
    of_another_schema,
    of_another_name,
]


def test_an_honest_answer_of_the_same_server_is_taken(world):
    companies, _ = world
    with liar(companies["ua"], companies["maker"], honest) as provider:
        table, receipts = question(world)
    assert table.num_rows == 15
    assert [item.rows for item in receipts] == [15]
    assert provider.asked == 1
    assert isinstance(last(world), Received)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_an_answer_that_does_not_hold_is_not_given_out(world, lie):
    companies, _ = world
    maker = companies["maker"]
    with liar(companies["ua"], maker, lie) as provider, pytest.raises(SekishoError) as failed:
        question(world)
    assert provider.asked == 1
    assert "failed the call (UNKNOWN)" not in failed.value.message  # the lie itself did not fail
    assert not isinstance(failed.value, Refusal)
    assert "ua.example" in failed.value.message
    # A corrupt batch may have come whole before the engine met it: then the liar's own receipt for
    # it is kept as evidence.
    kinds = (Received, Failed) if lie is with_a_corrupt_batch else (Failed,)
    assert isinstance(last(world), kinds)
    assert maker.process.poll() is None
    assert maker.run("ledger", "verify").code == 0


def refusing(reason: str, message: str, facts=None, receipt=None):
    def lie(_telling, context):
        fault = Fault(reason=reason, message=message, facts=facts or {}, receipt=receipt)
        code = grpc.StatusCode.PERMISSION_DENIED
        context.set_trailing_metadata(((DETAILS_KEY, pack_status(code.value[0], fault)),))
        context.abort(code, "no")
        yield b""

    return lie


def test_a_refusal_cannot_steer_the_analysts_terminal(world):
    companies, _ = world
    steering = "\x1b]0;owned\x07\x1b[2J\r\n\u202eno" + "x" * 5_000
    lie = refusing("NOT_IN_FORCE", steering, {"hint": steering, "clause": steering})
    with liar(companies["ua"], companies["maker"], lie), pytest.raises(Refusal) as refused:
        question(world)
    for text in (refused.value.message, refused.value.hint, refused.value.clause):
        assert text.isprintable()
        assert len(text) <= 1_000
    assert isinstance(last(world), Denied)


def test_a_refusals_place_is_not_taken_for_one_in_the_analysts_text(world):
    companies, _ = world
    lie = refusing("COLUMN_NOT_GRANTED", "not granted", {"line": "7", "column": "9"})
    with liar(companies["ua"], companies["maker"], lie), pytest.raises(Refusal) as refused:
        question(world)
    assert (refused.value.line, refused.value.column) == (0, 0)


def test_a_failure_cannot_be_put_on_a_third_company(world):
    companies, _ = world
    lie = refusing("ANSWER_LOST", "the engine failed", {"party": "dl.example"})
    with liar(companies["ua"], companies["maker"], lie), pytest.raises(SekishoError) as failed:
        question(world)
    assert failed.value.party == "ua.example"
    assert isinstance(last(world), Failed)


def test_a_refusal_in_mid_stream_keeps_count_of_what_had_arrived(world):
    companies, _ = world

    def lie(telling, context):
        yield from list(telling.whole())[:-1]
        yield from refusing("NOT_IN_FORCE", "the contract ended")(telling, context)

    with liar(companies["ua"], companies["maker"], lie), pytest.raises(Refusal):
        question(world)
    assert isinstance(last(world), Failed)
    assert last(world).rows == 15
