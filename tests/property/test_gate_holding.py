"""`minimum_units` over drawn data: an answer is whole for enough units, and empty for fewer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.held import Wards

LEAST = 3
patient = st.sampled_from(["a", "b", "c", "d", "e", None])
patients = st.lists(
    st.tuples(patient, st.integers(0, 5), st.sampled_from("xyz"), st.booleans()), max_size=14
)
visits = st.lists(st.tuples(patient, st.integers(1, 4), st.booleans()), max_size=8)
SEEN = "SELECT * FROM data.patients WHERE NOT hidden"
VISITED = "SELECT * FROM data.visits WHERE NOT hidden"
# Each with the patients of the rows that its answer comes from, in every relation that it reads.
QUERIES = [
    ("SELECT age, ward FROM patients WHERE age > 2", f"SELECT patient FROM ({SEEN}) WHERE age > 2"),
    ("SELECT count(*), max(age) FROM patients WHERE ward = 'x'",
     f"SELECT patient FROM ({SEEN}) WHERE ward = 'x'"),
    ("SELECT ward, count(*) FROM patients GROUP BY ward HAVING count(*) > 2",
     (f"SELECT patient FROM ({SEEN}) WHERE ward IN "
      f"(SELECT ward FROM ({SEEN}) GROUP BY ward HAVING count(*) > 2)")),
    ("SELECT DISTINCT ward FROM patients WHERE age < 3",
     f"SELECT patient FROM ({SEEN}) WHERE age < 3"),
    ("SELECT DISTINCT ward FROM patients ORDER BY ward LIMIT 1",
     f"SELECT patient FROM ({SEEN}) WHERE ward = (SELECT min(ward) FROM ({SEEN}))"),
    ("SELECT age FROM patients ORDER BY age, patient LIMIT 4",
     f"SELECT patient FROM ({SEEN}) ORDER BY age, patient LIMIT 4"),
    ("SELECT age FROM patients QUALIFY rank() OVER (ORDER BY age) < 3",
     f"SELECT patient FROM ({SEEN}) QUALIFY rank() OVER (ORDER BY age) < 3"),
    ("SELECT p.age FROM patients AS p JOIN visits AS v ON p.age = day(v.seen)",
     (f"SELECT p.patient, v.patient FROM ({SEEN}) AS p JOIN ({VISITED}) AS v "
      "ON p.age = day(v.seen)")),
    ("SELECT p.age FROM patients AS p FULL JOIN visits AS v USING (patient)",
     f"SELECT p.patient, v.patient FROM ({SEEN}) AS p FULL JOIN ({VISITED}) AS v USING (patient)"),
    (("SELECT p.ward, count(*) FROM patients AS p LEFT JOIN patients AS q ON p.age < q.age "
     "GROUP BY p.ward"),
     f"SELECT p.patient, q.patient FROM ({SEEN}) AS p LEFT JOIN ({SEEN}) AS q ON p.age < q.age"),
]  # fmt: skip


def text(value):
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def world(patient_rows, visit_rows):
    """Put drawn rows where the provider's are."""
    first = [
        f"({text(who)}, {age}, '{ward}', {age}, {age}, {age}, {hidden})"
        for who, age, ward, hidden in patient_rows
    ]
    second = [f"({text(who)}, '2026-01-0{day}', {hidden})" for who, day, hidden in visit_rows]
    return Wards(", ".join(first), ", ".join(second))


@pytest.mark.parametrize(("sql", "sources"), QUERIES, ids=range(len(QUERIES)))
@settings(max_examples=25)
@given(patient_rows=patients, visit_rows=visits)
def test_answer_is_whole_for_enough_units_and_empty_for_fewer(
    sql, sources, patient_rows, visit_rows
):
    found = world(patient_rows, visit_rows)
    contributing = found.connection.sql(sources).fetchall()
    width = len(found.connection.sql(sources).columns)
    counts = [len({row[at] for row in contributing} - {None}) for at in range(width)]
    held = found.run(sql)
    whole = found.connection.sql(_open(sql)).fetchall()
    expected = whole if min(counts) >= LEAST else []
    assert sorted(held, key=repr) == sorted(expected, key=repr)


def _open(sql):
    """Ask the same over what the view holds, as the provider's own people would."""
    return f"WITH patients AS ({SEEN}), visits AS ({VISITED}) {sql}"
