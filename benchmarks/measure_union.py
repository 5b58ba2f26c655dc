"""union_memory: peak of the consumer's node and its worker while a union of two streams through.

The figure is the larger of the two peaks, in MB; the analyst drops what arrives. Whether memory
stays flat is said on stderr: the peak during the first fifth of the bytes beside that of the end.
"""

from pathlib import Path

import psutil
from figures import Figure, figure
from flights import COLUMNS
from measure_memory import GIGABYTES, Peaks, many_files
from measure_tpch import contract_of

from support.nodes import Companies

PROVIDERS = ("one", "two")
BATCHES_BETWEEN = 16


def measure(root: Path) -> list[Figure]:
    """Stream one long answer of both providers, and give the larger peak."""
    half = many_files(root / "flights", gigabytes=GIGABYTES / len(PROVIDERS))
    peaks, seen = Peaks(), 0
    with Companies(root) as companies:
        for name in PROVIDERS:
            companies.found(name, f'  flights:\n    source: {{parquet: "{half}"}}\n')
        companies.found("analyst")
        companies.introduce()
        companies.start()
        datasets = ", ".join(f"{name}.example/flights" for name in PROVIDERS)
        columns = ", ".join(f"{name}: {{}}" for name in COLUMNS)
        grants = (
            f"  - {{grant: flights, datasets: [{datasets}], access: rows, columns: {{{columns}}}}}"
        )
        contract = companies.agree(contract_of(PROVIDERS, "analyst", grants))
        consumer = psutil.Process(companies["analyst"].process.pid)
        with companies["analyst"].node() as node:
            answer = node.query(f"SELECT {', '.join(COLUMNS)} FROM flights", contract=contract)
            for number, batch in enumerate(answer):
                seen += batch.nbytes
                if number % BATCHES_BETWEEN == 0:
                    is_early = seen < GIGABYTES * 1e9 / 5
                    peaks.look("node", [consumer], is_early=is_early)
                    peaks.look("worker", consumer.children(), is_early=is_early)
            assert len(answer.receipts) == len(PROVIDERS)
    peaks.tell(seen / 1e9)
    return [figure("union_memory", max(peaks.whole.values()), unit="MB", aim="<= 300")]
