"""Nodes watch over each other's ledgers: cosigned heads, a backup put back, a fork, a recovery."""

import json
import shutil
import threading
from dataclasses import replace

import pytest

from sekisho.cli.evidence import FIRST, LAST
from sekisho.documents.envelope import PayloadType, envelope_to_json, seal
from sekisho.errors import EvidenceError, PeerError, Refusal
from sekisho.ledger.bundle import BundleWriter, EndLine, WitnessedLine, end_bytes
from sekisho.ledger.evidence import verify_bundle
from sekisho.server.members import MemberBook
from sekisho.store.export import Wanted, _Export
from sekisho.trust.keys import load_signer
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUERY = "SELECT origin, count(*) AS n FROM flights GROUP BY origin"
LIMITS = "{queries: {max: 50, per: day}}"


@pytest.fixture
def world(tmp_path):
    """A provider and a consumer with a contract, both running."""
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "ua.parquet", 200)
        companies.found("ua", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(limits=LIMITS))
        yield companies


def status(company):
    ran = company.run("status", "--format", "json")
    assert ran.code == 0, ran.err
    return {row["name"]: row for row in json.loads(ran.out)}


def ask(world):
    with world["maker"].node() as node:
        return node.query(QUERY, contract=world.contract).to_arrow()


def until_cosigned(company, by, *, at_least=1, epoch=0):
    """Wait until a neighbour has cosigned a ledger's head."""

    def is_there():
        with company.records() as records:
            return any(
                (item.party, item.epoch) == (by, epoch) and item.size >= at_least
                for item in records.checkpoints.cosignatures()
            )

    until(is_there)


def until(is_so):
    """Look until something is so, leaving the machine to the nodes between two looks."""
    while not is_so():
        threading.Event().wait(0.05)


def test_neighbours_cosign_each_others_heads(world):
    ask(world)
    for one, other in (("ua", "maker"), ("maker", "ua")):
        with world[one].records() as records:
            head = records.ledger.head().size
        until_cosigned(world[one], world[other].party, at_least=head)
        line = status(world[one])[f"cosigned by {world[other].party}"]
        assert line["healthy"]
        assert f"{head} of {head} entries" in line["value"]
    for name in ("ua", "maker"):
        ran = world[name].run("ledger", "verify", "--format", "json")
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["cosignatures"] == 1


def evidence_of(world, name):
    """Export and verify a file of evidence; gives its facts, and how the table was shown."""
    path = world.root / "file.evidence"
    ran = world[name].run("evidence", "export", "--contract", world.contract, "--out", str(path))
    assert ran.code == 0, ran.err
    members = [
        word
        for company in world.by_name.values()
        for word in ("--member", f"{company.party}={company.member.digest}")
    ]
    shown = run("evidence", "verify", str(path), *members)
    assert shown.code == 0, shown.err
    facts = run("evidence", "verify", str(path), *members, "--format", "json")
    (file,) = json.loads(facts.out)["files"]
    return file, shown


def test_evidence_shows_who_saw_the_ledger_grow(world):
    until_cosigned(world["ua"], "maker.example", at_least=2)
    ask(world)
    file, shown = evidence_of(world, "ua")
    assert file["witnesses"].keys() == {"maker.example"}
    assert 2 <= file["witnessed"]["maker.example"] <= file["entries"]
    assert file["recoveries"] == []
    assert "seen by maker.example at" in shown.out


