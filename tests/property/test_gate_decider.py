"""The gate against a plain decider, and the laws that hold for every contract and query.

Contracts and queries are drawn small, so that every combination of grant, use and place comes up.
"""

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import Refusal
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import DatasetId
from support.gate_cases import ask, signed_contract
from support.reference_decider import Output, SmallQuery, decide_plainly

NAMES = ("a", "b", "c", "d", "e")
DATASET = Dataset(
    id=DatasetId("ua.example/things"),
    columns=tuple(Column(name=name, type="INTEGER") for name in (*NAMES, "shown")),
)
HEAD = """
format: sekisho.contract/v1
title: Drawn
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer}
purposes:
  - {purpose: reliability, means: "Anything"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: drawn
    datasets: [ua.example/things]
    access: rows
"""

uses = st.frozensets(st.sampled_from(["return", "filter", "join", "group", "measure"]))
grants = st.dictionaries(st.sampled_from(NAMES), uses, min_size=1)
column = st.sampled_from(NAMES)
few = st.lists(column, max_size=2, unique=True).map(tuple)
ROW_KINDS = ["bare", "bare", "computed", "partitioned", "ranked", "lagged", "summed_over"]
plain_outputs = st.builds(Output, kind=st.sampled_from(ROW_KINDS), column=column)
grouped_outputs = st.builds(Output, kind=st.sampled_from(["measured", "counted"]), column=column)


@st.composite
def queries(draw):
    """Draw a query over rows, or one over groups whose bare outputs are its keys."""
    filters, wrapped = draw(few), draw(st.booleans())
    matched = draw(st.just(()) | few)
    found = draw(few) if matched else ()
    if draw(st.booleans()):
        outputs = tuple(draw(st.lists(plain_outputs, min_size=1, max_size=3, unique=True)))
        united = st.lists(column, min_size=len(outputs), max_size=len(outputs)).map(tuple)
        return SmallQuery(
            outputs=outputs,
            filters=filters,
            wrapped=wrapped,
            matched=matched,
            found=found,
            qualified=draw(st.just(()) | few),
            first_of=draw(st.just(()) | few),
            united=draw(st.just(()) | united),
        )
    keys = draw(few)
    bare = tuple(Output("bare", name) for name in keys if draw(st.booleans()))
    measured = tuple(draw(st.lists(grouped_outputs, min_size=1, max_size=2)))
    return SmallQuery(
        outputs=(*bare, *measured),
        filters=filters,
        keys=keys,
        having=draw(few),
        wrapped=wrapped,
        matched=matched,
        found=found,
    )


def contract(granted, where=None):
    """Write a contract with one grant over these columns."""
    columns = ", ".join(
        f"{name}: {{use: [{', '.join(sorted(allowed))}]}}" if allowed else f"{name}: {{}}"
        for name, allowed in sorted(granted.items())
    )
    text = f"{HEAD}    columns: {{{columns}}}\n"
    return signed_contract(text + (f'    where: "{where}"\n' if where else ""))


def decision(query, granted, where=None):
    """Ask the gate; `allowed` or a reason, and the plan."""
    answer = ask(query.sql, signed=contract(granted, where), datasets={DATASET.id: DATASET})
    if isinstance(answer, Refusal):
        return answer.reason.value, None
    return "allowed", answer


@given(query=queries(), granted=grants)
def test_gate_decides_as_the_plain_decider_does(query, granted):
    assert decision(query, granted)[0] == decide_plainly(query, granted)


@given(query=queries(), granted=grants, name=column)
def test_granting_one_column_less_never_allows_more(query, granted, name):
    fewer = {key: value for key, value in granted.items() if key != name}
    if fewer and decision(query, fewer)[0] == "allowed":
        assert decision(query, granted)[0] == "allowed"


@given(
    query=queries(), granted=grants, name=column, use=st.sampled_from(["filter", "group", "join"])
)
def test_granting_one_use_more_never_allows_less(query, granted, name, use):
    if granted.get(name) and decision(query, granted)[0] == "allowed":
        wider = {**granted, name: granted[name] | {use}}
        assert decision(query, wider)[0] == "allowed"


cells = st.integers(-3, 12) | st.none()
rows_of_cells = st.lists(
    st.tuples(*[cells for _ in NAMES], st.sampled_from([0, 1, None])), max_size=8
)


def run(plan, rows):
    """Run a plan over a provider's rows."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    names = ", ".join(f"{name} INTEGER" for name in (*NAMES, "shown"))
    connection.execute(f"CREATE TABLE data.things ({names})")
    for row in rows:
        connection.execute("INSERT INTO data.things VALUES (?, ?, ?, ?, ?, ?)", row)
    parameters = dict(plan.parameters) or None
    return sorted(connection.sql(plan.sql, params=parameters).fetchall(), key=repr)


@given(
    query=queries(), granted=grants, rows=rows_of_cells, others=st.randoms(use_true_random=False)
)
def test_outcome_depends_on_granted_columns_of_shown_rows_only(query, granted, rows, others):
    """Two providers that differ in what is hidden cannot be told apart."""
    reason, plan = decision(query, granted, where="shown = 1")
    if reason != "allowed":
        return
    disguised = [
        (
            *(
                value if name in granted and row[-1] == 1 else others.randint(-99, 99)
                for name, value in zip(NAMES, row, strict=False)
            ),
            row[-1],
        )
        for row in rows
    ]
    shown_only = [row for row in disguised if row[-1] == 1]
    assert run(plan, rows) == run(plan, disguised) == run(plan, shown_only)


@given(query=queries(), granted=grants, rows=rows_of_cells)
def test_narrower_row_filter_shows_no_other_rows(query, granted, rows):
    looks_beyond = query.qualified or query.first_of
    if looks_beyond or any(item.kind not in {"bare", "computed"} for item in query.outputs):
        return
    wide, narrow = (
        decision(query, granted, where=text) for text in ("shown = 1", "shown = 1 AND a > 3")
    )
    assert wide[0] == narrow[0]
    if wide[1] is not None and narrow[1] is not None:
        remaining = run(wide[1], rows)
        for row in run(narrow[1], rows):
            remaining.remove(row)
