"""What a difference calls narrower is narrower for the gate, for rows, and for what they show."""

import json

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sekisho.documents.diff import diff, verdict
from sekisho.errors import DocumentError, Refusal, RefusalReason
from support.gate_cases import ask, dataset, signed_contract
from support.reference_decider import Output, SmallQuery

NAMES = ("a", "b")
COLUMNS = dict.fromkeys((*NAMES, "shown"), "INTEGER")
DATASETS = {item.id: item for item in (dataset("things", COLUMNS), dataset("parts", COLUMNS))}
NARROWER = {"narrows", "keeps", "same"}
GRANTED = {
    RefusalReason.CONTRACT_NOT_FOUND,
    RefusalReason.PURPOSE_NOT_ALLOWED,
    RefusalReason.DATASET_NOT_GRANTED,
    RefusalReason.COLUMN_NOT_GRANTED,
    RefusalReason.USE_NOT_GRANTED,
    RefusalReason.MODE_NOT_SERVED,
    RefusalReason.SCHEMA_CHANGED,
}
"""Reasons that stand in the contract; others speak of the query's text and types."""

uses = st.lists(st.sampled_from(["return", "filter", "group", "measure"]), min_size=1, unique=True)
keeping_type = st.sampled_from(["redact", {"round_to": 2}, {"round_to": 6}, {"round_to": 10}])
any_mask = keeping_type | st.sampled_from(
    [
        {"pseudonym": "this-contract-and-provider"},
        {"bucket": [0, 18]},
        {"bucket": [18]},
        {"bucket_width": 3},
        {"bucket_width": 6},
    ]
)
conditions = st.sampled_from(["shown = 1", "a > 3", "b IS NOT NULL"])
filters = st.lists(conditions, min_size=1, max_size=3, unique=True).map(" AND ".join)


def grants_with(masks):
    """Draw what a grant opens, but for its name and datasets."""
    column = st.fixed_dictionaries({}, optional={"use": uses, "mask": masks}).filter(
        lambda item: item.get("mask") != "redact" or "use" not in item
    )
    return st.fixed_dictionaries(
        {
            "access": st.sampled_from(["rows", "rows", "aggregate", "match"]),
            "columns": st.dictionaries(st.sampled_from(NAMES), column, min_size=1),
        },
        optional={"where": filters, "privacy_units": st.just(["a"])},
    ).map(_made_good)


def _made_good(grant):
    """Give a grant of another mode than rows what it needs."""
    if grant["access"] == "rows":
        return grant
    columns = {name: {**item} for name, item in grant["columns"].items()}
    for name, item in columns.items():
        item.pop("mask", None)
        written = set(item.get("use", ["group"])) - {"return"} or {"measure"}
        is_key = grant["access"] == "match" or name == "a"
        item["use"] = ["join"] if is_key else sorted(written)
    units = {"privacy_units": ["a"]} if grant["access"] == "aggregate" else {}
    return {**grant, **units, "columns": columns}


some_consumers = st.sampled_from([["maker"], ["maker", "other"]])
some_purposes = st.sampled_from([["quality"], ["quality", "safety"]])


@st.composite
def pairs(draw, masks):
    """Draw two contracts, the second made from the first by a few steps, mostly narrowing ones."""
    first = {
        "consumers": draw(some_consumers),
        "purposes": draw(some_purposes),
        "grants": draw(
            st.dictionaries(
                st.sampled_from(["one", "two"]),
                st.tuples(
                    st.lists(st.sampled_from(["things", "parts"]), min_size=1, unique=True),
                    grants_with(masks),
                ),
                min_size=1,
            )
        ),
    }
    second = {
        "consumers": draw(st.just(first["consumers"]) | some_consumers),
        "purposes": draw(st.just(first["purposes"]) | some_purposes),
        "grants": {
            name: (draw(st.sampled_from([names, names[:1]])), draw(_steps(grant, masks)))
            for name, (names, grant) in first["grants"].items()
            if len(first["grants"]) == 1 or draw(st.booleans())
        }
        or first["grants"],
    }
    return _signed(first), _signed(second)


