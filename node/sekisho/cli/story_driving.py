"""The driving story: three carmakers' trips tell an insurer which roads and vehicles bear risk."""

import json
import math
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from sekisho.cli.processes import NodeProcesses
from sekisho.cli.shipped import shipped
from sekisho.cli.story import Rows, Story, quote, rows_of, table, title
from sekisho.cli.story_driving_asked import (
    BY_VEHICLE,
    CLAIMS,
    CUSTOMERS,
    REGIONS,
    RISK,
    over_the_files,
)
from sekisho.cli.story_driving_data import MAKERS, make_data, rates

RISK_FILE: Final = "risk.contract.yaml"
PANEL_FILE: Final = "panel.contract.yaml"
GUARDRAIL: Final = "guardrails/accident-figures.yaml"
TITLE: Final = "Driving risk by road type and model year"
EXCERPT_LINES: Final = 4
ROWS: Final = 500_000
SEED: Final = 7
SUGGESTION: Final = (
    "SELECT road_type, count(*) AS trips, avg(km) AS km FROM trips GROUP BY road_type"
)

RATES_WITHIN: Final = 0.01
"""Means of four digits, weighted by counts that are rounded to 10."""
CLAIMS_WITHIN: Final = 0.02
"""The same, over numbers of vehicles that are rounded to 10."""
ROWS_WITHIN: Final = 1e-9
"""Rows come as the contract shows them; only the order in which floats are added may differ."""

TELEMATICS: Final = """\
datasets:
  trips:
    source: {parquet: data/trips.parquet}
    description: Trips of June 2026
    tags: [accidents]
    privacy_units: [vehicle_id]
    columns:
      vehicle_id: {class: identifier}
      region: {class: quasi-identifier}
      started_at: {class: quasi-identifier}
      km: {unit: km}
  panel:
    source: {parquet: data/panel.parquet}
    description: Trips of June 2026 of vehicles whose owners were asked for consent
    privacy_units: [vehicle_id]
    columns:
      vehicle_id: {class: identifier}
      region: {class: quasi-identifier}
      started_at: {class: quasi-identifier}
      km: {unit: km}
"""
"""What each carmaker says of its data; the panel's vehicles are not among the others."""
INSURANCE: Final = """\
datasets:
  policies: {source: {parquet: data/policies.parquet}, description: Insured vehicles}
  claims: {source: {parquet: data/claims.parquet}, description: Claims of 36 months}
"""


