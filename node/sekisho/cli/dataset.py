"""`sekisho dataset`: what this company offers, and what another one grants to it."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sekisho.cli.main import DONE, FAILED, add_folder, add_format
from sekisho.cli.place import Place, now
from sekisho.cli.table import show
from sekisho.errors import NodeError, SekishoError

if TYPE_CHECKING:
    from sekisho.server.datasets import Datasets


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    listed = verbs.add_parser("list", help="list datasets and their columns")
    listed.add_argument(
        "party",
        nargs="?",
        metavar="PARTY",
        help="another company, or its alias: what its contracts show here, from the running node",
    )
    listed.set_defaults(run=_list)
    checked = verbs.add_parser("check", help="read every dataset's file, and hold it to contracts")
    checked.set_defaults(run=_check)
    forgotten = verbs.add_parser(
        "forget",
        help="begin anew with a dataset's statistics: compare nothing with what was published",
    )
    forgotten.add_argument("name", metavar="NAME", help="the dataset, as node.yaml calls it")
    forgotten.add_argument(
        "--yes", action="store_true", help="do it: a consumer may difference across this"
    )
    forgotten.set_defaults(run=_forget)
    for verb in (listed, checked, forgotten):
        add_folder(verb)
        add_format(verb)


def _list(options: argparse.Namespace) -> int:
    from sekisho.cli.dataset_granted import granted_rows, print_granted

    place = Place.find(options)
    own = options.party in {None, place.party}
    rows = list(_own(place) if own else granted_rows(place, options.party))
    if options.format == "json":
        show(rows, (), as_json=True, out=sys.stdout)
        return DONE
    for row in rows:
        (_print if own else print_granted)(row)
    return DONE


def _print(row: dict[str, Any]) -> None:
    """Show one of the company's own datasets and its columns, indented below it."""
    print(f"{row['name']}: {row.get('error') or row['source']}")
    if row["description"]:
        print(f"  {row['description']}")
    width = max((len(item["name"]) for item in row["columns"]), default=0)
    for item in row["columns"]:
        is_unit = item["name"] in row["privacy_units"]
        marks = [item["class"], item["unit"], is_unit and "privacy unit"]
        said = ", ".join(mark for mark in marks if mark)
        print(f"  {item['name'].ljust(width)}  {item['type']}{f'  ({said})' if said else ''}")


def _own(place: Place) -> Iterator[dict[str, Any]]:
    from sekisho.cli.engines import open_datasets

    with open_datasets(place) as datasets:
        for name, config in place.config.datasets.items():
            row: dict[str, Any] = {
                "name": name,
                "source": f"{config.source.kind} {config.source.path}",
                "description": config.description,
                "tags": list(config.tags),
                "privacy_units": list(config.privacy_units),
            }
            yield row | _columns(datasets, name)


def _columns(datasets: "Datasets", name: str) -> dict[str, object]:
    try:
        found = datasets.get(name)
    except SekishoError as error:
        return {"columns": [], "error": error.message}
    columns = [
        {
            "name": column.name,
            "type": column.type,
            "class": column.column_class.value if column.column_class else None,
            "unit": column.unit,
        }
        for column in found.columns
    ]
    return {"columns": columns}


def _check(options: argparse.Namespace) -> int:
    from sekisho.cli.checkup import check_datasets
    from sekisho.cli.matter import Finding

    found: list[Finding] = list(check_datasets(Place.find(options)))
    if options.format == "json":
        show([asdict(item) for item in found], (), as_json=True, out=sys.stdout)
    else:
        for item in found:
            item.print()
    return FAILED if any(item.state == "fail" for item in found) else DONE


def _forget(options: argparse.Namespace) -> int:
    """Forget what was published of one dataset; the ledger keeps that it was."""
    from sekisho.model.names import join_dataset
    from sekisho.store.state import open_state

    place = Place.find(options)
    if options.name not in place.config.datasets:
        message = f"no dataset `{options.name}` in node.yaml"
        raise NodeError(message, hint="see `sekisho dataset list`")
    if not options.yes:
        message = (
            f"figures of `{options.name}` that are published after this are not compared with those"
            " from before, so their differences may tell of single units"
        )
        raise NodeError(message, hint="repeat it with --yes")
    dataset, at = join_dataset(place.party, options.name), now()
    with open_state(place.database(), now=at) as state:
        published = state.published
        count = state.submit(lambda tx: published.forget(tx, dataset, now=at))
    if options.format == "json":
        show([{"dataset": dataset, "populations": count}], (), as_json=True, out=sys.stdout)
    else:
        print(f"{dataset}: {count} published populations forgotten")
    return DONE
