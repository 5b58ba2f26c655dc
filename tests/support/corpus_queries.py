"""Queries over the schema of TPC-H, drawn so that nearly all of them are valid.

Expressions are drawn by kind (numbers, texts, days, truths). What an engine may choose between rows
that look alike is ordered by all outputs, so that two runs give the same.
"""

from random import Random

from support.corpus import TPCH

KEYS = {
    ("nation", "region"): ("n_regionkey", "r_regionkey"),
    ("supplier", "nation"): ("s_nationkey", "n_nationkey"),
    ("customer", "nation"): ("c_nationkey", "n_nationkey"),
    ("orders", "customer"): ("o_custkey", "c_custkey"),
    ("lineitem", "orders"): ("l_orderkey", "o_orderkey"),
    ("lineitem", "part"): ("l_partkey", "p_partkey"),
    ("lineitem", "supplier"): ("l_suppkey", "s_suppkey"),
    ("partsupp", "part"): ("ps_partkey", "p_partkey"),
    ("partsupp", "supplier"): ("ps_suppkey", "s_suppkey"),
    ("customer", "supplier"): ("c_nationkey", "s_nationkey"),
}
JOINS = ["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
KINDS = ("number", "text", "day")
PATTERNS = ("'%a%'", "'C%'", "'_3%'")


def _columns(table: str) -> dict[str, list[str]]:
    """Sort a table's columns by kind."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for written in TPCH[table].replace("(15,2)", "").split(", "):
        name, kind = written.split()
        found[{"VARCHAR": "text", "DATE": "day"}.get(kind, "number")].append(name)
    return found


class Drawer:
    """Draws one query."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._scope: dict[str, list[str]] = {}
        self._has_outer = False

    def query(self) -> str:
        """Draw a query of any form."""
        often = [self.rows, self.groups]
        forms = [self.windows, self.sets, self.nested, self.first_rows, self.subqueries]
        return self.random.choice([*often, *often, *forms])()

    def _choose(self, *options):
        return self.random.choice(options)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    # Relations

    def source(self, most: int = 3) -> str:
        """Draw a FROM, and take its columns into scope."""
        table = self._choose(*TPCH)
        text, known = f"{table} AS t1", {"t1": table}
        for number in range(2, self.random.randint(1, most) + 1):
            edges = [
                (alias, left, right, *keys)
                for alias, name in known.items()
                for (first, second), keys in KEYS.items()
                for left, right, keys in ((first, second, keys), (second, first, keys[::-1]))
                if left == name
            ]
            alias, _, right, own, other = self._choose(*edges)
            known[f"t{number}"] = right
            condition = f"{alias}.{own} = t{number}.{other}"
            text += f" {self._choose(*JOINS)} {right} AS t{number} ON {condition}"
        self._take(known)
        return text

    def _take(self, known: dict[str, str]) -> None:
        self._scope = {kind: [] for kind in KINDS}
        for alias, table in known.items():
            for kind, names in _columns(table).items():
                self._scope[kind] += [f"{alias}.{name}" for name in names]

    # Expressions

    def value(self, depth: int = 2) -> tuple[str, str]:
        """Draw an expression of any kind; gives the kind too."""
        kind = self._choose(*KINDS) if self._scope["day"] else self._choose("number", "text")
        return kind, self.of(kind, depth)

    def of(self, kind: str, depth: int = 2) -> str:
        """Draw an expression of a kind."""
        if depth == 0 or self._chance(0.4):
            names = self._scope[kind]
            return self._choose(*names) if names and self._chance(0.8) else self.literal(kind)
        return {"number": self._number, "text": self._text, "day": self._day}[kind](depth - 1)

    def literal(self, kind: str) -> str:
        """Draw a literal of a kind."""
        if kind == "number":
            return self._choose("0", "1", "7", "12", "2.5", "100")
        if kind == "text":
            return self._choose("'ASIA'", "'F'", "'x'", "''", "'Brand#12'")
        return f"DATE '199{self.random.randrange(2, 9)}-0{self.random.randrange(1, 9)}-15'"

    def _number(self, depth: int) -> str:
        n, m = self.of("number", depth), self.of("number", depth)
        return self._choose(
            f"({n} + {m})",
            f"({n} - {m})",
            f"({n} * 2)",
            f"({n} / {m})",
            f"({n} % 7)",
            f"abs({n})",
            f"coalesce({n}, 0)",
            f"round({n}, 1)",
            f"(-{n})",
            f"CASE WHEN {self.truth(depth)} THEN {n} ELSE {m} END",
            f"length({self.of('text', depth)})",
            f"year({self.of('day', depth)})" if self._scope["day"] else "1",
            f"CAST({n} AS DOUBLE)",
            f"CAST({self.of('text', depth)} AS INTEGER)" if self._chance(0.1) else "1",
            f"if({self.truth(depth)}, {n}, 0)",
        )

    def _text(self, depth: int) -> str:
        t, u = self.of("text", depth), self.of("text", depth)
        return self._choose(
            f"upper({t})",
            f"({t} || {u})",
            f"substr({t}, 1, 3)",
            f"left({t}, 2)",
            f"replace({t}, 'a', 'b')",
            f"trim({t})",
            f"coalesce({t}, {u})",
            f"nullif({t}, {u})",
            f"concat({t}, '-', {u})",
            f"CASE WHEN {self.truth(depth)} THEN {t} ELSE {u} END",
            f"CAST({self.of('number', 0)} AS VARCHAR)",
        )

    def _day(self, depth: int) -> str:
        d = self.of("day", depth)
        return self._choose(f"({d} + 3)", f"({d} - 10)", f"last_day({d})", f"coalesce({d}, {d})",
                            f"greatest({d}, {self.literal('day')})")  # fmt: skip

    def truth(self, depth: int = 2) -> str:
        """Draw a condition."""
        if depth and self._chance(0.3):
            left, right = self.truth(depth - 1), self.truth(depth - 1)
            return self._choose(f"({left} AND {right})", f"({left} OR {right})", f"(NOT {left})")
        kind, value = self.value(max(0, depth - 1))
        other = self.of(kind, max(0, depth - 1))
        compared = self._choose("=", "<>", "<", "<=", ">", ">=")
        return self._choose(
            f"{value} {compared} {other}",
            f"{value} {compared} {self.literal(kind)}",
            f"{value} BETWEEN {self.literal(kind)} AND {other}",
            f"{value} IN ({self.literal(kind)}, {self.literal(kind)})",
            f"{value} IS {self._choose('NULL', 'NOT NULL')}",
            f"{value} IS DISTINCT FROM {other}",
            f"{self.of('text', 0)} LIKE {self._choose(*PATTERNS)}",
        )

    def aggregate(self) -> str:
        """Draw an aggregate."""
        n = self.of("number", 1)
        _, value = self.value(1)
        text = self._choose(
            "count(*)",
            f"count({value})",
            f"count(DISTINCT {value})",
            f"sum({n})",
            f"min({value})",
            f"max({value})",
            f"avg({n})",
            f"median({n})",
            f"bool_or({self.truth(0)})",
            f"count_if({self.truth(0)})",
        )
        return f"{text} FILTER (WHERE {self.truth(0)})" if self._chance(0.15) else text

    # Forms

    def _where(self, share: float = 0.6) -> str:
        return f" WHERE {self.truth()}" if self._chance(share) else ""

    def _listed(self, draw, most: int = 3, prefix: str = "x") -> str:
        return ", ".join(f"{draw()} AS {prefix}{n}" for n in range(self.random.randint(1, most)))

    def _end(self) -> str:
        order = " ORDER BY ALL" + self._choose("", " DESC", " NULLS FIRST")
        return self._choose("", order, f"{order} LIMIT {self.random.randint(1, 9)}",
                            f"{order} LIMIT 5 OFFSET 2")  # fmt: skip

    def rows(self) -> str:
        """Draw a SELECT of rows."""
        source = self.source()
        distinct = "DISTINCT " if self._chance(0.2) else ""
        outputs = self._listed(lambda: self.value()[1])
        return f"SELECT {distinct}{outputs} FROM {source}{self._where()}{self._end()}"

    def groups(self) -> str:
        """Draw a SELECT of groups."""
        source = self.source()
        keys = self._listed(lambda: self.value(1)[1], 2, "k")
        having = f" HAVING {self.aggregate()} IS NOT NULL" if self._chance(0.3) else ""
        having = having or (" HAVING count(*) > 1" if self._chance(0.3) else "")
        return (
            f"SELECT {keys}, {self._listed(self.aggregate)} FROM {source}{self._where()} "
            f"GROUP BY ALL{having}{self._end()}"
        )

    def windows(self) -> str:
        """Draw a SELECT with windows, over one relation with a key, or over ties."""
        source = self.source(2)
        part = f"PARTITION BY {self.value(0)[1]} " if self._chance(0.6) else ""
        window = f"({part}ORDER BY {self.value(1)[1]})"
        n = self.of("number", 1)
        call = self._choose(
            "rank()",
            "dense_rank()",
            "percent_rank()",
            "cume_dist()",
            f"sum({n})",
            f"count({n})",
            f"min({n})",
            f"max({self.of('text', 0)})",
            f"avg({n})",
        )
        x = self.value(1)[1]
        if self._chance(0.3):
            kept = self._choose("r = 1", "r <= 2", f"{call} OVER w IS NOT NULL")
            return (
                f"SELECT {x} AS x, rank() OVER w AS r FROM {source}{self._where(0.3)} "
                f"WINDOW w AS {window} QUALIFY {kept}{self._end()}"
            )
        where = self._where(0.4)
        return f"SELECT {x} AS x, {call} OVER {window} AS w FROM {source}{where}{self._end()}"

    def sets(self) -> str:
        """Draw a set operation over sides of the same kinds."""
        kinds = [self._choose("number", "text") for _ in range(self.random.randint(1, 2))]
        sides = []
        for _ in range(self.random.randint(2, 3)):
            source = self.source(2)
            outputs = ", ".join(f"{self.of(kind, 1)} AS v{n}" for n, kind in enumerate(kinds))
            sides.append(f"SELECT {outputs} FROM {source}{self._where(0.5)}")
        text = sides[0]
        for side in sides[1:]:
            word = self._choose(
                "UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL"
            )
            text += f" {word} {self._choose(side, f'({side})')}"
        return text + self._end()

    def nested(self) -> str:
        """Draw a query over an inner one, in WITH or in FROM."""
        inner = self._choose(self.rows, self.groups)()
        alias = "k0" if " AS k0" in inner else "x0"
        outer = self._choose(
            f"SELECT q.{alias}, count(*) AS n FROM {{}} AS q GROUP BY q.{alias}",
            "SELECT * FROM {} AS q",
            f"SELECT count(DISTINCT q.{alias}) AS n FROM {{}} AS q",
            f"SELECT a.{alias} AS y, count(*) AS n FROM {{0}} AS a JOIN {{0}} AS b "
            f"ON a.{alias} = b.{alias} GROUP BY 1",
            f"SELECT {alias}, count(*) AS n FROM {{0}} AS a {self._choose(*JOINS)} {{0}} AS b "
            f"USING ({alias}) GROUP BY ALL",
        )
        if self._chance(0.5):
            return f"WITH w AS ({inner}) {outer.format('w')}{self._end()}"
        return f"{outer.format(f'({inner})')}{self._end()}"

    def first_rows(self) -> str:
        """Draw a DISTINCT ON."""
        source = self.source(2)
        keys = self.value(1)[1]
        return (
            f"SELECT DISTINCT ON (k) {keys} AS k, {self._listed(lambda: self.value(1)[1], 2)} "
            f"FROM {source}{self._where(0.4)} ORDER BY ALL"
        )

    def subqueries(self) -> str:
        """Draw a SELECT whose condition or output is a subquery."""
        (first, second), (own, other) = self._choose(*KEYS.items())
        if self._chance(0.5):
            first, second, own, other = second, first, other, own
        self._take({"o": second})
        inner, measure = self.truth(1), self.of("number", 0)
        self._take({"t1": first})
        link = f"o.{other} = t1.{own}"
        condition = self._choose(
            f"EXISTS (SELECT 1 FROM {second} AS o WHERE {link} AND {inner})",
            f"NOT EXISTS (SELECT 1 FROM {second} AS o WHERE {link} AND {inner})",
            f"t1.{own} IN (SELECT o.{other} FROM {second} AS o WHERE {inner})",
            f"t1.{own} NOT IN (SELECT o.{other} FROM {second} AS o WHERE {inner})",
            f"t1.{own} >= (SELECT avg(o.{other}) FROM {second} AS o WHERE {inner})",
            f"(SELECT count(*) FROM {second} AS o WHERE {link} AND {inner}) > 1",
        )
        scalar = f"(SELECT max({measure}) FROM {second} AS o WHERE {link}) AS s"
        outputs = self._listed(lambda: self.value(1)[1], 2)
        outputs = f"{outputs}, {scalar}" if self._chance(0.4) else outputs
        where = f"WHERE {condition} AND {self.truth(1)}"
        return f"SELECT {outputs} FROM {first} AS t1 {where}{self._end()}"


def draw_query(seed: int) -> str:
    """Draw one query by its seed."""
    return Drawer(seed).query()
