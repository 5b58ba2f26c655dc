"""A process that publishes one cell, says so before it sends it, and waits to be killed."""

import sys
from pathlib import Path

from support.statistics import Node, agreed, one_test


def main() -> None:
    with Node(Path(sys.argv[1])) as node:
        node.tests(*(one_test(patient) for patient in range(60)))
        tables = []
        cells = node.protecting.cells

        def decided(*args: object, **named: object) -> object:
            tables.append(cells(*args, **named))
            sys.stdout.write("decided\n")
            sys.stdout.flush()
            sys.stdin.read()
            return tables[-1]

        node.protecting.cells = decided
        node.ask("SELECT count(*), avg(ct) FROM tests WHERE day < 30", agreed(disclosure=""))


if __name__ == "__main__":
    main()
