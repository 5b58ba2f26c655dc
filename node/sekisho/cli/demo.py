"""`sekisho demo`: companies' nodes, one contract, some queries, and the evidence of it."""

import argparse
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, FAILED
from sekisho.cli.place import misused
from sekisho.cli.table import say

if TYPE_CHECKING:
    from sekisho.cli.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story; its module is imported only when it is told."""

    module: str
    kind: str
    help: str
    least_rows: int | None = None
    """Of data that is made, in any size from this on; None where data is shipped."""


FIRST = "aviation"
STORIES: dict[str, Told] = {
    FIRST: Told(
        module="sekisho.cli.story_aviation",
        kind="AviationStory",
        help="an aircraft maker asks four airlines for delays, and gets rows",
    ),
    "hospitals": Told(
        module="sekisho.cli.story_hospitals",
        kind="HospitalsStory",
        help="an institute asks three hospitals for positivity, and gets statistics",
    ),
    "driving": Told(
        module="sekisho.cli.story_driving",
        kind="DrivingStory",
        help="an insurer asks three carmakers for risk, beside its own claims",
        least_rows=100_000,
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    width = max(map(len, STORIES))
    told = "".join(f"\n  {name:<{width}}  {told.help}" for name, told in STORIES.items())
    parser.epilog = f"stories:{told}"
    parser.add_argument(
        "story",
        nargs="?",
        choices=tuple(STORIES),
        default=FIRST,
        metavar="STORY",
        help=f"{' or '.join(STORIES)} (default: {FIRST})",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the nodes running and say what to try next"
    )
    made = [f"{told.least_rows:,} for {name}" for name, told in STORIES.items() if told.least_rows]
    parser.add_argument(
        "--rows",
        type=int,
        metavar="N",
        help=f"how many rows of data to make: at least {' or '.join(made)}",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Tell the story; exit 0 only when every part of it came true."""
    from sekisho.cli.processes import NodeProcesses

    told = STORIES[options.story]
    made = {} if options.rows is None else {"rows": options.rows}
    if made and told.least_rows is None:
        return misused(f"the data of `{options.story}` is shipped", "leave `--rows` out")
    if made and options.rows < told.least_rows:
        return misused(
            f"{options.rows} rows are too few",
            f"give at least {told.least_rows}: below, figures would be withheld",
        )
    root = Path(tempfile.mkdtemp(prefix="sekisho-demo-"))
    with NodeProcesses(remove=None if options.keep else root) as nodes:
        story: Story = getattr(import_module(told.module), told.kind)(root, nodes, **made)
        is_true = story.tell()
        if options.keep:
            story.tell_what_next()
            nodes.keep()
    say("demo: done" if is_true else "demo: the story did not come true")
    return DONE if is_true else FAILED
