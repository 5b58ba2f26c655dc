"""The core decides: same input, same output, and nothing but its arguments to look at."""

import ast

import pytest

CORE = {
    "errors",
    "model",
    "documents",
    "trust",
    "sql",
    "gate",
    "disclosure",
    "federation",
    "ledger",
}
OUTSIDE = {
    "asyncio",
    "duckdb",
    "google",
    "grpc",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "psycopg",
    "pyarrow",
    "random",
    "secrets",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
}
CLOCKS = {"now", "utcnow", "today"}
ROOMS_OF = {
    "sqlglot": {"sql", "gate", "federation"},
    "cryptography": {"documents", "trust", "disclosure"},
    "securesystemslib": {"documents", "trust"},
    "duckdb": {"engine", "cli"},  # the demo compares its table with one DuckDB over the files
    "sqlite3": {"store"},
    "psycopg": {"store"},
    "grpc": {"wire", "server", "client"},
    "google": {"wire", "server"},  # a face serves what a service's descriptor lists
}


def test_core_imports_nothing_of_the_outside(modules):
    reaching = [
        f"{module.path} imports {name}"
        for module in modules
        if module.room in CORE
        for name in module.imported()
        if name.split(".")[0] in OUTSIDE
    ]
    assert reaching == []


def test_core_reads_no_clock_and_opens_no_file(modules):
    reading = [
        f"{module.path}:{node.lineno}"
        for module in modules
        if module.room in CORE
        for node in ast.walk(module.tree)
        if _is_clock_or_file(node)
    ]
    assert reading == []


def _is_clock_or_file(node):
    match node:
        case ast.Call(func=ast.Name(id="open" | "input" | "print")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=name)):
            return name in CLOCKS
    return False


@pytest.mark.parametrize("library", sorted(ROOMS_OF))
def test_a_library_is_met_only_in_its_rooms(modules, library):
    elsewhere = [
        f"{module.path} imports {name}"
        for module in modules
        if module.room not in ROOMS_OF[library]
        for name in module.imported()
        if name.split(".")[0] == library
    ]
    assert elsewhere == []


def test_protobuf_messages_stay_in_the_wire_and_the_faces(modules):
    outside = [
        f"{module.path} imports {name}"
        for module in modules
        if module.room not in {"wire", "server", "client"}
        for name in module.imported()
        if name.startswith("sekisho.wire.gen.") and name.endswith("_pb2")
    ]
    assert outside == []


def test_service_stubs_stay_in_the_faces(modules):
    outside = [
        f"{module.path} imports {name}"
        for module in modules
        if module.room not in {"wire", "server", "client"}
        for name in module.imported()
        if name.endswith("_pb2_grpc")
    ]
    assert outside == []
