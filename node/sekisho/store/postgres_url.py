"""Reads `state: postgresql://…`: where the database is, and how it is reached safely."""

from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sekisho.errors import NodeError

FILES: Final = ("passfile", "sslcert", "sslkey", "sslrootcert")
"""Settings that name files, relative to the node's folder."""
_DEFAULTS: Final = {
    "connect_timeout": "3",
    # A server that is away without a word is noticed within some ten seconds.
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "sekisho",
    "client_encoding": "UTF8",
    # Of several hosts, the one that takes what is written.
    "target_session_attrs": "primary",
}
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def read_url(url: str, *, root: Path) -> str:
    """Make of a URL what connections are opened with.

    Args:
        url: As it stands in node.yaml.
        root: The node's folder.

    Raises:
        NodeError: It cannot be read, or holds a password.
    """
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError as error:
        raise NodeError(
            "the URL under `state:` cannot be read", hint=f"mend it: {str(error).strip()}"
        ) from error
    if "password" in given:
        raise NodeError(
            "the URL under `state:` holds a password",
            hint="put it into a file of mode 600 and write `?passfile=keys/postgres.pass`",
        )
    for name in FILES:
        if name in given and given[name] != "system":
            given[name] = str(root.absolute() / given[name])
    return make_conninfo(**(_DEFAULTS | _protected(given) | given))


def _protected(given: dict[str, str]) -> dict[str, str]:
    """Ask for TLS and the server's name in its certificate, but on this machine."""
    hosts = given.get("host", "").split(",")
    is_local = all(not host or host.startswith("/") or host in _LOCAL for host in hosts)
    return {} if is_local else {"sslmode": "verify-full"}


def server_name(connection: str) -> str:
    """Name a server and a database to people, without any secret."""
    given = conninfo_to_dict(connection)
    host, port = given.get("host") or "", given.get("port") or ""
    return f"postgresql://{host}{f':{port}' if port else ''}/{given.get('dbname') or ''}"
