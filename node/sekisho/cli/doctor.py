"""`sekisho doctor`: whether the node's surroundings are as they must be, and the mend if not."""

import argparse
import sys
from dataclasses import asdict

from sekisho.cli.main import DONE, FAILED, add_folder, add_format
from sekisho.cli.place import Place, say
from sekisho.cli.table import show


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "--members", action="store_true", help="knock at the other companies' nodes too"
    )
    add_folder(parser)
    add_format(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one line a matter."""
    from sekisho.cli.checkup import check_node

    place = Place.find(options)
    found = []
    for finding in check_node(place, reach=options.members):
        found.append(finding)
        if options.format != "json":
            finding.print()
    if options.format == "json":
        show([asdict(item) for item in found], (), as_json=True, out=sys.stdout)
    failed = sum(item.state == "fail" for item in found)
    warned = sum(item.state == "warn" for item in found)
    say(f"{len(found)} checks, {warned} to look at, {failed} failed")
    return FAILED if failed else DONE
