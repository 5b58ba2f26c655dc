"""The engine's part in one call: each party's jobs in their turn, stopped when their call ends."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from sekisho.engine.engine import Engine, Job, Run, TableRun
from sekisho.ledger.entry import Channel
from sekisho.server.bounds import MAX_RUNNING_PER_PARTY, Turns
from sekisho.server.ending import Call
from sekisho.server.streams import Stream

R = TypeVar("R", Run, TableRun)


class Working:
    """What runs for one call; jobs run one after the other."""

    def __init__(self, engine: Engine, turns: Turns, *, channel: Channel, call: Call) -> None:
        """Run nothing yet."""
        self._engine = engine
        self._turns = turns
        self._call = call
        self.stream = Stream(
            contract=channel.contract, party=channel.consumer, drop=call.cancel, stop=turns.wake
        )
        """Registered while something runs, it stops what runs."""

    def run(self, job: Job) -> AbstractContextManager[Run]:
        """Run a job whose answer streams."""
        return self._running(self._engine.run, job)

    def answers(self, job: Job) -> Mapping[str, Mapping[str, Any]]:
        """Run a job with small answers."""
        with self._running(self._engine.table, job) as run:
            return run.answers()

    @contextmanager
    def _running(self, start: Callable[[Job], AbstractContextManager[R]], job: Job) -> Iterator[R]:
        """Step 5: the engine runs, in its turn, and stops when the stream or its call ends."""
        call, stream = self._call, self.stream
        call.add_callback(self._turns.wake)
        with (
            self._turns.in_line(
                stream.party,
                seconds=job.seconds,
                is_over=lambda: stream.cut_reason or not call.is_active(),
            ),
            start(job) as run,
        ):
            stream.stop = run.cancel
            if not call.add_callback(run.cancel):
                run.cancel()
            yield run


class Workplace:
    """The engine that every call works with."""

    def __init__(self, engine: Engine) -> None:
        """Let each party hold so many of its workers."""
        self._engine = engine
        self._turns = Turns(MAX_RUNNING_PER_PARTY)

    def working(self, channel: Channel, call: Call) -> Working:
        """Begin to work for one call."""
        return Working(self._engine, self._turns, channel=channel, call=call)
