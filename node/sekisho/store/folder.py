"""A node's folder: where each file is, and how one is written whole.

node.yaml member.json
keys/{signing,request,anchor,tls,agreement}.pem
certs/{anchor,tls}.pem
tokens/operator
state/
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sekisho.errors import NodeError

SECRET_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
PRIVATE_FOLDER_MODE: Final = 0o700
KEY_NAMES: Final = ("signing", "request", "anchor", "tls", "agreement")
CERTIFICATE_NAMES: Final = ("anchor", "tls")
STATE_SCHEME: Final = "sqlite:"


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """Paths of one node."""

    root: Path

    @property
    def config(self) -> Path:
        """Where the operator's settings are."""
        return self.root / "node.yaml"

    @property
    def member(self) -> Path:
        """Where the node's own member document is."""
        return self.root / "member.json"

    def key(self, name: str) -> Path:
        """Where a private key is; one of `KEY_NAMES`."""
        return self.root / "keys" / f"{name}.pem"

    def certificate(self, name: str) -> Path:
        """Where a certificate is; one of `CERTIFICATE_NAMES`."""
        return self.root / "certs" / f"{name}.pem"

    def token(self, user: str) -> Path:
        """Where a user's token is."""
        return self.root / "tokens" / user

    @property
    def state(self) -> Path:
        """Where everything durable is."""
        return self.root / "state"

    @property
    def serving(self) -> Path:
        """What a process locks that serves from this folder with its state elsewhere."""
        return self.state / "serving"

    @property
    def checkpoint(self) -> Path:
        """Where the last checkpoint that the node signed is."""
        return self.state / "checkpoint.note"

    def state_file(self, url: str = "sqlite:state/node.db") -> Path:
        """Find the state file that `state:` in node.yaml names.

        Raises:
            NodeError: It is not SQLite.
        """
        if not url.startswith(STATE_SCHEME):
            raise NodeError(
                f"the state `{url}` is not served", hint="write `state: sqlite:state/node.db`"
            )
        return self.root / url.removeprefix(STATE_SCHEME)

    def create(self) -> None:
        """Make the folder and those in it; keys, tokens and state for nobody else's eyes.

        Raises:
            NodeError: It cannot be made.
        """
        try:
            (self.root / "certs").mkdir(parents=True, exist_ok=True)
            for name in ("keys", "tokens", "state"):
                (self.root / name).mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
        except OSError as error:
            raise _trouble(self.root, "cannot be made", error) from error


def save_file(path: Path, data: bytes, *, mode: int = PUBLIC_MODE) -> None:
    """Write a file whole: after a fall there is the old one or the new one, never a part.

    Raises:
        NodeError: It cannot be written; the old file is as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write_durably(beside, data, mode=mode)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _trouble(path, "cannot be written", error) from error


def save_secret(path: Path, data: bytes) -> None:
    """Write a key or a token, readable by its owner alone.

    Raises:
        NodeError: It cannot be written; the old file is as it was.
    """
    save_file(path, data, mode=SECRET_MODE)


def load_file(path: Path) -> bytes:
    """Read a file whole.

    Raises:
        NodeError: It is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _trouble(path, "cannot be read", error) from error


def load_secret(path: Path) -> bytes:
    """Read a key or a token.

    Raises:
        NodeError: It is not there, cannot be read, or others can read it too.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _trouble(path, "cannot be read", error) from error
    if mode & 0o077:
        raise NodeError(
            f"`{path}` can be read by other users of this machine", hint=f"chmod 600 {path}"
        )
    return load_file(path)


class StateLock:
    """Keeps a second process from a state file; released when closed or when the process ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock of a state file.

        Raises:
            NodeError: Another process has it; its number is in the message.
        """
        self._path = path.with_name(f"{path.name}.lock")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE)
        except OSError as error:
            raise _trouble(self._path, "cannot be opened", error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise NodeError(
                f"the state `{path}` is in use by process {holder}",
                hint="stop that process, or let the running node do it",
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let another process have it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_locked(path: Path) -> bool:
    """Tell whether a process has the lock of a path."""
    try:
        StateLock(path).close()
    except NodeError:
        return True
    return False


def _write_durably(path: Path, data: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Make a rename durable: it is the folder that changed.

    Raises:
        OSError: The disk failed.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trouble(path: Path, what: str, error: OSError) -> NodeError:
    return NodeError(f"`{path}` {what}: {(error.strerror or str(error)).lower()}")
