"""Values that must never leave, looked for in every byte that a peer can get out of a node.

Canaries stand in hidden rows, hidden columns, withheld cells, dictionaries of enumerations, privacy
units and rows of nobody. Every method of the peers' face is called, with what it allows and with
what it does not.
"""

import json
import struct

import duckdb
import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.wire.envelopes import envelope_to_proto
from sekisho.wire.gen.sekisho.v1 import exchange_service_pb2 as exchange
from sekisho.wire.gen.sekisho.v1 import fragment_service_pb2 as fragment
from support.asking import PURPOSE
from support.nodes import Companies, around_today
from support.wiretap import Wiretap, disguises

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ROW, COLUMN, FEW = "canary-hidden-row", "canary-hidden-column", "canary-few-people"
WARD, UNIT, NOBODY = "canary-enum-value", "canary-patient", "canary-nobody"
CANARIES = [ROW, COLUMN, FEW, WARD, UNIT, NOBODY, "77712345"]
NUMBER = 77712345
DATA = f"""
    CREATE TYPE ward AS ENUM ('east', 'west', '{WARD}');
    CREATE TABLE tests AS SELECT '{UNIT}-' || i AS patient, CAST(20 + i % 4 AS BIGINT) AS age,
        CASE WHEN i % 2 = 0 THEN 'f' ELSE 'm' END AS sex, 'east'::ward AS ward, 20.0 + i % 7 AS ct,
        'given' AS consent, '{COLUMN}' AS remark FROM range(60) AS t(i);
    INSERT INTO tests SELECT '{UNIT}-hidden-' || i, {NUMBER}, '{ROW}', '{WARD}', {NUMBER}.5,
        'withdrawn', '{COLUMN}' FROM range(40) AS t(i);
    INSERT INTO tests SELECT '{UNIT}-few-' || i, {NUMBER}, '{FEW}', 'west', {NUMBER}.5, 'given',
        '{COLUMN}' FROM range(3) AS t(i);
    INSERT INTO tests SELECT NULL, {NUMBER}, '{NOBODY}', 'west', {NUMBER}.5, 'given', '{COLUMN}'
        FROM range(40) AS t(i);
    CREATE TABLE visits AS SELECT * EXCLUDE (patient) FROM tests WHERE sex IN ('f', 'm', '{ROW}');
"""
STATISTICS = [
    "SELECT count(*), avg(ct), sum(ct), stddev(ct), count(DISTINCT patient) FROM tests",
    "SELECT sex, count(*), avg(ct) FROM tests GROUP BY sex ORDER BY sex",
    "SELECT ward, age, count(*), sum(ct) FROM tests GROUP BY ward, age",
    "SELECT count(*), avg(ct) FROM tests WHERE sex >= 'canary' AND sex < 'canaryz'",
    "SELECT sex, count(*) FROM tests WHERE age > 70000000 GROUP BY sex",
    "SELECT sex, ward, age, count(*) FROM tests GROUP BY sex, ward, age HAVING count(*) IS NULL",
    "SELECT max(n), min(sex) FROM (SELECT sex, count(*) AS n FROM tests GROUP BY sex)",
    "SELECT count(*) FROM tests WHERE sex = 7",
    "SELECT count(*) FROM tests WHERE ward = DATE '2026-01-01'",
    "SELECT 1 / (count(*) - count(*)) FROM tests",
    "SELECT CAST(sex AS INTEGER) FROM (SELECT sex, count(*) FROM tests GROUP BY sex)",
    "SELECT CAST(sex AS BIGINT) FROM (SELECT sex, count(*) FROM tests WHERE sex > 'a' GROUP BY 1)",
]
ROWS = [
    "SELECT * FROM visits",
    "SELECT ward FROM visits WHERE ward = 'east' LIMIT 1",
    "SELECT DISTINCT ward, sex FROM visits",
    "SELECT max(age), min(sex), max(ward), avg(ct) FROM visits",
    "SELECT CAST(sex AS INTEGER) + CAST(ward AS INTEGER) FROM visits",
    "SELECT sum(CAST(sex AS DOUBLE)), 1 // (age - 20) FROM visits GROUP BY age",
    "SELECT count(*) FROM visits WHERE CAST(sex AS DATE) > DATE '2020-01-01'",
    "SELECT strftime(make_date(age, 1, 1), '%Y') FROM visits",
    "SELECT sex, age, row_number() OVER (ORDER BY ct DESC) FROM visits",
]
REFUSED = [
    "SELECT patient, remark FROM {0}",
    "SELECT {0} FROM {0}",
    "SELECT remark, count(*) FROM {0} GROUP BY remark",
    "SELECT count(*) FROM {0} WHERE remark LIKE '%canar%'",
    "SELECT max(sex), any_value(patient) FROM {0} WHERE consent = 'withdrawn'",
    "SELECT list(sex) FROM {0}",
    "SELECT * FROM data.{0}",
    "SELECT stats(sex) FROM {0}",
    "SELECT * FROM duckdb_columns()",
    "SUMMARIZE {0}",
    "SELECT enum_range(ward) FROM {0}",
    "SELECT * FROM tests JOIN visits ON tests.sex = visits.sex",
    "SELECT CAST(consent AS INTEGER) FROM {0}",
    "garbage",
    "",
]


