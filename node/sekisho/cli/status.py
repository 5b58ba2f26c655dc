"""`sekisho status`: how the running node is."""

import argparse
import sys

from sekisho.cli.main import DONE, add_folder, add_format
from sekisho.cli.place import Place
from sekisho.cli.table import show


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    add_folder(parser)
    add_format(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the running node, and print what it says."""
    with Place.find(options).steward() as steward:
        lines = steward.status()
    if options.format == "json":
        rows = [
            {"name": line.name, "value": line.value, "healthy": line.is_healthy} for line in lines
        ]
        show(rows, (), as_json=True, out=sys.stdout)
        return DONE
    width = max((len(line.name) for line in lines), default=0)
    for line in lines:
        mark = "" if line.is_healthy else "   ← look here"
        print(f"{line.name.ljust(width)}  {line.value}{mark}")
    return DONE
