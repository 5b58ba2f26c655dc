"""A company renews its keys: others believe the new ones by themselves, and nothing is lost."""

import json
import time

import pytest

from sekisho.cli.main import main
from sekisho.errors import NodeError, TrustError
from sekisho.store import rotating
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SQL = "SELECT count(*) AS n FROM ua.flights"
PATIENCE_SECONDS = 30


@pytest.fixture
def world(tmp_path):
    with Companies(tmp_path) as companies:
        companies.found("ua", flights_section(write_flights(tmp_path / "ua.parquet", 1_000)))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text())
        yield companies


def stopped(company):
    assert company.stop() == 0
    company.process.stdout.close()


def rotate(company, *options):
    stopped(company)
    ran = company.run("member", "rotate", "--yes", *options)
    assert ran.code == 0, ran.err
    company.start().wait_ready()
    return ran.out.strip()


def version_at(company, party):
    listed = json.loads(company.run("member", "list", "--format", "json").out)
    return next(item["version"] for item in listed if item["party"] == party)


def await_version(company, party, version):
    """Ask until the document has come: it is carried behind what anybody waits for."""
    until = time.monotonic() + PATIENCE_SECONDS
    while version_at(company, party) != version:
        assert time.monotonic() < until, f"{company.party} has not heard of {party}'s keys"


def counted(world):
    with world["maker"].node() as node:
        return node.query(SQL, contract=world.contract).to_arrow().to_pylist()


def test_both_sides_renew_their_keys_and_go_on_under_one_contract(world, tmp_path):
    ua, maker = world["ua"], world["maker"]
    before = counted(world)
    for company, other in ((ua, maker), (maker, ua)):
        old = {
            name: company.folder.key(name).read_bytes() for name in ("request", "signing", "tls")
        }
        kept = company.folder.key("agreement").read_bytes()
        rotate(company)
        await_version(other, company.party, 2)
        assert all(company.folder.key(name).read_bytes() != pem for name, pem in old.items())
        assert company.folder.key("agreement").read_bytes() == kept
        assert counted(world) == before

    for company in (ua, maker):
        assert company.run("ledger", "verify").code == 0
    # What was signed before and after holds, for the other side and for an auditor.
    files = []
    for company in (ua, maker):
        path = tmp_path / f"{company.party}.evidence"
        ran = company.run("evidence", "export", "--contract", world.contract, "--out", str(path))
        assert ran.code == 0, ran.err
        files.append(str(path))
    members = [f"--member={item.party}={item.member.digest}" for item in (ua, maker)]
    ran = run("evidence", "verify", *files, *members)
    assert ran.code == 0, ran.err


def test_a_company_that_was_away_hears_of_every_version(world):
    ua, maker = world["ua"], world["maker"]
    stopped(maker)
    rotate(ua)
    rotate(ua, "--keep-signing")
    maker.start().wait_ready()
    await_version(maker, "ua.example", 3)
    assert counted(world)


def test_a_contract_is_signed_with_the_new_key(world):
    ua, maker = world["ua"], world["maker"]
    rotate(ua)
    await_version(maker, "ua.example", 2)
    assert world.agree(contract_text())


def test_a_node_does_not_rotate_while_it_runs_nor_without_a_yes(world):
    ua = world["ua"]
    assert "the node is running" in ua.run("member", "rotate", "--yes").err
    stopped(ua)
    before = ua.folder.member.read_bytes()
    assert ua.run("member", "rotate").code == 2
    assert ua.folder.member.read_bytes() == before


def test_a_folder_in_which_the_keys_were_not_renewed_does_not_serve(world):
    ua = world["ua"]
    stopped(ua)
    paths = [ua.folder.member, *(ua.folder.key(name) for name in ("request", "signing", "tls"))]
    old = {path: path.read_bytes() for path in (*paths, ua.folder.certificate("tls"))}
    assert ua.run("member", "rotate", "--yes").code == 0
    for path, content in old.items():
        path.write_bytes(content)
    ran = ua.run("serve")
    assert ran.code != 0
    assert "version 2 is known" in ran.err


@pytest.mark.parametrize("step", ["record", "put_in_place"])
def test_a_rotation_that_fell_is_finished_and_nothing_starts_before(world, step, monkeypatch):
    ua = world["ua"]
    counted(world)
    stopped(ua)

    def fall(*_args, **_kwargs):
        raise NodeError("the machine fell")

    with monkeypatch.context() as patched:
        patched.setattr(rotating, step, fall)
        assert main(["member", "rotate", "--yes", "--dir", str(ua.folder.root)]) != 0
    assert "have not taken their places" in ua.run("serve").err

    ran = ua.run("member", "rotate")
    assert ran.code == 0, ran.err
    ua.start().wait_ready()
    await_version(world["maker"], "ua.example", 2)
    assert counted(world)


def test_nobody_renews_another_companys_document(world):
    ua, maker = world["ua"], world["maker"]
    peer = maker.peer_at(ua)
    try:
        with pytest.raises(TrustError):
            peer.deliver_member(ua.member)
    finally:
        peer.close()
