"""Expressions over the open world's columns, drawn so that most of them mean something."""

from sekisho.sql.functions import DATE_PARTS, FUNCTIONS, FunctionClass

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
    "c": ["1", "2", "3"],
    "w": ["0", "5", "40"],
    "I": [*WHOLES, "huge", "ubig"],
    "f": ["real", "num", "CAST(whole AS DOUBLE)"],
}
_NAMES = {
    kind: sorted(item.name for item in FUNCTIONS.values() if item.function_class is kind)
    for kind in FunctionClass
}
_LITERAL_LETTERS = "uqcw"
_IGNORING_NULLS = ("lag", "lead", "first_value", "last_value", "nth_value")


def atom(random):
    """Draw a column or a literal, of any type."""
    return random.choice(ANY)


def _call(random, name, inner):
    function = FUNCTIONS[name]
    count = random.randint(function.least, max(function.least, min(function.most, 4)))
    alike = random.choice([NUMBERS, TEXTS, INSTANTS])
    arguments = []
    for at in range(count):
        letter = function.letter(at)
        choices = alike if letter == "=" else _BY_LETTER.get(letter, ANY)
        choices = [arguments[0], "NULL"] if letter == "s" else choices
        nests = inner and letter not in _LITERAL_LETTERS and random.random() < 0.3
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
        return _call(random, random.choice(_NAMES[FunctionClass.SCALAR]), inner)
    return _operation(random, inner)


def aggregate(random):
    """Draw an aggregate over expressions."""
    text = _call(random, random.choice(_NAMES[FunctionClass.AGGREGATE]), lambda: scalar(random, 1))
    if "(*" not in text and random.random() < 0.2:
        text = text.replace("(", "(DISTINCT ", 1)
    if random.random() < 0.2:
        text += f" FILTER (WHERE {scalar(random, 1)})"
    return text


def frame(random):
    """Draw a frame of rows or groups, or none."""
    bounds = ["UNBOUNDED PRECEDING", "2 PRECEDING", "CURRENT ROW", "1 FOLLOWING"]
    ends = ["CURRENT ROW", "1 FOLLOWING", "UNBOUNDED FOLLOWING"]
    excluded = random.choice(["", "", " EXCLUDE CURRENT ROW", " EXCLUDE TIES", " EXCLUDE GROUP"])
    if random.random() < 0.5:
        return ""
    kind = random.choice(["ROWS", "GROUPS"])
    return f" {kind} BETWEEN {random.choice(bounds)} AND {random.choice(ends)}{excluded}"


def window(random):
    """Draw what stands in the brackets of OVER."""
    parts = []
    if random.random() < 0.5:
        parts.append(f"PARTITION BY {scalar(random, 1)}")
    if random.random() < 0.2:
        key, distance = random.choice(
            [
                ("whole", "5"),
                ("num", "1.5"),
                ("moment", "INTERVAL 3 DAY"),
                ("day", "INTERVAL 1 MONTH"),
            ]
        )
        parts.append(f"ORDER BY {key} RANGE BETWEEN {distance} PRECEDING AND {distance} FOLLOWING")
    else:
        parts.append(f"ORDER BY {scalar(random, 1)}, id{frame(random)}")
    return " ".join(parts)


def windowed(random, over=None):
    """Draw a function with OVER.

    Args:
        random: Draws.
        over: What stands after OVER; a window of its own by default.
    """
    over = over or f"({window(random)})"
    if random.random() < 0.4:
        return f"{aggregate(random)} OVER {over}"
    name = random.choice(_NAMES[FunctionClass.WINDOW])
    call = _call(random, name, lambda: scalar(random, 1))
    if name in _IGNORING_NULLS and "," not in call and random.random() < 0.2:
        call = call[:-1] + " IGNORE NULLS)"
    return f"{call} OVER {over}"
