"""Addresses as an operator writes them: `HOST:PORT`, where port 0 means any that is free.

A port that is chosen here is written down and opened later, perhaps much later. So it is none of
those that systems hand out to connections on their way out, which start at 32768 or above.
"""

import secrets
import socket
from contextlib import ExitStack
from typing import Final

from sekisho.errors import NodeError

WILDCARDS: Final = frozenset({"0.0.0.0", "::", "*", ""})  # noqa: S104  recognised, not bound
MAX_PORT: Final = 65_535
CHOSEN: Final = range(10_000, 32_768)
"""Among these a port is chosen; see `ip_local_port_range` on Linux, RFC 6335 elsewhere."""
TRIES: Final = 100


def host_of(address: str) -> str:
    """Give an address's host, an IPv6 one without its brackets."""
    return address.rpartition(":")[0].strip("[]")


def port_of(address: str) -> int:
    """Give an address's port.

    Raises:
        NodeError: There is none.
    """
    port = address.rpartition(":")[2]
    if ":" not in address or not port.isdecimal() or int(port) > MAX_PORT:
        raise NodeError(f"`{address}` is not an address", hint="write HOST:PORT")
    return int(port)


def is_wildcard(host: str) -> bool:
    """Tell whether a host stands for every address of the machine."""
    return host in WILDCARDS


def reached_at(address: str) -> str:
    """Say where a process on the same machine reaches what listens at an address."""
    host, port = host_of(address), port_of(address)
    if host == "::":
        return f"[::1]:{port}"
    return f"127.0.0.1:{port}" if is_wildcard(host) else address


def settle_ports(*addresses: str) -> tuple[str, ...]:
    """Put a free port in the place of each port 0; all of them differ.

    Raises:
        NodeError: An address is none, or its host is not this machine's.
    """
    with ExitStack() as held:
        return tuple(_settle(address, held) for address in addresses)


def is_free(address: str) -> bool:
    """Tell whether this process could listen at an address now."""
    try:
        _bind(address, port_of(address)).close()
    except OSError:
        return False
    return True


def _settle(address: str, held: ExitStack) -> str:
    if port_of(address):
        return address
    failed = OSError("no port is free")
    for port in secrets.SystemRandom().sample(CHOSEN, TRIES):
        try:
            # Held until all are settled, so that no two get the same.
            held.enter_context(_bind(address, port))
        except OSError as error:
            failed = error
        else:
            return f"{address.rpartition(':')[0]}:{port}"
    raise NodeError(
        f"no port can be opened at `{address}`: {(failed.strerror or str(failed)).lower()}",
        hint="write a host of this machine, or 0.0.0.0 for all of them",
    ) from failed


def _bind(address: str, port: int) -> socket.socket:
    host = host_of(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # As servers do: what an ended process left behind does not count as taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("" if host == "*" else host, port))
    except OSError:
        bound.close()
        raise
    return bound
