"""Queries over the open world's things: every form that the gate lets in, drawn with its parts."""

from support.gate_expressions import aggregate, scalar, windowed


def query(random):
    """Draw a query; what an engine may give in any order is ordered, as far as that decides."""
    forms = [_rows, _rows, _grouped, _nested, _windows, _sets, _joined, _first_rows, _correlated]
    return random.choice(forms)(random)


def _outputs(random, draw, most=3):
    return ", ".join(f"{draw(random)} AS x{n}" for n in range(random.randint(1, most)))


def _maybe(random, text, share=0.5):
    return text if random.random() < share else ""


def _rows(random):
    where = _maybe(random, f" WHERE {scalar(random)}", 0.6)
    return f"SELECT id, {_outputs(random, scalar)} FROM things{where} ORDER BY id"


def _grouped(random):
    key = scalar(random, 1)
    having = _maybe(random, f" HAVING {aggregate(random)} IS NOT NULL", 0.3)
    by = random.choice(["1", "k", key, "ALL"])
    return (
        f"SELECT {key} AS k, {_outputs(random, aggregate, 2)} FROM things "
        f"GROUP BY {by}{having} ORDER BY 1"
    )


def _nested(random):
    inner = f"SELECT id, {scalar(random, 1)} AS v, {scalar(random, 1)} AS w FROM things"
    if random.random() < 0.5:
        return f"WITH q AS ({inner}) SELECT v, count(*), min(w) FROM q GROUP BY v ORDER BY v"
    return f"SELECT q.id, v, w FROM ({inner}) AS q WHERE q.id > 1 ORDER BY q.id"


def _windows(random):
    where = _maybe(random, f" WHERE {scalar(random)}", 0.3)
    form = random.randint(0, 3)
    if form == 0:
        over = f"{windowed(random, 'w')} AS x, {windowed(random, 'w')} AS y"
        named = f"WINDOW w AS (PARTITION BY {scalar(random, 1)} ORDER BY id)"
        return f"SELECT id, {over} FROM things{where} {named} ORDER BY id"
    if form == 1:
        kept = f"{windowed(random)} IS NOT NULL AND {scalar(random, 1)} IS NOT NULL"
        return f"SELECT id, whole FROM things{where} QUALIFY {kept} ORDER BY id"
    if form == 2:
        over = "rank() OVER (ORDER BY count(*), min(id)) AS r, sum(count(*)) OVER () AS s"
        return (
            f"SELECT {scalar(random, 1)} AS k, {over} FROM things{where} GROUP BY k ORDER BY 2, 1"
        )
    return f"SELECT id, {_outputs(random, windowed, 2)} FROM things{where} ORDER BY id"


def _sets(random):
    words = ["UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"]
    alike = scalar(random, 1)
    sides = [
        f"SELECT {random.choice([alike, scalar(random, 1)])} AS v FROM things"
        + _maybe(random, f" WHERE {scalar(random, 1)}", 0.4)
        for _ in range(random.randint(2, 3))
    ]
    text = sides[0]
    for side in sides[1:]:
        text += f" {random.choice(words)} {random.choice([side, f'({side})'])}"
    if random.random() < 0.3:
        return f"SELECT count(*) FROM things WHERE id IN (SELECT id FROM ({text}) AS q(id))"
    return random.choice([f"{text} ORDER BY v", f"WITH q AS ({text}) SELECT v FROM q ORDER BY 1"])


def _joined(random):
    how = random.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
    key = random.choice(["id", "word", "whole", "flag"])
    second = random.choice(["things AS b", "(SELECT * FROM things WHERE id > 2) AS b"])
    condition = random.choice(
        [f"USING ({key})", f"ON a.{key} = b.{key}", f"ON a.{key} = b.{key} AND a.id < b.id + 2"]
    )
    shown = random.choice(
        [
            f"a.id AS i, b.id AS j, {key if 'USING' in condition else 'a.word'} AS k",
            "a.id AS i, b.id AS j, a.word || b.word AS k",
        ]
    )
    return f"SELECT {shown} FROM things AS a {how} {second} {condition} ORDER BY 1, 2, 3"


def _first_rows(random):
    keys = random.choice(["whole", "word, flag", scalar(random, 1), "1", "x0"])
    outputs = _outputs(random, scalar, 2)
    return f"SELECT DISTINCT ON ({keys}) {outputs}, id FROM things ORDER BY id DESC"


def _correlated(random):
    inner = random.choice(
        [
            f"EXISTS (SELECT 1 FROM things AS b WHERE b.whole > a.id OR b.word = {_word(random)})",
            "a.id = (SELECT max(b.id) FROM things AS b WHERE b.word = a.word)",
            "a.whole IN (SELECT b.whole FROM things AS b WHERE b.id <> a.id)",
        ]
    )
    return f"SELECT a.id, a.word FROM things AS a WHERE {inner} ORDER BY a.id"


def _word(random):
    return random.choice(["a.word", "'alpha'", "upper(a.word)"])
