"""`sekisho demo`: five companies' nodes, one contract, one query, and the evidence of it."""

import argparse
import tempfile
from pathlib import Path

from sekisho.cli.main import DONE, FAILED
from sekisho.cli.processes import NodeProcesses
from sekisho.cli.story import AviationStory
from sekisho.cli.table import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "story", nargs="?", choices=("aviation",), default="aviation", help="which story to watch"
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the nodes running and say what to try next"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Tell the story; exit 0 only when its table equals the same query over the files."""
    root = Path(tempfile.mkdtemp(prefix="sekisho-demo-"))
    with NodeProcesses(remove=None if options.keep else root) as nodes:
        story = AviationStory(root, nodes)
        is_true = story.tell()
        if options.keep:
            story.tell_what_next()
            nodes.keep()
    say("demo: done" if is_true else "demo: the story did not come true")
    return DONE if is_true else FAILED
