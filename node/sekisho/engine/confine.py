"""What a worker gives up before it touches data: files, sockets, programs, memory, core dumps.

Three layers of the Linux kernel, each used where it is there: Landlock (a process limits itself to
named files and drops TCP), a seccomp filter (no new sockets, no programs, no looking into other
processes), and resource limits. `confine` tells which of them hold, for `sekisho doctor`. All of it
is inherited by threads that start later, so it must come before the first thread.
"""

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_READ: Final = _READ_FILE | _READ_DIR
_FILE_RIGHTS: Final = _WRITE_FILE | _READ_FILE | _TRUNCATE
_OWN: Final = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_TCP_BIND_AND_CONNECT = 3
_SIGNALS_AND_ABSTRACT_SOCKETS = 3
_RIGHTS_BY_VERSION: Final = ((5, 16), (3, 15), (2, 14), (1, 13))
_NETWORK_VERSION, _SCOPE_VERSION, _TRUNCATE_VERSION = 4, 6, 3

LIBRARIES: Final = ("/etc/ld.so.cache", "/lib", "/lib64", "/nix/store", "/usr/lib", "/usr/lib64")
"""Where shared libraries live; with the interpreter's own folders all that a worker loads."""
SYSTEM_FILES: Final = (
    "/proc/self/statm",
    "/proc/self/cgroup",
    "/proc/self/mountinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
)
"""What DuckDB and the allocators ask of the machine; DuckDB ends when it cannot read its cgroup."""
MAX_FILES = 1024
"""Open files of a worker: a partitioned dataset's, its spill files, its inputs."""
MEMORY_MARGIN_BYTES = 268_435_456
"""Address space above the setting: thread stacks and allocator reserves that hold no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What holds a worker."""

    landlock: int
    """The kernel's Landlock version, 0 when files are not limited."""
    tcp: bool
    """Whether Landlock denies TCP."""
    seccomp: bool
    """Whether sockets and programs are denied."""
    memory: bool
    """Whether the kernel caps the address space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    """System call numbers that a worker never needs, by machine."""

    architecture: int
    denied: tuple[int, ...]


# In order where both have them: socket, bind, listen, accept, connect, accept4, execve, execveat,
# ptrace, process_vm_readv, process_vm_writev, io_uring_setup, bpf, unshare, setns, mount,
# pidfd_getfd, add_key, request_key, keyctl, userfaultfd.
_FILTERS: Final = {
    "x86_64": _Filter(
        architecture=0xC000003E,
        denied=(
            *(41, 49, 50, 43, 42, 288, 59, 322, 101, 310, 311, 425, 321, 272, 308, 165),
            *(438, 248, 249, 250, 323),
        ),
    ),
    "aarch64": _Filter(
        architecture=0xC00000B7,
        denied=(
            *(198, 200, 201, 202, 203, 242, 221, 281, 117, 270, 271, 425, 280, 97, 268, 40),
            *(438, 217, 218, 219, 282),
        ),
    ),
}


def confine(*, readable: Iterable[str], private: str) -> Confinement:
    """Give up everything but some files to read and one private folder.

    Args:
        readable: Files and folders; those that do not exist are passed over.
        private: A folder to read, write and delete in.

    Returns:
        What the kernel could do of it; memory is limited later, by `limit_memory`.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if _LIBC is None or _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return Confinement(landlock=0, tcp=False, seccomp=False, memory=False)
    version = _landlock(readable, private)
    return Confinement(
        landlock=version, tcp=version >= _NETWORK_VERSION, seccomp=_seccomp(), memory=False
    )


def limit_memory(memory_bytes: int) -> bool:
    """Cap the address space at what is mapped now and so much more."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        cap = pages * resource.getpagesize() + memory_bytes + MEMORY_MARGIN_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    except (OSError, ValueError):
        return False
    return True


def _landlock(readable: Iterable[str], private: str) -> int:
    """Limit files and TCP; give the kernel's version, 0 when it has no Landlock."""
    libc = _LIBC
    if libc is None:
        return 0
    version = int(libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))
    if version < 1:
        return 0
    rights = next(bits for least, bits in _RIGHTS_BY_VERSION if version >= least)
    handled = (1 << rights) - 1
    network = _TCP_BIND_AND_CONNECT if version >= _NETWORK_VERSION else 0
    scope = _SIGNALS_AND_ABSTRACT_SOCKETS if version >= _SCOPE_VERSION else 0
    attributes = struct.pack("<QQQ", handled, network, scope)
    length = 24 if scope else 16 if network else 8
    ruleset = int(libc.syscall(_CREATE_RULESET, attributes, length, 0))
    if ruleset < 0:
        return 0
    try:
        for path in (*readable, *LIBRARIES, *SYSTEM_FILES):
            _allow(ruleset, path, _READ & handled)
        _allow(ruleset, private, _OWN & handled)
        return version if libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Let one file, or everything below one folder, be used."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if Path(path).is_dir() else rights & _FILE_RIGHTS
        rule = struct.pack("<Qi", allowed, descriptor)
        if _LIBC is not None:
            _LIBC.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _instruction(code: int, operand: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    """Write one instruction; the jumps say how many of the following to pass over."""
    return struct.pack("<HBBI", code, when_true, when_false, operand)


def _seccomp() -> bool:
    """Make the denied system calls fail with EPERM; tell whether the filter stands."""
    chosen = _FILTERS.get(platform.machine())
    if chosen is None or _LIBC is None:
        return False
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    foreign_table = 0x40000000
    count = len(chosen.denied)
    program = [
        _instruction(load, 4),
        _instruction(equal, chosen.architecture, when_false=count + 3),
        _instruction(load, 0),
        _instruction(at_least, foreign_table, when_true=count + 1),
        *(
            _instruction(equal, number, when_true=count - index)
            for index, number in enumerate(chosen.denied)
        ),
        _instruction(give, 0x7FFF0000),
        _instruction(give, 0x00050001),
    ]
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    return int(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0)) == 0
