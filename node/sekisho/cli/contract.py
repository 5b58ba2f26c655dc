"""`sekisho contract`: every verb, and which module does it."""

import argparse
from importlib import import_module

from sekisho.cli.main import add_folder, add_format

_ID = "whole id, or as many of its digits as are unambiguous"
_NAME = f"{_ID}; or the title of the contract in force"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _configure_writing(verbs)
    _configure_checking(verbs)
    _configure_attack(verbs)
    _configure_reading(verbs)
    _configure_steps(verbs)


def _run(module: str, name: str) -> "object":
    """Give a function that imports what a verb needs when it runs."""

    def run(options: argparse.Namespace) -> int:
        code: int = getattr(import_module(f"sekisho.cli.{module}"), name)(options)
        return code

    return run


def _configure_writing(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    new = verbs.add_parser("new", help="print a contract to begin with")
    new.add_argument("--template", metavar="NAME", help="a name, or `list` for all of them")
    new.add_argument("--amends", metavar="ID", help=f"a contract to change: {_NAME}")
    new.add_argument(
        "--role",
        choices=("provider", "consumer"),
        default="provider",
        help="which of the template's companies is this one (default: provider)",
    )
    new.add_argument("--out", metavar="FILE", help="write it there; never over another file")
    add_folder(new)
    new.set_defaults(run=_run("contract_new", "new"))

    schema = verbs.add_parser("schema", help="print the JSON Schema by which editors complete one")
    schema.set_defaults(run=_run("contract_new", "schema"))


def _configure_checking(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lint = verbs.add_parser(
        "lint", help="find everything that is wrong with files of contracts and guardrails"
    )
    lint.add_argument("files", nargs="+", metavar="FILE", help="a file, or a folder of them")
    lint.add_argument(
        "--guardrails",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="hold the contracts to these too, besides those of the node in --dir, if there is one",
    )
    add_folder(lint)
    add_format(lint)
    lint.set_defaults(run=_run("contract_check", "lint"))

    test = verbs.add_parser("test", help="run the queries that a contract must allow or refuse")
    test.add_argument("files", nargs="+", metavar="FILE", help="NAME.contract.test.yaml")
    test.add_argument(
        "--verbose",
        action="store_true",
        help="show what would run, the clauses it rests on, and what it is charged",
    )
    add_format(test)
    test.set_defaults(run=_run("contract_test", "test"))


def _configure_attack(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    attack = verbs.add_parser("attack", help="see what attackers would recover under a contract")
    attack.add_argument("file", metavar="FILE", help="the contract, taken as signed by all")
    attack.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="PARTY/NAME=FILE",
        help="a dataset's Parquet or CSV file; else the datasets of the node in --dir, or those "
        "that the contract's tests beside it name",
    )
    attack.add_argument(
        "--provider",
        metavar="PARTY",
        help="whose data is attacked (default: the first that there is data of)",
    )
    attack.add_argument(
        "--secret",
        metavar="COLUMN[=VALUE]",
        help="what attackers are after (default: sensitive columns, and a measure)",
    )
    attack.add_argument(
        "--queries",
        type=int,
        default=60,
        metavar="N",
        help="queries that each attack may send, within the contract's limits (default: 60)",
    )
    attack.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="draws whom attackers aim at; the same seed gives the same numbers (default: 1)",
    )
    add_folder(attack)
    add_format(attack)
    attack.set_defaults(run=_run("contract_attack", "attack"))


def _configure_reading(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    review = verbs.add_parser("review", help="say a contract in plain words")
    review.add_argument("what", metavar="FILE_OR_ID", help=f"a file; or {_NAME}")
    _add_language(review)
    add_folder(review)
    add_format(review)
    review.set_defaults(run=_run("contract_read", "review"))

    diff = verbs.add_parser("diff", help="say what contract B widens, narrows or changes in A")
    for name in ("A", "B"):
        diff.add_argument(name.lower(), metavar=name, help=f"a file; or {_NAME}")
    _add_language(diff)
    add_folder(diff)
    add_format(diff)
    diff.set_defaults(run=_run("contract_read", "diff"))

    listed = verbs.add_parser("list", help="list the contracts at this node")
    add_folder(listed)
    add_format(listed)
    listed.set_defaults(run=_run("contract_read", "list_all"))

    statement = verbs.add_parser(
        "statement", help="sum up what was asked and given under a contract, month by month"
    )
    statement.add_argument("id", metavar="ID", help=_NAME)
    for name, which in (("--since", "first"), ("--until", "last")):
        statement.add_argument(
            name, metavar="DAY", help=f"{which} day, in the contract's time zone"
        )
    add_folder(statement)
    add_format(statement)
    statement.set_defaults(run=_run("contract_statement", "statement"))

    show = verbs.add_parser("show", help="show one contract's state and signatures")
    show.add_argument("id", metavar="ID", help=_NAME)
    add_folder(show)
    add_format(show)
    show.set_defaults(run=_run("contract_read", "show"))


def _configure_steps(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    propose = verbs.add_parser("propose", help="sign a contract and offer it to its parties")
    propose.add_argument("file", metavar="FILE", help="the contract")
    add_folder(propose)
    propose.set_defaults(run=_run("contract_steps", "propose"))
    helps = {
        "sign": "sign a proposed contract",
        "reject": "decline a proposed contract, for good",
        "suspend": "stop answering under a contract, at once, until `resume`",
        "resume": "answer again under a suspended contract",
        "terminate": "end a contract, or this company's part of it",
        "certify": "sign that this company has deleted what it received under a contract",
    }
    for verb, words in helps.items():
        step = verbs.add_parser(verb, help=words)
        step.add_argument("id", metavar="ID", help=_ID)
        if verb == "certify":
            step.add_argument(
                "--text",
                dest="reason",
                required=True,
                metavar="TEXT",
                help="what was deleted, where, when and by whom, as the other parties will read it",
            )
        elif verb != "sign":
            step.add_argument(
                "--reason",
                required=verb == "terminate",
                default="no reason given",
                metavar="TEXT",
                help="what the other parties are told",
            )
        if verb == "terminate":
            step.add_argument(
                "--for-breach", action="store_true", help="end it for another party's breach"
            )
        _add_language(step)
        add_folder(step)
        add_format(step)
        step.set_defaults(verb=verb, run=_run("contract_steps", "step"))


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lang",
        choices=("en", "ja"),
        default="en",
        help="the language of what is said (default: en)",
    )
