"""A keeper that shows entries which its signed, and perhaps cosigned, checkpoint does not cover.

expect: spec/evidence.md, sections 1.2 and 3.7: nothing but the end follows the checkpoint
effect: forged answers would be shown below a head that neighbours vouch for
source: the keeper signs the file itself, so only the order and the root bind what is in it
"""

import pytest

from sekisho.documents.envelope import PayloadType, envelope_to_json, seal
from sekisho.errors import EvidenceError
from sekisho.ledger.bundle import (
    BundleWriter,
    CheckpointLine,
    EndLine,
    EntryLine,
    end_bytes,
    read_bundle,
)
from sekisho.ledger.evidence import verify_bundle
from sekisho.trust.keys import load_signer

pytestmark = pytest.mark.e2e


@pytest.fixture
def lines(pair, tmp_path):
    with pair.maker.node() as node:
        node.query("SELECT count(*) AS n FROM flights", contract=pair.contract).to_arrow()
    path = tmp_path / "ua.evidence"
    ran = pair.ua.run("evidence", "export", "--contract", pair.contract, "--out", str(path))
    assert ran.code == 0, ran.err
    with path.open("rb") as file:
        return [read.line for read in read_bundle(file)]


def written(pair, lines) -> list[bytes]:
    """Sum up and sign lines as their keeper can."""
    writer, signer = BundleWriter(), load_signer(pair.ua.folder.key("request").read_bytes())
    found = [writer.write(line) for line in lines if not isinstance(line, EndLine)]
    end = seal(end_bytes(writer.end()), PayloadType.EVIDENCE, [signer])
    return [*found, writer.write(EndLine(envelope=envelope_to_json(end).decode()))]


def verify(pair, lines):
    known = {company.party: company.member.digest for company in (pair.ua, pair.maker)}
    return verify_bundle(written(pair, lines), known)


def test_a_file_that_its_keeper_sums_up_and_signs_holds(pair, lines):
    assert verify(pair, lines).answers


def test_entries_after_the_checkpoint_are_not_believed(pair, lines):
    at = next(n for n, line in enumerate(lines) if isinstance(line, CheckpointLine))
    entry = next(line for line in lines if isinstance(line, EntryLine))
    with pytest.raises(EvidenceError, match="out of order"):
        verify(pair, [*lines[: at + 1], entry, *lines[at + 1 :]])


def test_a_second_checkpoint_is_not_believed(pair, lines):
    checkpoint = next(line for line in lines if isinstance(line, CheckpointLine))
    with pytest.raises(EvidenceError, match="second time"):
        verify(pair, [*lines[:-1], checkpoint, lines[-1]])
