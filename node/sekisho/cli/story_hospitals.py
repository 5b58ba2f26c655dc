"""The hospitals' story: figures over three hospitals' patients, none of whom can be singled out."""

import shutil
from pathlib import Path
from typing import Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.cli.main import FAILED
from sekisho.cli.processes import NodeProcesses
from sekisho.cli.shipped import shipped
from sekisho.cli.story import Rows, Story, quote, rows_of, table, title
from sekisho.cli.story_hospitals_truth import TRUTH, Cell, Nearness, Truth, compare, truth_of
from sekisho.client.notes import Gap, Receipt

PROPOSED: Final = "positivity.contract.yaml"
DRAFTED: Final = "draft.contract.yaml"
GUARDRAIL: Final = "guardrails/personal-data.yaml"
TITLE: Final = "Positivity of COVID-19 tests by age group and week"
EXCERPT_LINES: Final = 11
DRAFT: Final = {", mask: {bucket: [0, 5, 12, 18]}": "", "minimum_units: 10": "minimum_units: 3"}
"""What the first draft says otherwise."""
AGES: Final = {0: "0-4", 5: "5-11", 12: "12-17", 18: "18+"}
"""What a published age stands for."""

DATASETS: Final = """\
datasets:
  tests:
    source: {parquet: data/tests.parquet}
    description: Tests for COVID-19
    tags: [patients]
    privacy_units: [patient_id]
    columns:
      patient_id: {class: identifier}
      first_name: {class: identifier}
      last_name: {class: identifier}
      age: {class: quasi-identifier, unit: years}
      pandemic_day: {class: quasi-identifier}
      clinic: {class: quasi-identifier}
      gender: {class: personal}
      patient_class: {class: personal}
      drive_through: {class: personal}
      result: {class: health}
      cycle_threshold: {class: health}
"""
"""What each hospital says of its data; its guardrail goes by that."""

QUESTION: Final = """
SELECT pandemic_day, age, count(*) AS tests, avg(positive) AS positivity
FROM tests
GROUP BY pandemic_day, age
ORDER BY pandemic_day, age
""".strip()
"""Over all hospitals; none of them could answer it alone."""

BY_HOSPITAL: Final = """
SELECT pandemic_day, age, provider, count(*) AS tests, avg(positive) AS positivity
FROM tests
GROUP BY pandemic_day, age, provider
ORDER BY pandemic_day, age, provider
""".strip()
"""The same of each hospital, not put together."""

FORBIDDEN: Final = (
    "SELECT age, positive FROM tests",
    "SELECT last_name, count(*) FROM a.tests GROUP BY last_name",
    "SELECT avg(positive) FROM a.tests WHERE patient_id = 533",
)
FEW: Final = "SELECT count(*) AS tests FROM c.tests WHERE pandemic_day = 0"
NONE: Final = "SELECT count(*) AS tests FROM c.tests WHERE pandemic_day = 700"

BY_AGE: Final = """
SELECT age, count(*) AS tests, avg(positive) AS positivity
FROM c.tests GROUP BY age ORDER BY age
""".strip()
WITHOUT: Final = BY_AGE.replace("c.tests ", "c.tests WHERE pandemic_day >= 7 ")
"""Without the first week, in which that hospital tested one child."""
ALONE: Final = 0
"""The age group of that child."""

WITHDRAWN: Final[Cell] = (21, 0)
"""The week and age group in which the patient who withdraws was tested."""
SUGGESTION: Final = "SELECT gender, count(*) AS tests, avg(positive) FROM tests GROUP BY gender"


