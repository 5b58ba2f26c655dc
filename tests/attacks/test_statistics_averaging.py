"""Ten thousand spellings of one question, to average away what blurs its answer.

expect: aggregate.md, step 7: figures are rounded, not blurred by chance; the same each time
effect: with noise drawn for each question, its mean; with counts rounded anew, their spread
source: the averaging attack on sticky noise (Diffix); PRIVACY.md: 10,000 equivalent queries
"""

from support.statistics import LAB, RIVAL, agreed

CONTRACTS = [agreed(disclosure="", number=number) for number in range(2)]
HEADS = [
    "SELECT count(*), avg(ct), stddev(ct), sum(ct) FROM tests t",
    "SELECT COUNT(*) AS n, AVG(t.ct), STDDEV_SAMP(ct), SUM(ct) FROM a.tests AS t",
    "SELECT a, b, c, d FROM (SELECT count(*) a, mean(ct) b, stddev(ct) c, sum(ct) d FROM a.tests t",
    "WITH x AS (SELECT count(*) a, avg((ct)) b, stddev(ct) c, sum(ct) d FROM sekisho.a.tests t",
]
TAILS = ["", ") AS y", ") SELECT * FROM x"]
WHERES = [
    "day < 30", "day <= 29", "30 > day", "day BETWEEN 0 AND 29", "day >= 0 AND day < 30",
    "(day < 30) AND (t.day <= 29)", "day < 30.0", "day <= 29.5", "day < 30 AND day < 31",
    "day < 30 AND sex IN ('f', 'm')", "day < 30 AND age >= 20", "day < 30 AND age <= 50",
    "day < 30 AND result = 'negative'", "day < 30 AND age IN (20, 30, 40, 50)",
    "day > -1 AND day < 30", "day < CAST('30' AS INTEGER)",
]  # fmt: skip


def spellings():
    for number, where in enumerate(WHERES):
        for head in (number % 4, (number + 1) % 4):
            yield f"{HEADS[head]} WHERE {where}{TAILS[max(0, head - 1)]}"


def test_every_spelling_gets_the_same_figures(hospital):
    answers = set()
    for number, sql in enumerate(spellings()):
        (row,) = hospital.ask(sql, CONTRACTS[number % 2], (LAB, RIVAL)[number % 2])
        answers.add(tuple(map(repr, row)))
    assert len(answers) == 1
    assert None not in answers.pop()


def test_the_same_question_is_published_once(hospital):
    for _ in range(8):
        hospital.ask("SELECT sex, count(*) FROM tests GROUP BY sex", CONTRACTS[0])
    assert hospital.fresh == [2, *[0] * 7]