def test_evidence_with_a_bent_cosignature_does_not_hold(world):
    ua = world["ua"]
    until_cosigned(ua, "maker.example", at_least=2)
    ask(world)
    with ua.records() as records:
        contract = records.contracts.all()[0].id
        members = MemberBook(records, ua.member)()
        wanted = Wanted(
            party=ua.party,
            contract=contract,
            counterparty="",
            since=FIRST,
            until=LAST,
            made_at=LAST,
        )
        signer = load_signer(ua.folder.key("request").read_bytes())
        export = _Export(records, members, wanted, signer=signer, head=records.ledger.head())
        lines = list(export._lines(records.contracts.get(contract)))
    known = {item.party: item.member.digest for item in world.by_name.values()}

    def verify(changed):
        writer = BundleWriter()
        data = [writer.write(line) for line in changed]
        end = seal(end_bytes(writer.end()), PayloadType.EVIDENCE, [signer])
        text = envelope_to_json(end).decode()
        return verify_bundle([*data, writer.write(EndLine(envelope=text))], known)

    assert verify(lines).witnesses.keys() == {"maker.example"}
    *rest, witnessed = lines
    assert isinstance(witnessed, WitnessedLine)
    head, _, below = witnessed.note.partition("\n\n")
    own, theirs = below.splitlines(keepends=True)
    bent = "A" if theirs[-20] != "A" else "B"
    other = f"{theirs[:-20]}{bent}{theirs[-19:]}"
    for changed, words in (
        (replace(witnessed, proof=("00" * 32, *witnessed.proof[1:])), "did not grow"),
        (replace(witnessed, proof=(*witnessed.proof, "00" * 32)), "did not grow"),
        (replace(witnessed, note=f"{head}\n\n{own}"), "cosigned"),
        (replace(witnessed, note=f"{head}\n\n{theirs}"), "no `checkpoint` key"),
        (replace(witnessed, note=f"{head}\n\n{own}{other}"), "does not fit"),
        (replace(witnessed, note=f"{head.replace('ua.', 'dl.')}\n\n{below}"), "not of the ledger"),
    ):
        with pytest.raises(EvidenceError, match=words):
            verify([*rest, changed])
    with pytest.raises(EvidenceError, match="missing before it"):
        verify([*rest[:-1], witnessed, rest[-1]])


def backed_up(company):
    """Copy a stopped company's state; gives a function that puts it back."""
    state = company.folder.state
    copy = company.folder.root / "backup"
    shutil.copytree(state, copy)

    def put_back():
        shutil.rmtree(state)
        shutil.copytree(copy, state)

    return put_back


def test_a_backup_is_not_served_until_it_is_recovered_and_nothing_is_budgeted_anew(world):
    ua = world["ua"]
    until_cosigned(ua, "maker.example")
    assert ua.stop() == 0
    put_back = backed_up(ua)
    world.start("ua")
    ask(world)
    with ua.records() as records:
        head = records.ledger.head().size
    until_cosigned(ua, "maker.example", at_least=head)
    assert ua.stop() == 0
    put_back()

    world.start("ua")
    with pytest.raises(PeerError, match="ledger cannot take an entry"):
        ask(world)
    line = status(ua)["ledger in doubt"]
    assert not line["healthy"]
    assert f"`maker.example` holds a checkpoint of this node's ledger with {head}" in line["value"]
    assert "sekisho ledger recover" in line["value"]
    doctor = ua.run("doctor")
    assert doctor.code == 1
    assert "FAIL ledger: `maker.example` holds a checkpoint" in doctor.out
    with ua.records() as records:
        assert {item.kind for item in records.ledger.entries()} == {"member", "contract"}
    assert ua.run("ledger", "recover", "--yes").code == 1, "the node runs"

    assert ua.stop() == 0
    asked = ua.run("ledger", "recover")
    assert asked.code == 2, "nobody can be asked"
    assert f"maker.example holds a checkpoint of {head} entries" in asked.err
    recovered = ua.run("ledger", "recover", "--yes")
    assert recovered.code == 0, recovered.err
    assert ua.run("ledger", "recover", "--yes").err.count("nothing to recover") == 1

    world.start("ua")
    with pytest.raises(Refusal, match="counts as spent"):
        ask(world)
    until_cosigned(ua, "maker.example", epoch=1)
    assert "ledger in doubt" not in status(ua)
    line = status(world["maker"])["ledger of ua.example"]
    assert "recovered: epoch 0 had" in line["value"]
    (event,) = [
        row
        for row in json.loads(ua.run("ledger", "list", "--format", "json").out)
        if row["kind"] == "ledger"
    ]
    assert event["reason"] == "recovered"
    shown = ua.run("ledger", "show", str(event["index"]))
    assert "shown by maker.example" in shown.out
    assert ua.run("ledger", "verify").code == 0

    file, verified = evidence_of(world, "ua")
    (recovery,) = file["recoveries"]
    assert (recovery["epoch"], recovery["held_size"]) == (1, head)
    assert file["witnessed"]["maker.example"] > recovery["index"]
    assert f"its keeper had signed a checkpoint of {head}" in verified.out


