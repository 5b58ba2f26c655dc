"""Modules and functions stay small enough to be read in one go."""

import ast

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40

# What is longer, and why it reads better in one piece. An entry that is no longer needed goes.
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}


def test_modules_are_short(modules):
    long = {m.path for m in modules if len(m.text.splitlines()) > MAX_MODULE_LINES}
    assert long == set(LONG_MODULES)


def test_functions_are_short(modules):
    long = {
        f"{module.path}:{node.name}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if _lines(node) > MAX_FUNCTION_LINES
    }
    assert long == set(LONG_FUNCTIONS)


def _lines(function):
    """Count a function's lines without its docstring, which may say as much as it needs."""
    length = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and ast.get_docstring(function) is not None:
        length -= first.end_lineno - first.lineno + 1
    return length
