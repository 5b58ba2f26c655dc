"""terminate: from handing the node a termination to the end of a running answer, milliseconds.

The end is the error that the consumer gets behind the last byte.
"""

import statistics
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from companies import PROVIDER, Asker, Company, Pair, asking, found_pair, serving
from figures import Figure, figure
from flights import COLUMNS, STREAM_ROWS, write_flights

from sekisho.client.peer import Asking
from sekisho.client.steward import connect_steward
from sekisho.config import parse_config
from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.documents.notice import build_notice
from sekisho.errors import SekishoError
from sekisho.model.names import ContractId
from sekisho.model.notices import Notice, NoticeKind

SQL = f"SELECT {', '.join(COLUMNS)} FROM flights"
ROUNDS = 5
FRAMES = 8
"""Read before the contract is terminated."""


class Reading:
    """Reads an answer on a thread and remembers when it was cut."""

    def __init__(self, answer: Asking) -> None:
        """Begin."""
        self.cut_at = 0.0
        self.has_begun = threading.Event()
        self._answer = answer
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        try:
            for number, _ in enumerate(self._answer):
                if number == FRAMES:
                    self.has_begun.set()
        except SekishoError:
            self.cut_at = time.perf_counter()


def measure(root: Path) -> list[Figure]:
    """Give the median over some contracts, each terminated once."""
    pair = found_pair(root, write_flights(root / "flights.parquet", STREAM_ROWS))
    with serving(pair.provider):
        times = [terminate(pair, pair.provider) for _ in range(ROUNDS)]
    return [figure("terminate", statistics.median(times), unit="ms", aim="<= 50")]


def terminate(pair: Pair, told: Company) -> float:
    """Terminate one contract while its answer streams; give the milliseconds.

    Args:
        pair: The provider answers.
        told: Its node, or another replica of that, which is handed the notice.
    """
    config = parse_config(told.folder.config.read_bytes())
    with (
        asking(pair) as asker,
        connect_steward(
            config.listen.users,
            token=told.folder.token("operator"),
            ca=told.folder.certificate("anchor"),
        ) as steward,
    ):
        steward.status()
        reading = _begin(asker)
        notice = _notice(pair, asker.contract)
        started = time.perf_counter()
        steward.issue(asker.contract, notice)
        reading.thread.join()
        assert reading.cut_at
    return (reading.cut_at - started) * 1e3


def _begin(asker: Asker) -> Reading:
    reading = Reading(asker.ask(SQL))
    reading.has_begun.wait()
    return reading


def _notice(pair: Pair, contract: ContractId) -> Envelope:
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    notice = Notice(
        kind=NoticeKind.TERMINATION,
        contract=contract,
        party=PROVIDER,
        reason="measured",
        issued_at=now,
        effective_at=now,
        for_breach=False,
    )
    return seal(build_notice(notice), PayloadType.NOTICE, [pair.provider.signer("signing")])
