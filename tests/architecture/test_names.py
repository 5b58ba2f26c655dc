"""One word per thing: modules bear the glossary's words, and no rooms for odds and ends."""

import ast

BANNED = {
    # rooms for whatever has no home
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "util",
    "utils",
    # words that the glossary gives up for another
    "ack",
    "asset",
    "assets",
    "audit_log",
    "constraint",
    "constraints",
    "org",
    "owner",
    "owners",
    "permission",
    "permissions",
    "quota",
    "quotas",
    "requester",
    "statement",
    "statements",
    "subject",
    "subjects",
    "tenant",
    "tenants",
}


def test_no_module_bears_a_banned_word(modules):
    banned = [m.path for m in modules for word in m.name.split(".") if word in BANNED]
    assert banned == []


def test_every_module_says_what_it_decides_or_carries(modules):
    silent = [m.path for m in modules if not ast.get_docstring(m.tree)]
    assert silent == []


def test_modules_import_by_full_names_and_no_stars(modules):
    loose = [
        f"{module.path}:{node.lineno}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        if node.level or any(alias.name == "*" for alias in node.names)
    ]
    assert loose == []
