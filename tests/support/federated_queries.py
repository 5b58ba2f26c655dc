"""Queries over the tables of `federated`, written at random; how many, an environment says."""

import os

from hypothesis import strategies as st

COMPARED = {
    "tail": ("'N1'", "'N2'", "'N9'"),
    "origin": ("'A'", "'B'", "''"),
    "delay": ("0", "5", "-1"),
    "day": ("DATE '2026-02-01'", "DATE '2026-03-02'"),
    "fare": ("10.25", "20"),
    "late": ("true", "false"),
    "hours": ("7.5", "3.0"),
    "size": ("4", "0"),
    "model": ("'A'", "'C'"),
    "built": ("2002", "2004"),
    "provider": ("'ua'", "'dl'", "'no'"),
}
NUMBERS = ("delay", "fare", "hours", "size", "built")


def examples(count):
    """Tell how many cases to try: `SEKISHO_CASES` times as many as the suite does."""
    return count * int(os.environ.get("SEKISHO_CASES", "1"))


@st.composite
def conditions(draw, names, depth=2):
    """Write a condition over columns as `alias.column`."""
    if depth and draw(st.integers(0, 9)) > 6:
        left, right = (draw(conditions(names, depth - 1)) for _ in range(2))
        forms = ["({} AND {})", "({} AND {})", "({} OR {})", "NOT ({} OR {})"]
        return draw(st.sampled_from(forms)).format(left, right)
    return draw(comparisons(names))


@st.composite
def comparisons(draw, names):
    name = draw(st.sampled_from(names))
    values = COMPARED[name.split(".")[-1]]
    value = draw(st.sampled_from(values))
    match draw(st.integers(0, 6)):
        case 0 | 1:
            return f"{name} {draw(st.sampled_from(['=', '<>', '<', '>=']))} {value}"
        case 2:
            return f"{name} IS {draw(st.sampled_from(['NULL', 'NOT NULL']))}"
        case 3:
            return f"{name} {draw(st.sampled_from(['IN', 'NOT IN']))} ({', '.join(values)})"
        case 4:
            return f"{name} BETWEEN {value} AND {draw(st.sampled_from(values))}"
        case 5:
            texts = [item for item in names if item.split(".")[-1] in {"tail", "origin", "model"}]
            return f"{draw(st.sampled_from(texts))} LIKE '%{draw(st.sampled_from('N1AB'))}%'"
        case _:
            other = draw(st.sampled_from([n for n in names if kind_of(n) == kind_of(name)]))
            return f"{name} IS DISTINCT FROM {other}"


def kind_of(name):
    """Tell of what kind a column is, by `alias.column`."""
    column = name.split(".")[-1]
    return "number" if column in NUMBERS else {"day": "day", "late": "late"}.get(column, "text")


_SUMMED = (
    "delay",
    "fare",
    "hours",
    "size",
    "fare * 2",
    "fare * (1 - fare)",
    "-delay",
    "delay + size",
)
_KEYED = (
    "{0}.tail",
    "{0}.origin",
    "{0}.day",
    "{0}.late",
    "{0}.fare",
    "{0}.delay",
    "upper({0}.origin)",
    "length({0}.tail)",
    "substring({0}.tail, 1, 1)",
    "date_trunc('month', {0}.day)",
    "{0}.delay + 1",
    "CASE WHEN {0}.late THEN 'late' ELSE {0}.origin END",
    "coalesce({0}.origin, 'none')",
    "1",
)
_FLIGHTS = ("tail", "origin", "delay", "day", "fare", "late", "hours")


@st.composite
def measures(draw, alias):
    """Write an aggregate over flights, with or without FILTER."""
    value = f"{alias}.{draw(st.sampled_from(_FLIGHTS))}"
    number = draw(st.sampled_from([item for item in _SUMMED if "size" not in item]))
    for name in ("delay", "fare", "hours"):
        number = number.replace(name, f"{alias}.{name}")
    word = draw(st.sampled_from(["sum", "avg", "min", "max", "sum", "avg", "stddev"]))
    written = draw(
        st.sampled_from(
            [
                "count(*)",
                f"count({value})",
                f"count(DISTINCT {value})",
                f"min({value})",
                f"max({value})",
                f"{word}({number})",
                f"sum(CASE WHEN {alias}.late THEN 1 ELSE 0 END)",
                f"bool_or({alias}.late)",
                f"bool_and({alias}.delay > 3)",
                f"count_if({alias}.fare > 9)",
                f"bit_xor({alias}.delay)",
                f"median({alias}.delay)",
            ]
        )
    )
    if draw(st.integers(0, 4)) == 0:
        written += f" FILTER (WHERE {draw(conditions([f'{alias}.{n}' for n in _FLIGHTS], 1))})"
    return f"round({written}, 9)" if written.startswith("stddev") else written


