"""`sekisho serve`: runs the node until it is told to stop."""

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

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
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with RunningNode(Path(options.dir).absolute()) as node:
        listen = node.parts.config.listen
        note("ready", party=node.parts.party, peers=listen.peers, users=listen.users)
        print(f"ready peers={listen.peers} users={listen.users}")
        sys.stdout.flush()
        stopping.wait()
        note("stopping", answers=node.parts.streams.count())
    note("stopped")
    return DONE
