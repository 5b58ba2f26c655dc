"""`sekisho shell` at a real terminal, and Ctrl-C wherever an answer is waited for."""

import json
import signal
import stat
import subprocess
import sys

import pytest

from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PROMPT = "sekisho> "
ENDLESS = "SELECT count(*) AS n FROM flights AS a JOIN flights AS b ON a.origin = b.origin"
"""Pairs by the million million: it is cut, or nothing ends it."""
SCRIPT = """
import sys
from pathlib import Path
import sekisho
url, folder, contract, sql = sys.argv[1:]
with sekisho.connect(url, token=Path(folder, "tokens/operator"), ca=f"{folder}/certs/anchor.pem") as node:
    print("asking", flush=True)
    node.query(sql, contract=contract).to_arrow()
"""  # noqa: E501  a program


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A provider with two million flights, and a consumer."""
    root = tmp_path_factory.mktemp("world")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_flights(root / "ua.parquet", 2_000_000)))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text())
        yield companies


@pytest.fixture
def terminal(world):
    folder = world["maker"].folder.root
    with Terminal("shell", "--contract", world.contract, folder=folder) as opened:
        opened.read_until(PROMPT)
        yield opened


def states(company) -> list[str]:
    ran = company.run("ledger", "list", "--format", "json")
    assert ran.code == 0, ran.err
    return [row["state"] for row in json.loads(ran.out) if row["kind"] == "answer"]


def test_a_person_looks_around_asks_and_leaves(terminal, world):
    terminal.type("\\d\n")
    assert "ua.flights" in terminal.read_until(PROMPT)
    terminal.type("\\d flights\n")
    assert "departure_delay" in terminal.read_until(PROMPT)
    terminal.type("SELECT origin, count(*) AS n FROM flights\n")
    terminal.read_until("...> ")
    terminal.type("GROUP BY origin ORDER BY origin;\n")
    shown = terminal.read_until("receipts verified: ua.example (3 rows)\n")
    assert "600000" in shown.replace(",", "")
    terminal.read_until(PROMPT)
    terminal.type("\\explain SELECT origin FROM flights;\n")
    explained = terminal.read_until(PROMPT)
    assert "ua.example is asked" in explained
    assert "this company: the rows that ua.example returns" in explained
    terminal.type("\x04")
    assert terminal.wait() == 0
    history = world["maker"].folder.root / "state" / "history"
    assert "GROUP BY origin ORDER BY origin;" in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_the_only_contract_that_fits_need_not_be_named(world):
    with Terminal("shell", folder=world["maker"].folder.root) as opened:
        opened.read_until(PROMPT)
        opened.type("\\d shared.flights\n")
        shown = opened.read_until(PROMPT)
        assert "provider" in shown
        assert "tail_number" in shown
        opened.type("SELECT provider, count(*) AS n FROM flights GROUP BY provider;\n")
        shown = opened.read_until("receipts verified: ua.example (1 row)")
        # What is drawn while a query runs is gone before its rows are shown.
        assert "ua        1800000" in shown.rpartition("\x1b[J")[2]


def test_tab_completes_what_is_granted(terminal):
    terminal.type("SELECT departure_d\t")
    terminal.read_until("departure_delay")
    terminal.type("\x15\\q\n")  # what was typed is wiped out
    assert terminal.wait() == 0


def test_a_refusal_says_what_is_allowed_and_the_shell_goes_on(terminal):
    terminal.type("SELECT note FROM flights;\n")
    said = terminal.read_until(PROMPT)
    assert "refused: COLUMN_NOT_GRANTED" in said
    assert "allowed: departure_delay, origin, tail_number" in said
    terminal.type("\\nonsense\n")
    assert "there is no `\\nonsense`" in terminal.read_until(PROMPT)
    terminal.type("\\q\n")
    assert terminal.wait() == 0


def test_ctrl_c_stops_a_query_at_its_provider_and_the_shell_goes_on(terminal, world):
    before = len(states(world["ua"]))
    terminal.type(f"{ENDLESS};\n")
    opened(world["ua"], before)
    terminal.type("\x03")
    terminal.read_until("stopped")
    terminal.read_until(PROMPT)
    assert ended(world["ua"], before) == "cut"
    terminal.type("SELECT count(*) AS n FROM flights;\n")
    terminal.read_until("receipts verified")


def test_ctrl_c_in_a_program_stops_the_query_at_its_provider(world):
    maker = world["maker"]
    before = len(states(world["ua"]))
    url = f"grpc+tls://{maker.config.listen.users}"
    command = [sys.executable, "-c", SCRIPT, url, str(maker.folder.root), world.contract, ENDLESS]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout.readline() == "asking\n"
        opened(world["ua"], before)
        ran.send_signal(signal.SIGINT)
        _, err = ran.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert ended(world["ua"], before) == "cut"


def opened(company, before: int) -> None:
    """Wait until a provider has opened one answer more."""
    while len(states(company)) == before:
        pass


def ended(company, before: int) -> str:
    """Wait until that answer has ended; give how."""
    while (state := states(company)[before]) == "open":
        pass
    return state


def test_a_file_of_queries_is_carried_out_and_its_failures_are_told(world):
    command = [sys.executable, "-m", "sekisho", "shell", "--contract", world.contract]
    folder = world["maker"].folder.root
    text = "SELECT count(*) AS n FROM flights\n;\nSELECT note FROM flights;\n\\q\n"
    ran = subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert "1800000" in ran.stdout
    assert PROMPT not in ran.stdout
    assert "COLUMN_NOT_GRANTED" in ran.stderr
    assert ran.returncode == 3
