"""Code that runs inside a worker tries to get out: other files, sockets, programs, the node.

expect: the kernel, by what the worker gave up before it loaded an engine
effect: each attempt fails inside the process; the environment holds nothing of the node's
source: docs/concept/engine-workers.md
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import sekisho
from sekisho.engine.pool import WorkerPool
from support.workers import settings

ATTEMPTS = """
import ctypes, json, os, resource, socket, subprocess, sys
from sekisho.engine.confine import confine
held = confine(readable=(sys.prefix, sys.base_prefix, *sys.path, sys.argv[2]), private=sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)

def attempt(work):
    try:
        work()
    except OSError:
        return "denied"
    return "done"

def connect(family, address):
    with socket.socket(family) as sock:
        sock.connect(address)

tried = {
    "read": attempt(lambda: open(sys.argv[3]).read()),
    "list": attempt(lambda: os.listdir("/home")),
    "write": attempt(lambda: open(sys.argv[2], "a").write("x")),
    "make": attempt(lambda: open(sys.argv[3] + ".new", "w").close()),
    "tcp": attempt(lambda: connect(socket.AF_INET, ("127.0.0.1", int(sys.argv[4])))),
    "udp": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()),
    "unix": attempt(lambda: connect(socket.AF_UNIX, "/run/docker.sock")),
    "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
    "program": attempt(lambda: subprocess.run(["/bin/true"])),
    "core": "denied" if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) else "done",
    "trace": "denied" if libc.ptrace(16, os.getppid(), 0, 0) else "done",
    "foreign": "denied" if libc.syscall(0x40000000 + 41, 2, 1, 0) < 0 else "done",
}
may = {
    "read": attempt(lambda: open(sys.argv[2]).read()),
    "private": attempt(lambda: open(sys.argv[1] + "/spill", "w").write("x")),
    "clean": attempt(lambda: os.unlink(sys.argv[1] + "/spill")),
}
print(json.dumps({"tried": tried, "may": may, "held": held.landlock and held.seccomp}))
"""


def test_a_confined_process_reaches_nothing(tmp_path):
    (tmp_path / "private").mkdir()
    for name in ("data", "secret"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    own = str(Path(sekisho.__path__[0]).parent)
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", ATTEMPTS, tmp_path / "private", tmp_path / "data"),
                *(tmp_path / "secret", str(server.getsockname()[1])),
            ],
            env={"PYTHONPATH": own},
            capture_output=True,
            check=True,
            text=True,
        )
    said = json.loads(done.stdout)
    if not said["held"]:
        pytest.skip("this kernel has no Landlock or no seccomp filter")
    assert set(said["tried"].values()) == {"denied"}, said["tried"]
    assert set(said["may"].values()) == {"done"}
    assert (tmp_path / "data").read_text(encoding="utf-8") == "data"


@pytest.fixture
def worker(tmp_path, monkeypatch):
    monkeypatch.setenv("SEKISHO_SECRET", "hunter2")
    pool = WorkerPool(settings(tmp_path))
    held = pool.confinement()
    yield psutil.Process(pool._idle[0].pid), held
    pool.close()


def test_a_worker_inherits_nothing(worker, tmp_path):
    process, _ = worker
    assert set(process.environ()) == {
        "ARROW_DEFAULT_MEMORY_POOL",
        "MALLOC_ARENA_MAX",
        "OPENBLAS_NUM_THREADS",
        "PYTHONPATH",
    }
    assert str(tmp_path) not in " ".join(process.cmdline())
    assert process.cwd().startswith(str(tmp_path))
    assert os.getsid(process.pid) == process.pid
    targets = [str(Path(f"/proc/{process.pid}/fd/{fd}").readlink()) for fd in range(3)]
    assert targets[:2] == ["/dev/null", "/dev/null"]
    descriptors = Path(f"/proc/{process.pid}/fd")
    links = [str(link.readlink()) for link in descriptors.iterdir()]
    assert sum(link.startswith("socket:") for link in links) == 1
    assert not [link for link in links if link.startswith("/") and link != "/dev/null"]


def test_a_worker_says_what_holds_it(worker):
    process, held = worker
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    assert held.memory
    assert ("Seccomp:\t2" in status) == held.seccomp
    assert "NoNewPrivs:\t1" in status


def test_every_thread_of_a_worker_is_held(worker):
    process, held = worker
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        status = (task / "status").read_text(encoding="ascii")
        assert ("Seccomp:\t2" in status) == held.seccomp


def test_a_worker_loads_no_keys_and_no_network():
    own = str(Path(sekisho.__path__[0]).parent)
    code = (
        "import json, sys, sekisho.engine.worker, sekisho.engine.orders;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": own},
        capture_output=True,
        check=True,
        text=True,
    )
    assert not set(json.loads(done.stdout)) & {
        *("grpc", "cryptography", "securesystemslib", "sqlite3", "google", "ssl"),
    }


def test_a_worker_ends_when_its_node_does():
    own = str(Path(sekisho.__path__[0]).parent)
    code = """
import os, signal
from sekisho.engine.engine import EngineSettings
from sekisho.engine.pool import WorkerPool
pool = WorkerPool(EngineSettings(workers=1))
pool.confinement()
print(pool._idle[0].pid, pool._parser.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": own},
        capture_output=True,
        check=False,
        text=True,
    )
    workers = [
        psutil.Process(int(pid)) for pid in done.stdout.split() if psutil.pid_exists(int(pid))
    ]
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
