"""A hospital's guardrails, its stays, and contracts over them, as short as a test can say them."""

import re
from datetime import UTC, datetime, timedelta

from sekisho.documents.contract import parse_contract
from sekisho.documents.guardrail import parse_guardrail
from sekisho.model.dataset import Column, ColumnClass, Dataset
from sekisho.model.guardrail_check import check_guardrails
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.one_mode import Standing
from sekisho.model.signed import SignedContract

PROVIDER = PartyId("east.example")
STAYS = DatasetId("east.example/stays")
FILE = "guardrails/floors.yaml"
START = datetime(2027, 1, 1, tzinfo=UTC)
DATASET = Dataset(
    id=STAYS,
    columns=(
        Column(name="Patient_Id", type="VARCHAR", column_class=ColumnClass.IDENTIFIER),
        Column(name="age", type="SMALLINT", column_class=ColumnClass.QUASI_IDENTIFIER),
        Column(name="admitted_on", type="DATE", column_class=ColumnClass.QUASI_IDENTIFIER),
        Column(name="diagnosis", type="VARCHAR", column_class=ColumnClass.HEALTH),
        Column(name="days", type="SMALLINT"),
    ),
    privacy_units=("patient_id",),
    tags=("Patients",),
)

_CONTRACT = """\
format: sekisho.contract/v1
title: {title}
parties:
  - {{party: east.example, role: provider, alias: east}}
  - {{party: west.example, role: provider, alias: west}}
{consumers}
purposes: [{{purpose: study, means: "Study 17."}}]
term: {{starts: 2027-01-01, ends: 2027-12-31, timezone: UTC}}
grants:
{grants}
{extra}
"""


def written(*lines):
    """Write a guardrail, each rule a line as `when: …, require: …` without name and reason."""
    return "format: sekisho.guardrail/v1\ntitle: Floors\nrules:\n" + "".join(
        f"  - {{rule: r{at}, because: It must be so., {line}}}\n" for at, line in enumerate(lines)
    )


def rules(*lines, file=FILE):
    """Read the rules of a guardrail."""
    return parse_guardrail(written(*lines).encode(), name=file)


def guard(company, *lines):
    """Give a company's node these rules from its next start on; without any, none."""
    root = company.folder.root
    (root / "guardrails").mkdir(exist_ok=True)
    named = "[]"
    if lines:
        (root / FILE).write_text(written(*lines))
        named = f"[{FILE}]"
    text = (root / "node.yaml").read_text()
    (root / "node.yaml").write_text(
        re.sub(r"(?m)^guardrails: \[.*\]", f"guardrails: {named}", text)
    )


def restart(company):
    """Stop a company's node, and start it again over what stands in its folder now."""
    assert company.stop() == 0
    company.process.stdout.close()
    company.start().wait_ready()


def grant(columns, *, access="rows", name="stays", dataset="east.example/stays", more=""):
    """Write a grant as YAML."""
    return (
        f"  - {{grant: {name}, datasets: [{dataset}], access: {access}, "
        f"columns: {{{columns}}}{', ' if more else ''}{more}}}"
    )


FIGURES = {"access": "aggregate", "more": "privacy_units: [patient_id]"}
"""What makes a grant one of statistics."""


def contract(*grants, consumers=("uni",), title="Stays", extra=""):
    """Read a contract of two hospitals and some consumers."""
    lines = "\n".join(f"  - {{party: {name}.example, role: consumer}}" for name in consumers)
    text = _CONTRACT.format(title=title, consumers=lines, grants="\n".join(grants), extra=extra)
    return parse_contract(text.encode()).contract


def affiliates(*names):
    """Write obligations that list affiliates."""
    listed = ", ".join(f"{name}.example" for name in names)
    return f"obligations: {{onward_transfer: {{allowed: listed, affiliates: [{listed}]}}}}"


def below(checked, *lines, countries=None, datasets=None, provider=PROVIDER):
    """Hold a contract to rules; gives the findings."""
    known = {STAYS: DATASET} if datasets is None else datasets
    return check_guardrails(
        checked, known, rules(*lines), countries=countries or {}, provider=provider
    )


def standing(number, terms) -> Standing:
    """Let a contract be the one that all signed on day `number`."""
    signed = SignedContract(
        id=ContractId(f"sha256:{number:064x}"),
        contract=terms,
        starts_at=START,
        ends_at=START + timedelta(days=365),
        sign_by_at=START + timedelta(days=365),
        nonce="0" * 32,
        members={},
    )
    return Standing(signed=signed, completed_at=START + timedelta(days=number))
