"""The worker process: no keys, no environment, few files, no sockets.

Started by `sekisho.engine.process` with one end of a socket pair, over which it learns what it may
read. It confines itself before it loads DuckDB and Arrow: both start threads when they load, and
what the kernel takes away it takes from one thread and those that start after.
"""

import os
import socket
import sys
from dataclasses import asdict

from sekisho.engine.channel import SOCKET_BUFFER_BYTES, Kind, receive, send_json
from sekisho.engine.confine import confine, limit_memory


def main() -> None:
    """Serve the socket whose descriptor is the one argument, until the node goes away."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
    os.set_blocking(2, False)
    settings = receive(sock).json()
    bounds = settings["bounds"]
    confinement = confine(
        readable=(sys.prefix, sys.base_prefix, *sys.path, *settings["readable"]),
        private=bounds["private"],
    )
    from sekisho.engine.instances import Bounds  # noqa: PLC0415  see the module's docstring
    from sekisho.engine.orders import serve  # noqa: PLC0415  the same

    # NOTE: DuckDB's limit is four fifths of the setting; the kernel's is all of it and a margin.
    memory = limit_memory(bounds["memory_bytes"])
    send_json(sock, Kind.RESULT, {"value": asdict(confinement) | {"memory": memory}})
    serve(sock, Bounds(**bounds))


if __name__ == "__main__":
    main()
