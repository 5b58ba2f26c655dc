"""What an engine says of a block's governed rows, step by step as a worker runs them."""

from itertools import product

import duckdb
import pyarrow as pa

from sekisho.disclosure.cells import populations_of
from sekisho.disclosure.release import questions_of
from sekisho.disclosure.steps import EARLIER, outputs_of, steps_of
from sekisho.engine.run import _values
from sekisho.engine.small import answers_of, make_steps, make_tables

ENGINE = duckdb.connect(":memory:", config={"threads": "1"})
SECRET = {"m1": "5" * 64}


def governed(block, rows):
    """Give every row its hashes with measures, and let an engine have the rows of the block."""
    kinds = {
        **{f"k{at}": pa.int32() for at in range(len(block.keys))},
        **{f"u{at}": pa.uint64() for at in range(len(block.units))},
        **{f"v{at}": pa.float64() for at in range(len(block.measures))},
        **({"f": pa.bool_()} if block.is_filtered else {}),
    }
    data = pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()}
    )
    ENGINE.register("drawn", data)
    ENGINE.execute("CREATE OR REPLACE TABLE governed AS FROM drawn")
    for unit, measure in product(range(len(block.units)), range(len(block.measures))):
        mixed = f"hash(u{unit}, v{measure})"
        found = ENGINE.execute(f"SELECT {mixed} FROM governed").fetchall()
        for row, (value,) in zip(rows, found, strict=True):
            row[f"m{unit}_{measure}"] = value


def described(block, earlier=()):
    """Run the steps as a worker does."""
    columns = [*((f"k{at}", "VARCHAR") for at in range(len(block.keys))), ("n", "INTEGER")]
    with ENGINE.cursor() as cursor:
        table = {"name": EARLIER, "columns": columns, "rows": [(*item, "1") for item in earlier]}
        make_tables(cursor, [table])
        make_steps(cursor, [(step.name, step.sql) for step in steps_of(block)], SECRET)
        outputs = [(step.name, step.sql) for step in outputs_of(block)]
        answers = answers_of(cursor, outputs, SECRET)
    return {
        name: {column: _values(values) for column, values in answer.items()}
        for name, answer in answers.items()
    }


def populations(block, earlier=()):
    """Give what the engine says, question by question and cell by cell."""
    answer = described(block, earlier)
    return {
        question: {item.keys: item for item in populations_of(answer, block, question)}
        for question in questions_of(block, {}, {})
    }