class HospitalsStory(Story):
    """Three hospitals and a research institute, from founding their nodes to a withdrawal."""

    name = "hospitals"
    providers = ("a", "b", "c")
    consumer = "institute"
    count = "Four"

    def __init__(self, root: Path, nodes: NodeProcesses) -> None:
        """Tell it below a folder, with processes that somebody else stops."""
        super().__init__(root, nodes)
        self._parts: Rows = []
        """What each hospital gave of `BY_HOSPITAL`."""
        self._truth: Truth = {}
        """What the files held then."""

    def tell(self) -> bool:
        """Run the whole story; True when every part of it came true."""
        self.found()
        is_below = self._draft()
        title("3. The second draft keeps to it; each hospital reviews it in plain words and signs")
        self.propose((self.data / PROPOSED).read_text(), PROPOSED)
        self.agree(lines=EXCERPT_LINES)
        return all(
            (
                is_below,
                self._ask_all(),
                self._ask_too_much(),
                self._ask_without(),
                self._withdraw(),
                self.check_evidence(8),
            )
        )

    def suggestions(self) -> tuple[str, ...]:
        """List commands to try with nodes that were kept."""
        institute = self.folder(self.consumer)
        return (
            f"sekisho status --dir {institute}",
            f'sekisho query --dir {institute} --contract "{TITLE}" "{SUGGESTION}"',
            f'sekisho explain --dir {institute} --contract "{TITLE}" "{SUGGESTION}"',
            f"sekisho ledger list --dir {self.folder('c')}",
            f"sekisho contract review {self.contract[:19]} --lang ja --dir {self.folder('a')}",
        )

    def holding(self, name: str) -> str:
        """Say whose patients a hospital tested, and what the institute brings."""
        return {
            "a": "tests of its clinical laboratory",
            "b": "tests of its emergency department",
            "c": "tests of its other clinics",
        }.get(name, "a question")

    def settle(self, name: str, settings: str) -> str:
        """Give a hospital its tests, what it says of them, and its guardrail."""
        if name == self.consumer:
            return settings
        file = self._file(name)
        file.parent.mkdir()
        shutil.copy(self.data / f"covid_tests_{name}.parquet", file)
        guardrail = self.folder(name) / GUARDRAIL
        guardrail.parent.mkdir()
        shutil.copy(shipped("policies", GUARDRAIL), guardrail)
        return settings.replace("datasets: {}\n", DATASETS).replace(
            "guardrails: []\n", f"guardrails: [{GUARDRAIL}]\n"
        )

    def _draft(self) -> bool:
        title("2. The institute's first draft is below the hospitals' guardrail: nobody signs it")
        text = (self.data / PROPOSED).read_text()
        for written, drafted in DRAFT.items():
            text = text.replace(written, drafted)
        self.propose(text, DRAFTED)
        _, found = self.call("a", "contract", "lint", str(self.root / DRAFTED))
        print("  a.example holds it to what no contract of its may fall below")
        for line in found.replace(f"{self.root}/", "").splitlines():
            print(f"  | {line}")
        code, said = self.call("a", "contract", "sign", self.contract)
        self.run("a", "contract", "reject", self.contract, "--reason", "below our guardrail")
        print(
            f"  its node {'does not sign' if code == FAILED else 'SIGNS'} it; the contract is "
            f"{self.state(self.consumer)}"
        )
        return code == FAILED and said.count(f"{GUARDRAIL}:") == len(DRAFT)

    def _ask_all(self) -> bool:
        title("4. The institute asks what none of the hospitals could answer alone")
        rows, receipts, gaps = self._ask(QUESTION)
        columns = ("day", *(word for name in AGES.values() for word in (name, "%")))
        table(columns, _by_week(rows))
        print("  tests, and percent positive, from day to day + 6; blank is withheld or empty")
        for receipt in receipts:
            print(
                f"  receipt of {receipt.provider}: {receipt.rows} cells, "
                f"ledger entry {receipt.ledger_index}, verified"
            )
        for gap in gaps:
            print(f"  {gap.provider} left out all or part of {gap.cells} cells that another gave")
        self._parts, *_ = self._ask(BY_HOSPITAL, is_shown=False)
        self._truth = self._over_the_files()
        near = compare(rows, self._parts, self._truth)
        _tell_nearness(near)
        return near.is_near

    def _ask_too_much(self) -> bool:
        title("5. The institute asks for rows, for names, for a patient, and for a cell of one")
        refused = []
        for sql in FORBIDDEN:
            quote(sql)
            refused.append(self.is_refused(sql))
        few, *_ = self._ask(FEW)
        none, *_ = self._ask(NONE)
        true = self._truth[0, ALONE]["c"].patients
        print(f"  one patient that week, and nobody in the other: {_text(few)} and {_text(none)}")
        return all(refused) and true == 1 and few == none == [(None,)]

    def _ask_without(self) -> bool:
        title("6. The institute asks twice; what is between the answers is one child's result")
        every, *_ = self._ask(BY_AGE)
        table(("age", "tests", "positivity"), every)
        rest, *_ = self._ask(WITHOUT)
        table(("age", "tests", "positivity"), rest)
        print("  the first week holds one child's test: its age group is withheld the second time")
        return rest == [row for row in every if row[0] != ALONE] and len(every) == len(AGES)

    def _withdraw(self) -> bool:
        title("7. A patient withdraws; the institute asks again, to see what that patient changed")
        self._remove_patient()
        parts, *_ = self._ask(BY_HOSPITAL)
        held, left = (truth[WITHDRAWN]["a"] for truth in (self._truth, self._over_the_files()))
        week, age = WITHDRAWN
        rate = next(rate for *cell, _, rate in parts if cell == [week, age, "a"])
        is_same = parts == self._parts
        print(
            f"  a.example, day {week}, ages {AGES[age]}: {held.positives} of {held.tests} were "
            f"positive, {left.positives} of {left.tests} are"
        )
        print(
            f"  published: {_percent(rate)} % as before;"
            f" {'all' if is_same else 'NOT all'} {len(parts)} cells are as they were"
        )
        return is_same and held.positives == left.positives + 1

    def _remove_patient(self) -> None:
        """Take a patient who was tested positive out of the first hospital's file."""
        week, age = WITHDRAWN
        file = self._file("a")
        held = pq.read_table(file)
        patient = next(
            row["patient_id"]
            for row in held.to_pylist()
            if row["result"] == "positive"
            and week <= row["pandemic_day"] < week + 7
            and row["age"] < min(edge for edge in AGES if edge > age)
        )
        new = file.with_suffix(".new")
        pq.write_table(held.filter(pc.field("patient_id") != patient), new)
        new.replace(file)
        print("  a.example takes the patient's rows out of its dataset")

    def _ask(
        self, sql: str, *, is_shown: bool = True
    ) -> tuple[Rows, tuple[Receipt, ...], tuple[Gap, ...]]:
        """Ask the institute's node."""
        if is_shown:
            quote(sql)
        with self.node() as node:
            answer = node.query(sql, contract=self.contract)
            return rows_of(answer.to_arrow()), answer.receipts, answer.gaps

    def _over_the_files(self) -> Truth:
        files = {name: self._file(name) for name in self.providers}
        return truth_of(self.over_the_files(TRUTH, files))

    def _file(self, name: str) -> Path:
        return self.folder(name) / "data" / "tests.parquet"