@st.composite
def grouped(draw):
    """Write an aggregation over flights, alone or joined with other relations."""
    names = [f"f.{name}" for name in _FLIGHTS]
    schema = draw(st.sampled_from(["", "", "ua.", "dl."]))
    text = f"{schema}flights AS f"
    where = [draw(conditions(names))] if draw(st.booleans()) else []
    beside = draw(st.sampled_from(["", "", "planes", "crews", "by_provider", "left"]))
    if beside == "planes":
        text += " JOIN local.planes AS p ON f.tail = p.tail"
    elif beside == "crews":
        text += f", {draw(st.sampled_from(['', 'ua.']))}crews AS c"
        where += ["f.tail = c.tail", draw(conditions(["f.origin", "c.size"], 2))]
    elif beside == "by_provider":
        text = "flights AS f JOIN crews AS c ON f.provider = c.provider AND f.tail = c.tail"
        where += ["f.provider IN ('dl', 'ua')", draw(conditions(["f.origin", "c.size"], 1))]
    elif beside == "left":
        text = f"local.planes AS p LEFT JOIN {text} ON f.tail = p.tail"
    keys = [item.format("f") for item in draw(st.lists(st.sampled_from(_KEYED), max_size=2))]
    keys += draw(st.sampled_from([[], [], ["f.provider"]]))
    keys = [item for item in keys if not schema or "provider" not in item]
    figures = draw(st.lists(measures("f"), min_size=0 if keys else 1, max_size=3))
    outputs = ", ".join(f"{item} AS c{at}" for at, item in enumerate([*keys, *figures]))
    sql = f"SELECT {draw(st.sampled_from(['', '', 'DISTINCT ']))}{outputs} FROM {text}"
    sql += f" WHERE {' AND '.join(f'({item})' for item in where)}" if where else ""
    if keys:
        places = [str(at) if draw(st.booleans()) else item for at, item in enumerate(keys, 1)]
        sql += f" GROUP BY {', '.join(places)}"
    if draw(st.integers(0, 3)) == 0:
        sql += f" HAVING {draw(measures('f')).split(' FILTER')[0]} IS NOT NULL"
    if keys and draw(st.integers(0, 3)) == 0:
        sql += f" ORDER BY ALL LIMIT {draw(st.integers(0, 5))}"
    return sql


@st.composite
def first_rows(draw):
    """Write a query of the first rows, whose order leaves no two rows to choose between."""
    schema = draw(st.sampled_from(["shared", "shared", "ua"]))
    names = [f"f.{name}" for name in _FLIGHTS]
    order = draw(st.permutations(names))
    turns = st.sampled_from(["", " DESC", " NULLS FIRST", " DESC NULLS LAST", " DESC NULLS FIRST"])
    listed = ", ".join(f"{name}{draw(turns)}" for name in order)
    where = f" WHERE {draw(conditions(names))}" if draw(st.booleans()) else ""
    limit = f"LIMIT {draw(st.integers(0, 8))}"
    if draw(st.booleans()):
        limit += f" OFFSET {draw(st.integers(0, 3))}"
    if draw(st.integers(0, 2)) == 0:
        key = draw(st.sampled_from(["f.tail", "f.origin", "f.day"]))
        return f"SELECT DISTINCT {key} AS k FROM {schema}.flights AS f{where} ORDER BY 1 {limit}"
    first = draw(
        st.sampled_from(["", "upper(f.origin), ", "f.fare * 2, ", "f.late AND f.delay > 1, "])
    )
    return (
        f"SELECT {', '.join(names)} FROM {schema}.flights AS f{where}"
        f" ORDER BY {first}{listed} {limit}"
    )


@st.composite
def looked_for(draw):
    """Write a query whose conditions hold other queries, alternatives and reckoned constants."""
    names = [f"q.{name}" for name in _FLIGHTS]
    inner = draw(conditions(names))
    kind = draw(st.integers(0, 4))
    if kind == 0:
        test = draw(st.sampled_from(["EXISTS", "NOT EXISTS"]))
        other = draw(conditions(["q.origin", "c.tail"], 1))
        return (
            f"SELECT c.tail, c.size FROM crews AS c WHERE {test}"
            f" (SELECT * FROM flights AS q WHERE q.tail = c.tail AND {inner} AND {other})"
        )
    if kind == 1:
        word = draw(st.sampled_from(["IN", "NOT IN"]))
        return (
            f"SELECT tail FROM crews WHERE tail {word} (SELECT q.tail FROM flights q WHERE {inner})"
        )
    if kind == 2:
        pairs = [
            (
                draw(conditions(["f.origin", "f.delay"], 1)),
                draw(conditions(["c.tail", "c.size"], 1)),
            )
            for _ in range(draw(st.integers(2, 3)))
        ]
        sides = [f"({one} AND {other})" for one, other in pairs]
        return (
            "SELECT f.origin, c.size FROM flights AS f, crews AS c"
            f" WHERE f.tail = c.tail AND ({' OR '.join(sides)})"
        )
    if kind == 3:
        unit = draw(st.sampled_from(["DAY", "MONTH", "YEAR", "WEEK"]))
        sign = draw(st.sampled_from("+-"))
        day = draw(st.sampled_from(["2026-01-31", "2026-03-31", "2026-02-02"]))
        moved = f"DATE '{day}' {sign} INTERVAL {draw(st.integers(0, 3))} {unit}"
        number = draw(st.sampled_from(["10 + 0.25", "3 * 2 - 1", "0.5 - 1"]))
        return (
            f"SELECT f.tail, f.day FROM flights AS f WHERE f.day >= {moved}"
            f" AND f.fare <> {number} AND f.delay BETWEEN 0 - 5 AND 10 + 5"
        )
    low = "SELECT min(q.fare) FROM flights AS q WHERE q.tail = f.tail"
    return f"SELECT f.tail, f.fare FROM flights AS f WHERE f.fare = ({low} AND {inner})"