def test_a_state_file_that_is_put_back_alone_is_noticed_without_any_neighbour(world):
    ua, path = world["ua"], world["ua"].folder.state_file()
    until_cosigned(ua, "maker.example")
    assert ua.stop() == 0
    copy = shutil.copy(path, path.with_name("copy"))
    world.start("ua")
    ask(world)
    with ua.records() as records:
        head = records.ledger.head().size
    until_cosigned(ua, "maker.example", at_least=head)
    assert ua.stop() == 0
    assert world["maker"].stop() == 0
    shutil.move(copy, path)

    world.start("ua")
    assert "`ua.example` holds a checkpoint" in status(ua)["ledger in doubt"]["value"]
    assert ua.stop() == 0
    recovered = ua.run("ledger", "recover", "--yes")
    assert recovered.code == 0, recovered.err
    assert "maker.example could not be asked" in recovered.err
    world.start("ua", "maker")
    until_cosigned(ua, "maker.example", epoch=1)


def test_a_neighbour_that_was_away_at_the_start_ends_the_serving_when_it_is_back(world):
    ua = world["ua"]
    until_cosigned(ua, "maker.example")
    assert ua.stop() == 0
    put_back = backed_up(ua)
    world.start("ua")
    ask(world)
    with ua.records() as records:
        head = records.ledger.head().size
    until_cosigned(ua, "maker.example", at_least=head)
    assert ua.stop() == 0
    assert world["maker"].stop() == 0
    put_back()

    world.start("ua")
    assert "ledger in doubt" not in status(ua)
    world.start("maker")
    until(lambda: "ledger in doubt" in status(ua))
    assert ua.stop() == 0
    world.start("ua")
    assert "ledger in doubt" in status(ua), "a doubt outlasts a start"


def test_a_ledger_that_is_told_in_two_ways_is_found_by_those_who_compare(tmp_path):
    with Companies(tmp_path) as companies:
        for name in ("ua", "dl"):
            path = write_flights(tmp_path / f"{name}.parquet", 200)
            companies.found(name, flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(providers=("ua", "dl")))
        ua = companies["ua"]
        for name in ("dl", "maker"):
            until_cosigned(ua, companies[name].party, at_least=2)
        assert [company.stop() for company in companies.by_name.values()] == [0, 0, 0]
        put_back = backed_up(ua)

        companies.start("ua", "maker")
        with companies["maker"].node() as node:
            node.query("SELECT origin FROM ua.flights", contract=companies.contract).to_arrow()
        until_cosigned(ua, "maker.example", at_least=size_of(ua))
        assert [companies[name].stop() for name in ("ua", "maker")] == [0, 0]
        put_back()

        companies.start("ua", "dl")
        for _ in range(3):
            path = tmp_path / "more.contract.yaml"
            path.write_text(contract_text(providers=("ua",), consumer="dl"))
            assert ua.run("contract", "propose", str(path)).code == 0
        until_cosigned(ua, "dl.example", at_least=size_of(ua))

        companies.start("maker")
        until(lambda: "ledger in doubt" in status(ua))
        until(lambda: conflicts_at(companies["maker"]) or conflicts_at(companies["dl"]))
        seen = {name: conflicts_at(companies[name]) for name in ("maker", "dl")}
        for name, found in seen.items():
            assert set(found) <= {("ua.example", "split")}
            if found:
                assert not status(companies[name])["ledger of ua.example"]["healthy"]


def size_of(company):
    with company.records() as records:
        return records.ledger.head().size


def conflicts_at(company):
    with company.records() as records:
        return [(item.party, str(item.verdict)) for item in records.checkpoints.conflicts()]
