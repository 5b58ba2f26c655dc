"""Measures, prints the table of figures with their aims, and keeps them in results.json.

`python benchmarks/run.py [NAME]`: all figures, or the one of that name. README.md beside this says
what each means.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from figures import Figure, keep, table

# The nodes of several companies, and TPC-H's tables, are made as the tests make them.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
RESULTS = Path(__file__).with_name("results.json")
MEASURED_BY = {
    "stream": "measure_stream",
    "small_p50": "measure_small",
    "small_p99": "measure_small",
    "gate_cold": "measure_gate",
    "gate_remembered": "measure_gate",
    "aggregate": "measure_aggregate",
    "tpch": "measure_tpch",
    "tpch_fdw": "measure_tpch_fdw",
    "fanout_64": "measure_fanout",
    "ledger_1": "measure_ledger",
    "ledger_8": "measure_ledger",
    "ledger_32": "measure_ledger",
    "ledger_128": "measure_ledger",
    "ledger_verify": "measure_ledger_verify",
    "proof_10m": "measure_proof",
    "memory": "measure_memory",
    "union_memory": "measure_union",
    "start_help": "measure_start",
    "start_node": "measure_start",
    "terminate": "measure_terminate",
    "replicas": "measure_replicas",
    "terminate_replica": "measure_replicas",
}
"""The module by each figure's name; a module may measure several at once."""


def main() -> int:
    """Measure what was asked for; fail when there is no such figure."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    if only and only not in MEASURED_BY:
        print(f"no benchmark `{only}`; there are: {' '.join(MEASURED_BY)}", file=sys.stderr)
        return 2
    modules = dict.fromkeys([MEASURED_BY[only]] if only else MEASURED_BY.values())
    figures = [item for module in modules for item in _measure(module)]
    keep(figures, RESULTS)
    print(table(figures))
    return 0


def _measure(module: str) -> list[Figure]:
    print(f"measuring {module.removeprefix('measure_')} ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as folder:
        figures: list[Figure] = import_module(module).measure(Path(folder))
    return figures


if __name__ == "__main__":
    sys.exit(main())