class DrivingStory(Story):
    """Three carmakers and an insurer, from founding their nodes to what each has learnt."""

    name = "driving"
    providers = MAKERS
    consumer = "insurer"
    count = "Four"

    def __init__(self, root: Path, nodes: NodeProcesses, *, rows: int = ROWS) -> None:
        """Tell it below a folder, with processes that somebody else stops, over so many trips."""
        super().__init__(root, nodes)
        self._rows = rows
        self._made = root / "made"
        self._contracts: dict[str, str] = {}
        """The id of each proposed file."""

    def tell(self) -> bool:
        """Run the whole story; True when every part of it came true."""
        make_data(self._made, rows=self._rows, seed=SEED)
        self.found()
        title("2. The insurer proposes statistics; each carmaker reviews the contract and signs")
        self._agree(RISK_FILE)
        told = [self._ask_risk(), self._ask_claims()]
        title(
            "5. The insurer proposes a second contract: rows of owners who consented, made coarse"
        )
        self._agree(PANEL_FILE)
        told += [self._ask_panel(), self._ask_too_much()]
        self._tell_learnt()
        return all((*told, self.check_evidence(9)))

    def suggestions(self) -> tuple[str, ...]:
        """List commands to try with nodes that were kept."""
        insurer = self.folder(self.consumer)
        return (
            f"sekisho status --dir {insurer}",
            f'sekisho query --dir {insurer} --contract "{TITLE}" "{SUGGESTION}"',
            f'sekisho explain --dir {insurer} --contract "{TITLE}" "{SUGGESTION}"',
            f"sekisho ledger list --dir {self.folder('aster')}",
            f"sekisho contract review {self._contracts[PANEL_FILE][:19]} --dir {insurer}",
        )

    def holding(self, name: str) -> str:
        """Say how much a company holds."""
        kinds = {"trips": "trips", "panel": "trips of its panel"}
        if name == self.consumer:
            kinds = {"policies": "policies", "claims": "claims"}
        return ", ".join(
            f"{pq.read_metadata(self._file(name, kind)).num_rows:,} {held}"
            for kind, held in kinds.items()
        )

    def settle(self, name: str, settings: str) -> str:
        """Give a company its files, what it says of them, and a carmaker its guardrail."""
        shutil.move(self._made / name, self.folder(name) / "data")
        if name == self.consumer:
            return settings.replace("datasets: {}\n", INSURANCE)
        guardrail = self.folder(name) / GUARDRAIL
        guardrail.parent.mkdir()
        shutil.copy(shipped("policies", GUARDRAIL), guardrail)
        return settings.replace("datasets: {}\n", TELEMATICS).replace(
            "guardrails: []\n", f"guardrails: [{GUARDRAIL}]\n"
        )

    def _agree(self, file: str) -> None:
        self.propose((self.data / file).read_text(), file)
        self.agree(lines=EXCERPT_LINES)
        self._contracts[file] = self.contract

    def _ask_risk(self) -> bool:
        title("3. The insurer asks what none of them could answer alone")
        rows = self._ask(RISK)
        _tell_made({"hard brakes": (3, 2), "near-collisions": (4, 3)}, rows)
        return self._is_near(RISK, rows, within=RATES_WITHIN)

    def _ask_claims(self) -> bool:
        title("4. The insurer puts the carmakers' figures beside its own policies and claims")
        rows = self._ask(CLAIMS)
        _tell_made({"claims, which are few,": (4, 4)}, rows)
        return self._is_near(CLAIMS, rows, within=CLAIMS_WITHIN)

    def _ask_panel(self) -> bool:
        title("6. The insurer lays the panel's trips beside its own claims, region by region")
        return self._is_near(REGIONS, self._ask(REGIONS), within=ROWS_WITHIN)

    def _ask_too_much(self) -> bool:
        title("7. The insurer looks for its customers, and for single vehicles")
        found = self._ask(CUSTOMERS)
        true = self.over_the_files(over_the_files(CUSTOMERS), self._files())
        print(
            f"  one DuckDB over the files finds {true[0][0]}: the insurer knows its customers'"
            " numbers, and meets pseudonyms"
        )
        self.contract = self._contracts[RISK_FILE]
        quote(BY_VEHICLE)
        return self.is_refused(BY_VEHICLE) and found == [(0,)] != true

    def _tell_learnt(self) -> None:
        title("8. What each company has learnt")
        print(
            "  insurer.example: how risk goes with roads and model years over all three fleets, and"
        )
        print("    how vehicles drive whose owners consented; whose they are, it was not told")
        for name in self.providers:
            entries = json.loads(self.run(name, "ledger", "list", "--format", "json"))
            answered = sum(entry["state"] == "answered" for entry in entries)
            print(
                f"  {name}.example: what it was asked ({answered} answers in its ledger);"
                " of the other fleets and of the claims, nothing"
            )

    def _ask(self, sql: str) -> Rows:
        """Ask the insurer's node, and tell what comes back."""
        quote(sql)
        with self.node() as node:
            answer = node.query(sql, contract=self.contract)
            found = answer.to_arrow()
        rows = rows_of(found)
        table(found.column_names, rows)
        for receipt in answer.receipts:
            print(
                f"  receipt of {receipt.provider}: {receipt.rows} rows, "
                f"ledger entry {receipt.ledger_index}, verified"
            )
        return rows

    def _is_near(self, sql: str, rows: Rows, *, within: float) -> bool:
        """Compare an answer with the same over all files, and tell how far they are apart."""
        true = self.over_the_files(over_the_files(sql), self._files())
        far = farthest(rows, true)
        if math.isinf(far):
            print("  one DuckDB over the files gives OTHER rows")
        else:
            apart = f"figures within {100 * far:.2f} %" if far else "the same figures"
            print(f"  against one DuckDB over the files: {len(rows)} of {len(true)} rows, {apart}")
        return far <= within

    def _files(self) -> dict[str, Path]:
        """Name every company's files, as `over_the_files` of the questions does."""
        held = {f"{name}_{kind}": (name, kind) for name in MAKERS for kind in ("trips", "panel")}
        held |= {kind: (self.consumer, kind) for kind in ("policies", "claims")}
        return {key: self._file(*place) for key, place in held.items()}

    def _file(self, name: str, kind: str) -> Path:
        return self.folder(name) / "data" / f"{kind}.parquet"


def farthest(rows: Rows, true: Rows) -> float:
    """Give the largest relative error of a figure; infinite where rows are not the files'.

    Texts and whole numbers (keys, and what is counted exactly) must be the same.
    """
    if len(rows) != len(true):
        return math.inf
    pairs = (pair for both in zip(rows, true, strict=True) for pair in zip(*both, strict=True))
    return max((_apart(value, other) for value, other in pairs), default=math.inf)


def _tell_made(kinds: Mapping[str, tuple[int, int]], rows: Rows) -> None:
    """Tell how far figures are from the rates that the data was made with: chance, above all.

    Args:
        kinds: What is compared; its place in the rows and among the rates.
        rows: Begin with road type and model year.
    """
    made = {rate[:2]: rate for rate in rates()}
    for kind, (place, of) in kinds.items():
        off = [abs(row[place] / made[row[:2]][of] - 1) for row in rows if row[place] is not None]
        print(
            f"  against the rates that the data was made with: {kind}"
            f" within {100 * max(off, default=math.inf):.0f} %"
        )


def _apart(value: object, other: object) -> float:
    if isinstance(value, float) and isinstance(other, float | Decimal):
        return abs(value - float(other)) / (abs(float(other)) or 1)
    return 0 if value == other else math.inf
