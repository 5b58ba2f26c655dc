"""Expressions over the open world's columns, drawn so that most of them mean something."""

from sekisho.sql.functions import DATE_PARTS, FUNCTIONS

NUMBERS = "tiny small whole big ubig real num dec wide 3 -1 1.5 0 2".split()
WHOLES = "tiny small whole big 3 0 2 9999999999".split()
TEXTS = "word kind word||kind 'x' '' '2026-01-05' '5'".split()
INSTANTS = [*"day moment zoned at_ns at_s".split(), "DATE '2026-01-05'", "moment::DATE"]
BOOLEANS = "flag whole>2 word='alpha' TRUE NULL".split()
SPANS = ["span", "INTERVAL 3 DAY", "INTERVAL '2 months'"]
ANY = [*NUMBERS, *TEXTS, *INSTANTS, *BOOLEANS, *SPANS, "clock", "mark", "huge", "NULL"]
CASTS = """
    BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UBIGINT FLOAT DOUBLE DECIMAL(5,2) VARCHAR DATE
    TIME TIMESTAMP TIMESTAMPTZ TIMESTAMP_NS TIMESTAMP_S TIMESTAMP_MS INTERVAL UUID
""".split()
OPERATORS = """
    + - * / // % || = <> < <= > >= AND OR LIKE ILIKE
""".split()
_BY_LETTER = {
    "t": TEXTS,
    "n": [*NUMBERS, "huge"],
    "i": WHOLES,
    "v": SPANS,
    "d": INSTANTS,
    "D": INSTANTS,
    "k": INSTANTS,
    "h": [*INSTANTS, *SPANS, "clock"],
    "a": [*NUMBERS, *INSTANTS],
    "m": [*NUMBERS, *INSTANTS],
    "p": ANY,
    "b": [*BOOLEANS, "word", "whole"],
    "*": ANY,
    "u": [f"'{part}'" for part in sorted(DATE_PARTS)],
    "q": ["0.25", "0.9", "0", "1"],
}
_SCALARS = sorted(item.name for item in FUNCTIONS.values() if not item.is_aggregate)
_AGGREGATES = sorted(item.name for item in FUNCTIONS.values() if item.is_aggregate)


def atom(random):
    """Draw a column or a literal, of any type."""
    return random.choice(ANY)


def _call(random, name, inner):
    function = FUNCTIONS[name]
    count = random.randint(function.least, min(function.most, 4))
    alike = random.choice([NUMBERS, TEXTS, INSTANTS])
    arguments = []
    for at in range(count):
        letter = function.letter(at)
        choices = alike if letter == "=" else _BY_LETTER[letter]
        nests = inner and letter not in "uq" and random.random() < 0.3
        arguments.append(inner() if nests else random.choice(choices))
    if name == "count" and not arguments:
        arguments = ["*"]
    return f"{name}({', '.join(arguments)})"


def _operation(random, inner):
    def part():
        return inner() if random.random() < 0.3 else atom(random)

    alike = random.choice([NUMBERS, TEXTS, INSTANTS, NUMBERS, ANY])

    def same():
        return random.choice(alike)

    return random.choice(
        [
            lambda: f"({same()} {random.choice(OPERATORS)} {same()})",
            lambda: f"({part()} {random.choice(OPERATORS)} {part()})",
            lambda: f"(CASE WHEN {part()} THEN {same()} ELSE {same()} END)",
            lambda: f"(CASE {same()} WHEN {same()} THEN {part()} WHEN {same()} THEN {part()} END)",
            lambda: f"({same()} BETWEEN {same()} AND {same()})",
            lambda: f"({same()} IN ({same()}, {same()}, {same()}))",
            lambda: f"({same()} NOT IN ({same()}, {same()}))",
            lambda: f"(-{same()})",
            lambda: f"(NOT {part()})",
            lambda: f"({random.choice(TEXTS)} LIKE {random.choice(TEXTS)} ESCAPE '!')",
            lambda: f"({part()} IS NULL)",
            lambda: f"({part()} IS TRUE)",
            lambda: f"({same()} IS DISTINCT FROM {same()})",
            lambda: f"(CAST({part()} AS {random.choice(CASTS)}))",
            lambda: f"(extract({random.choice(['year', 'hour', 'epoch'])} FROM {part()}))",
            lambda: f"({random.choice(INSTANTS)} {random.choice('+-')} {random.choice(SPANS)})",
            lambda: f"({same()} IN (SELECT {same()} FROM things))",
            lambda: f"({same()} = (SELECT max({same()}) FROM things))",
        ]
    )()


def scalar(random, depth=2):
    """Draw an expression over one row."""
    inner = (lambda: scalar(random, depth - 1)) if depth else None
    if inner is None:
        return atom(random)
    if random.random() < 0.5:
        return _call(random, random.choice(_SCALARS), inner)
    return _operation(random, inner)


def aggregate(random):
    """Draw an aggregate over expressions."""
    text = _call(random, random.choice(_AGGREGATES), lambda: scalar(random, 1))
    if "(*" not in text and random.random() < 0.2:
        text = text.replace("(", "(DISTINCT ", 1)
    if random.random() < 0.2:
        text += f" FILTER (WHERE {scalar(random, 1)})"
    return text


def query(random):
    """Draw a query over `things`, grouped or not."""
    return random.choice([_rows, _rows, _grouped, _nested])(random)


def _rows(random):
    outputs = ", ".join(f"{scalar(random)} AS x{n}" for n in range(random.randint(1, 3)))
    where = f" WHERE {scalar(random)}" if random.random() < 0.6 else ""
    return f"SELECT id, {outputs} FROM things{where} ORDER BY id"


def _grouped(random):
    key = scalar(random, 1)
    outputs = ", ".join(f"{aggregate(random)} AS x{n}" for n in range(random.randint(1, 2)))
    having = f" HAVING {aggregate(random)} IS NOT NULL" if random.random() < 0.3 else ""
    by = random.choice(["1", "k", key, "ALL"])
    return f"SELECT {key} AS k, {outputs} FROM things GROUP BY {by}{having} ORDER BY 1"


def _nested(random):
    inner = f"SELECT id, {scalar(random, 1)} AS v, {scalar(random, 1)} AS w FROM things"
    if random.random() < 0.5:
        return f"WITH q AS ({inner}) SELECT v, count(*), min(w) FROM q GROUP BY v ORDER BY v"
    return f"SELECT q.id, v, w FROM ({inner}) AS q WHERE q.id > 1 ORDER BY q.id"
