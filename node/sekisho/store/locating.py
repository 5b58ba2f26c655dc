"""Finds the database that `state:` in node.yaml names."""

from typing import TYPE_CHECKING

from sekisho.config import NodeConfig
from sekisho.errors import NodeError
from sekisho.model.names import PartyId
from sekisho.store.database import Database
from sekisho.store.folder import STATE_SCHEME, NodeFolder
from sekisho.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from sekisho.store.postgres import PostgresDatabase


def find_database(folder: NodeFolder, config: NodeConfig) -> Database:
    """Find where a node's state is.

    Raises:
        NodeError: The URL cannot be used, or what it needs is not installed.
    """
    if config.state.startswith(STATE_SCHEME):
        return SqliteDatabase(folder.state_file(config.state))
    return postgres_database(folder, config.state, party=config.party)


def postgres_database(folder: NodeFolder, url: str, *, party: PartyId) -> "PostgresDatabase":
    """Name a database in PostgreSQL.

    Raises:
        NodeError: The URL cannot be used, or the extra `postgres` is not installed.
    """
    try:
        # Optional, and heavier than a command needs that has its state in a file.
        from sekisho.store.postgres import PostgresDatabase  # noqa: PLC0415
        from sekisho.store.postgres_url import read_url  # noqa: PLC0415
    except ImportError as error:
        raise NodeError(
            "PostgreSQL's driver is not installed",
            hint="install the extra: pip install 'sekisho[postgres]'",
        ) from error
    return PostgresDatabase(read_url(url, root=folder.root), party=party)
