"""`sekisho explain`: what a query would do, without reading data or being charged."""

import argparse
import json
from dataclasses import asdict

from sekisho.cli.main import DONE, add_folder, add_format
from sekisho.cli.place import Place, misused
from sekisho.cli.query import PARAMETER_HINT, add_question, parameters_of, text_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    add_question(parser)
    add_format(parser)
    add_folder(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the parts of a query, or why it would be refused."""
    try:
        parameters = parameters_of(options)
    except ValueError as error:
        return misused(str(error), PARAMETER_HINT)
    with Place.find(options).node() as node:
        found = node.explain(
            text_of(options),
            contract=options.contract,
            purpose=options.purpose,
            parameters=parameters,
        )
    if options.format == "json":
        print(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    else:
        print(found)
    return DONE
