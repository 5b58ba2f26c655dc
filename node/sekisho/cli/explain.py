"""`sekisho explain`: what a query would do, without reading data or being charged."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, add_folder, add_format
from sekisho.cli.place import Place, misused
from sekisho.cli.query import PARAMETER_HINT, add_question, parameters_of, text_of

if TYPE_CHECKING:
    from sekisho.client.node import Explanation, FragmentExplanation


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
        _print(found)
    return DONE


def _print(found: "Explanation") -> None:
    for item in found.fragments:
        _print_fragment(item)
    for merge in found.merges:
        print(f"this node merges what they publish into {merge.name}")
        _print_text(merge.sql)
    print("this node computes")
    _print_text(found.residual)
    print(f"columns: {', '.join(found.columns)}")


def _print_fragment(item: "FragmentExplanation") -> None:
    print(f"{item.provider} is asked")
    _print_text(item.sql)
    for lookup in item.lookups:
        print(f"  is brought   local.{lookup}")
    for clause in item.clauses:
        print(f"  allowed by   {clause}")
    if item.terms:
        print(f"  publishes    {item.terms}")
    for charge in item.charges:
        print(f"  is charged   {charge}")
    if item.plan:
        print("  would run")
        _print_text(item.plan)


def _print_text(sql: str) -> None:
    for line in sql.splitlines():
        print(f"    {line}")
