"""`sekisho serve`: runs the node until it is told to stop."""

import argparse
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sekisho.cli.main import DONE, add_folder
from sekisho.server.log import note, start_log
from sekisho.server.node import RunningNode


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_folder(parser)
    parser.add_argument(
        "--log-level",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        default="INFO",
        help="least level of the JSON log on stderr (default: INFO)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, then stop gracefully."""
    start_log(options.log_level)
    with (
        stop_signals() as wait_for_signal,
        RunningNode(Path(options.dir).absolute()) as node,
    ):
        listen = node.parts.config.listen
        note("ready", party=node.parts.party, peers=listen.peers, users=listen.users)
        print(f"ready peers={listen.peers} users={listen.users}")
        sys.stdout.flush()
        wait_for_signal()
        note("stopping", answers=node.parts.streams.count())
    note("stopped")
    return DONE


@contextmanager
def stop_signals() -> Iterator[Callable[[], object]]:
    """Give a function that waits until the process is told to stop.

    The kernel may hand a signal to any thread, and Python runs handlers in the main one alone, once
    that wakes: so the main thread waits for a byte that the signal writes, whoever gets it.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)  # noqa: FBT003  the socket's own signature
    signal.set_wakeup_fd(writer.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    try:
        yield lambda: reader.recv(1)
    finally:
        signal.set_wakeup_fd(-1)
        reader.close()
        writer.close()