def contract(title, access, dataset, more):
    return "\n".join(
        (
            f"format: sekisho.contract/v1\ntitle: {title}\nparties:",
            "  - {party: a.example, role: provider}\n  - {party: lab.example, role: consumer}",
            f'purposes:\n  - {{purpose: {PURPOSE}, means: "Where the virus goes"}}',
            f"{around_today()}\ngrants:\n  - grant: only\n    datasets: [a.example/{dataset}]",
            f"    access: {access}\n    where: \"consent = 'given'\"\n{more}",
            "evidence: {requests: tls}\n",
        )
    )


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """A running hospital and a laboratory that tries everything."""
    root = tmp_path_factory.mktemp("canaries")
    with duckdb.connect(str(root / "hospital.duckdb")) as db:
        db.execute(DATA)
    file = root / "hospital.duckdb"
    with Companies(root) as companies:
        companies.found(
            "a",
            f'  tests:\n    source: {{duckdb: "{file}", table: main.tests}}\n'
            "    privacy_units: [patient]\n"
            f'  visits:\n    source: {{duckdb: "{file}", table: main.visits}}\n',
        )
        companies.found("lab")
        companies.introduce()
        companies.start()
        yield companies


@pytest.fixture(scope="module")
def contracts(hospital):
    """One contract of statistics and one of rows."""
    grouped = "{use: [group, filter]}"
    return {
        "tests": hospital.agree(
            contract(
                "Tests", "aggregate", "tests",
                f"    privacy_units: [patient]\n    columns: {{sex: {grouped}, ward: {grouped},"
                f" age: {grouped}, ct: {{use: [measure]}}, patient: {{use: [join]}}}}",
            )
        ),
        "visits": hospital.agree(
            contract(
                "Visits", "rows", "visits", "    columns: {sex: {}, ward: {}, age: {}, ct: {}}"
            )
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def tap(hospital, contracts):
    """Everything that a peer can get out of the hospital's node."""
    with Wiretap(hospital["lab"], hospital["a"]) as tapped:
        for dataset, allowed in (("tests", STATISTICS), ("visits", ROWS)):
            ask_everything(tapped, contracts[dataset], dataset, allowed)
        ask_the_rest(tapped, hospital, contracts["tests"])
        yield tapped


def ask_everything(tapped, contract_id, dataset, allowed):
    for sql in (*allowed, *(item.format(dataset) for item in REFUSED)):
        tapped.ask(contract_id, sql)
        tapped.ask_as_partner(contract_id, sql)
        explained = fragment.ExplainFragmentRequest(
            contract_id=contract_id, purpose=PURPOSE, sql=sql
        )
        tapped.call(
            "/sekisho.v1.FragmentService/ExplainFragment", explained.SerializeToString(), about=sql
        )
    listed = fragment.ListGrantedDatasetsRequest(contract_id=contract_id).SerializeToString()
    tapped.call("/sekisho.v1.FragmentService/ListGrantedDatasets", listed)


def ask_the_rest(tapped, hospital, contract_id):
    services = "/sekisho.v1.ExchangeService", "/sekisho.v1.FragmentService"
    flights = "/arrow.flight.protocol.FlightService"
    with hospital["lab"].records() as records:
        signed = envelope_to_proto(records.contracts.get(contract_id).envelope)
    signers = [hospital["lab"].signer]
    notice = envelope_to_proto(seal(json.dumps({}).encode(), PayloadType.NOTICE, signers))
    for method, message in (
        ("DeliverContract", exchange.DeliverContractRequest(contract=signed)),
        ("DeliverContract", exchange.DeliverContractRequest(contract=notice)),
        ("DeliverNotice", exchange.DeliverNoticeRequest(notice=notice)),
        ("DeliverLookup", exchange.DeliverLookupRequest(contract_id=contract_id, content=b"{}")),
        ("DeliverLookup", exchange.DeliverLookupRequest(contract_id="sha256:00", content=b"x")),
        ("GetMember", exchange.GetMemberRequest()),
        ("Forget", exchange.GetMemberRequest()),
    ):
        tapped.call(f"{services[0]}/{method}", message.SerializeToString())
    for method in ("DeliverContract", "GetMember", "DeliverLookup"):
        tapped.call(f"{services[0]}/{method}", b"\xff\xfe garbage")
    for method in ("ListGrantedDatasets", "ExplainFragment"):
        unknown = fragment.ListGrantedDatasetsRequest(contract_id="sha256:" + "0" * 64)
        tapped.call(f"{services[1]}/{method}", unknown.SerializeToString())
        tapped.call(f"{services[1]}/{method}", b"\xff\xfe garbage")
    for method in ("GetFlightInfo", "GetSchema", "PollFlightInfo"):
        tapped.call(f"{flights}/{method}", b"")
    for method in ("ListFlights", "ListActions", "DoAction"):
        tapped.stream(b"", method=f"{flights}/{method}")
    for method in ("/sekisho.v1.NodeService/GetStatus", "/sekisho.v1.NodeService/ListRelations",
                   "/sekisho.v1.ContractService/GetContract", "/grpc.health.v1.Health/Check",
                   "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"):  # fmt: skip
        tapped.call(method, b"")
    tapped.stream(b"")
    tapped.stream(b"\xff\xfe garbage")


def test_something_was_answered_and_something_refused(tap):
    codes = {item.code for item in tap.heard}
    assert {"OK", "PERMISSION_DENIED", "INVALID_ARGUMENT", "UNIMPLEMENTED"} <= codes
    answered = {item.about for item in tap.heard if item.method.endswith("DoGet") and item.messages}
    assert len(answered & {*STATISTICS, *ROWS}) >= len(STATISTICS) + len(ROWS) - 4
    wrongly = [
        item.about for item in tap.heard if item.code == "OK" and item.about in {*REFUSED} - {""}
    ]
    assert wrongly == []


@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_is_in_anything_that_was_said(tap, canary):
    looked_for = disguises(canary)
    for about, data in tap.said():
        small = data.lower()
        assert not any(item in small for item in looked_for), about


@pytest.mark.parametrize("form", ["<q", "<d", "<i", ">q", ">d"])
def test_no_hidden_number_is_in_any_message(tap, form):
    for number in (NUMBER, NUMBER + 0.5):
        if form[1] == "d" or number == NUMBER:
            packed = struct.pack(form, number)
            for about, data in tap.said():
                assert packed not in data, about


def test_what_may_be_seen_is_there(tap):
    """The wiretap hears: cells and rows that are granted are among what was said."""
    said = b"".join(data for _, data in tap.said())
    for seen in (b"east", b"sex", b"ward", struct.pack("<q", 60), struct.pack("<q", 30)):
        assert seen in said


@pytest.mark.usefixtures("tap")
def test_the_providers_log_holds_no_cell(hospital):
    log = hospital["a"].log().lower()
    assert log
    for canary in CANARIES:
        assert canary not in log


@pytest.mark.usefixtures("tap")
def test_what_the_node_keeps_holds_no_row_and_no_unit(hospital):
    """Sketches are of keyed hashes; the ledger has the consumer's queries, and no cell."""
    for file in sorted((hospital["a"].folder.root / "state").iterdir()):
        kept = file.read_bytes().lower() if file.is_file() else b""
        for canary in (ROW, COLUMN, FEW, WARD, UNIT, NOBODY):
            assert canary.encode() not in kept, file