@st.composite
def _steps(draw, grant, masks):
    """Take a few things from a grant, or put others in."""
    step = draw(
        st.sampled_from(["keep", "column", "use", "mask", "where", "added", "mode", "redraw"])
    )
    if step == "redraw":
        return draw(grants_with(masks))
    columns = dict(grant["columns"])
    name = draw(st.sampled_from(sorted(columns)))
    if step == "column" and len(columns) > 1:
        columns.pop(name)
    if step == "added":
        columns = {**{key: {} for key in NAMES}, **columns}
    if step == "use" and grant["access"] == "rows" and columns[name].get("mask") != "redact":
        columns[name] = {**columns[name], "use": draw(uses)}
    if step == "mask" and grant["access"] == "rows" and "use" not in columns[name]:
        columns[name] = {"mask": draw(masks)}
    changed = {**grant, "columns": columns}
    if step == "mode":
        changed["access"] = draw(st.sampled_from(["aggregate", "match"]))
    if step == "where":
        condition = draw(conditions)
        changed["where"] = f"{grant['where']} AND {condition}" if "where" in grant else condition
    return _made_good(changed)


def _signed(facts):
    value = {
        "format": "sekisho.contract/v1",
        "title": "Drawn",
        "parties": [
            {"party": "ua.example", "role": "provider"},
            *({"party": f"{name}.example", "role": "consumer"} for name in facts["consumers"]),
        ],
        "purposes": [{"purpose": name, "means": "x"} for name in facts["purposes"]],
        "term": {"starts": "2026-12-01", "ends": "2027-11-30", "timezone": "UTC"},
        "grants": [
            {"grant": name, "datasets": [f"ua.example/{item}" for item in names], **grant}
            for name, (names, grant) in facts["grants"].items()
        ],
    }
    try:
        return signed_contract(json.dumps(value))
    except DocumentError:  # the draw does not agree with itself
        assume(False)  # noqa: FBT003
        raise


column = st.sampled_from(NAMES)
few = st.lists(column, max_size=1).map(tuple)
queries = st.builds(
    SmallQuery,
    outputs=st.lists(
        st.builds(
            Output,
            kind=st.sampled_from(["bare", "computed", "measured", "counted"]),
            column=column,
        ),
        min_size=1,
        max_size=2,
        unique_by=lambda item: item.kind,
    ).map(tuple),
    filters=few,
    keys=few,
    having=st.just(()),
    wrapped=st.booleans(),
)
asked = st.fixed_dictionaries(
    {
        "query": queries,
        "table": st.sampled_from(["things", "things", "ua.parts"]),
        "function": st.sampled_from(["max", "avg", "sum"]),
        "purpose": st.sampled_from(["quality", "safety"]),
        "consumer": st.sampled_from(["maker.example", "other.example"]),
    }
)


several = st.lists(asked, min_size=5, max_size=8)
examples = settings(max_examples=100)


def _ask(question, signed):
    sql = question["query"].sql.replace("FROM things", f"FROM {question['table']}")
    sql = sql.replace("max(", f"{question['function']}(")
    facts = {name: question[name] for name in ("purpose", "consumer")}
    return ask(sql, signed=signed, datasets=DATASETS, **facts)


def _verdict(first, second):
    return verdict(diff(first.contract, second.contract))


@examples
@given(pairs(keeping_type), several)
def test_what_only_narrows_allows_no_query_that_was_refused(both, questions):
    first, second = both
    assume(_verdict(first, second) in NARROWER)
    for question in questions:
        if not isinstance(_ask(question, second), Refusal):
            assert not isinstance(_ask(question, first), Refusal)


@examples
@given(pairs(any_mask), several)
def test_a_mask_of_another_type_lets_nothing_through_that_was_not_granted(both, questions):
    first, second = both
    assume(_verdict(first, second) in NARROWER)
    for question in questions:
        if not isinstance(_ask(question, second), Refusal):
            before = _ask(question, first)
            assert not (isinstance(before, Refusal) and before.reason in GRANTED)
