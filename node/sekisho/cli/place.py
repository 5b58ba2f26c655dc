"""What every command begins with: the node's folder, settings, records, and the running node."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.config import NodeConfig, parse_config
from sekisho.documents.envelope import Envelope, parse_envelope_json
from sekisho.errors import NodeError
from sekisho.model.names import PartyId
from sekisho.store.addresses import reached_at
from sekisho.store.folder import NodeFolder, is_locked, load_file, load_secret

if TYPE_CHECKING:
    from sekisho.client.node import Node
    from sekisho.client.steward import Steward
    from sekisho.model.guardrail import PlacedRule
    from sekisho.server.contracts import ContractBook
    from sekisho.server.guarding import Guard
    from sekisho.server.members import MemberBook
    from sekisho.store.database import Database
    from sekisho.store.state import Records

USAGE = 2
YES = "yes"


def now() -> datetime:
    """Read the clock; once a command."""
    return datetime.now(UTC)


class Place:
    """A node's folder, as a command sees it; everything is read when it is first asked for."""

    def __init__(self, folder: NodeFolder, config: NodeConfig) -> None:
        """Use `Place.find` instead."""
        self.folder = folder
        self.config = config

    @classmethod
    def find(cls, options: argparse.Namespace) -> "Place":
        """Open the folder that `--dir` names.

        Raises:
            NodeError: There is no node in it.
            DocumentError: Its node.yaml has findings.
        """
        folder = NodeFolder(Path(options.dir))
        if not folder.config.is_file():
            raise NodeError(
                f"there is no node in `{folder.root.absolute()}`",
                hint="go to a node's folder, name it with --dir, or make one: sekisho init PARTY",
            )
        return cls(folder, parse_config(folder.config.read_bytes(), name=str(folder.config)))

    @classmethod
    def find_any(cls, options: argparse.Namespace) -> "Place | None":
        """Open the folder that `--dir` names, where there is a node in it.

        Raises:
            DocumentError: Its node.yaml has findings.
        """
        is_there = NodeFolder(Path(options.dir)).config.is_file()
        return cls.find(options) if is_there else None

    @property
    def party(self) -> PartyId:
        """The company whose node this is."""
        return self.config.party

    def database(self) -> "Database":
        """Find where everything durable is."""
        from sekisho.store.locating import find_database

        return find_database(self.folder, self.config)

    def member(self) -> Envelope:
        """Read the node's own member document."""
        return parse_envelope_json(load_file(self.folder.member), name=str(self.folder.member))

    def records(self) -> "Records":
        """Open what the node remembers, for reading; a running node is not disturbed."""
        from sekisho.store.state import read_state

        return read_state(self.database())

    def members(self, records: "Records") -> "MemberBook":
        """Read which companies are believed."""
        from sekisho.server.members import MemberBook

        return MemberBook(records, self.member())

    def contracts(self, records: "Records") -> "ContractBook":
        """Read which contracts there are."""
        from sekisho.server.contracts import ContractBook

        members = self.members(records)
        return ContractBook(records, is_revoked=lambda key: members().is_revoked(key))

    def guard(self, records: "Records", *, more: "Sequence[PlacedRule]" = ()) -> "Guard":
        """Read what this company demands of contracts, and perhaps some rules besides.

        Raises:
            DocumentError: A guardrail cannot be read, or two contradict each other.
        """
        from sekisho.server.guarding import Guard
        from sekisho.store.guardrails import load_guardrails, raise_conflicts

        rules = (*load_guardrails(self.folder, self.config), *more)
        raise_conflicts(rules)
        members = self.members(records)
        return Guard(self.config, rules, contracts=self.contracts(records), members=members)

    def steward(self) -> "Steward":
        """Connect to the running node, for everything but queries."""
        from sekisho.client.steward import connect_steward

        load_secret(self._token)
        return connect_steward(self._users, token=self._token, ca=self._anchor)

    def node(self) -> "Node":
        """Connect to the running node, for queries."""
        from sekisho.client.node import connect

        load_secret(self._token)
        return connect(f"grpc+tls://{self._users}", token=self._token, ca=self._anchor)

    def is_running(self) -> bool:
        """Tell whether a node serves from this folder.

        Raises:
            NodeError: There is no state.
        """
        database = self.database()
        return is_locked(self.folder.serving) if database.is_shared else database.is_held()

    @property
    def _users(self) -> str:
        return reached_at(self.config.listen.users)

    @property
    def _token(self) -> Path:
        return self.folder.token("operator")

    @property
    def _anchor(self) -> Path:
        return self.folder.certificate("anchor")


def say(text: str) -> None:
    """Tell the person something that is not data."""
    print(text, file=sys.stderr)


def misused(message: str, hint: str) -> int:
    """Say that a command was not called as it must be; returns the exit code."""
    say(f"sekisho: {message}")
    say(f"hint: {hint}")
    return USAGE


def confirm(question: str, *, ask: Callable[[], str] = input) -> bool:
    """Ask a person at a terminal; only the whole word counts."""
    print(f"{question} Type `{YES}` to go on: ", end="", file=sys.stderr, flush=True)
    try:
        return ask().strip().lower() == YES
    except EOFError:
        return False


def is_interactive() -> bool:
    """Tell whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()