def _by_week(rows: Rows) -> Rows:
    """Lay the cells out: a row a week, two columns an age group."""
    cells = {(week, age): (tests, rate) for week, age, tests, rate in rows}
    return [
        (week, *(text for age in AGES for text in _pair(*cells.get((week, age), (None, None)))))
        for week in sorted({week for week, _ in cells})
    ]


def _pair(tests: int | None, rate: float | None) -> tuple[int | None, str | None]:
    return tests, None if rate is None else _percent(rate)


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f}"


def _text(rows: Rows) -> str:
    return ", ".join("NULL" if value is None else str(value) for row in rows for value in row)


def _tell_nearness(near: Nearness) -> None:
    print(
        f"  of {near.true_cells} cells in the files {near.cells} are there; hospital by hospital, "
        f"{near.parts} of {near.true_parts}, none of fewer than {near.fewest} patients"
    )
    print(
        "  against one DuckDB over the files, where every hospital gave its part:"
        f" {near.counts.cells} counts are off by {near.counts.error:.0f} at most,"
        f" {near.rates.cells} percentages by {100 * near.rates.error:.2f}"
    )
    print(
        f"  where a hospital's part is missing, {near.other_rates.cells} percentages are off by up"
        f" to {100 * near.other_rates.error:.1f}: they are of the other hospitals alone"
    )
