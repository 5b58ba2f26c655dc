"""Contracts as commands are given them, FILE_OR_ID: in a file, or at the node, by id or title."""

import argparse
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.floors import open_floors
from sekisho.cli.place import Place, now
from sekisho.documents.contract import AuthoredContract, parse_contract
from sekisho.documents.diff import diff_page
from sekisho.documents.models import locate
from sekisho.documents.review import review
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import Finding, NodeError
from sekisho.model.names import ContractId, short_id
from sekisho.model.signed import SignedContract
from sekisho.store.folder import load_file

if TYPE_CHECKING:
    from sekisho.server.contracts import ContractBook
    from sekisho.store.state import Records

_WORDS = {"en": "What this amendment does", "ja": "本変更の内容"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A contract, and what a person calls it."""

    contract: AuthoredContract | SignedContract
    name: str
    data: bytes = b""
    """Of a file."""


class FileOrId(ExitStack):
    """What people mean by FILE_OR_ID; the node's folder is opened when it is first needed."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Take the node's folder from `--dir`."""
        super().__init__()
        self._options = options

    @cached_property
    def _place(self) -> Place:
        return Place.find(self._options)

    @cached_property
    def _records(self) -> "Records":
        return self.enter_context(self._place.records())

    @cached_property
    def _book(self) -> "ContractBook":
        return self._place.contracts(self._records)

    def find(self, what: str) -> Found:
        """Read a file, or look a contract up at the node.

        Raises:
            DocumentError: The file has findings.
            NodeError: There is neither a file nor one contract that is meant.
        """
        path = Path(what)
        if path.is_file():
            data = load_file(path)
            return Found(contract=parse_contract(data, name=what), name=what, data=data)
        if not self._has_node():
            raise NodeError(
                f"`{what}` is no file, and there is no node here to ask for a contract",
                hint="name a file, or go to a node's folder or name it with --dir",
            )
        return self._held(self._book.find(what, now()))

    def amended_by(self, found: Found) -> Found | None:
        """Give the contract that another one amends, where the node holds it."""
        amends = found.contract.contract.amends
        if amends is None or not self._has_node() or self._book.signed(amends.contract) is None:
            return None
        return self._held(amends.contract)

    def below(self, found: Found) -> tuple[Finding, ...]:
        """Find what keeps this company from standing behind a contract."""
        if isinstance(found.contract, SignedContract):
            return tuple(self._place.guard(self._records).findings(found.contract, now()))
        floors = self.enter_context(open_floors(self._options))
        document = parse_yaml(found.data, name=found.name)
        return tuple(locate(item, document) for item in floors.before_signing(found.contract))

    def _held(self, contract: ContractId) -> Found:
        signed = self._book.signed(contract)
        if signed is None:
            raise LookupError(contract)
        return Found(contract=signed, name=short_id(signed.id))

    def _has_node(self) -> bool:
        return (Path(self._options.dir) / "node.yaml").is_file()


def review_page(found: Found, amended: Found | None, *, lang: str) -> str:
    """Say a contract in plain words, and what it changes where it amends a held one."""
    page = review(found.contract, lang=lang)
    if amended is None:
        return page
    names = (amended.name, found.name)
    changes = diff_page(amended.contract, found.contract, names=names, lang=lang)
    return f"{page}\n{_WORDS[lang]}\n\n{changes}"
