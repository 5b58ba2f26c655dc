"""Mutation testing: changes one thing in a module at a time, and asks whether a test notices.

Usage: `python scripts/mutate.py node/sekisho/disclosure/rules.py --tests tests/unit/disclosure …`

A mutant is run in a forked process, with its source in the module's place and the tests stopping
at the first failure. Nothing is written to the checkout. Which mutants are tried is drawn by a
seed, so that a run can be repeated; what survives is printed with its line. Unix only.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import io
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
HEAVY = (
    "duckdb pyarrow sqlglot.dialects.duckdb pydantic.main grpc cryptography yaml pytest hypothesis"
).split()
"""Loaded once, before the first fork: each mutant then costs its own tests and little more."""
SECONDS = 300
"""A mutant whose tests take longer is taken for noticed: most of those loop for ever."""

Change = Callable[[ast.AST], ast.AST | None]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.Mod: ast.Mult,
}
_SQL = {
    " AND ": " OR ",
    " OR ": " AND ",
    " <> ": " = ",
    " >= ": " > ",
    " > 0": " >= 0",
    " < ": " <= ",
    " IS NULL": " IS NOT NULL",
    " IS NOT NULL": " IS NULL",
    "min(": "max(",
    "max(": "min(",
    "sum(": "max(",
    "least(": "greatest(",
    "NOT ": "",
    "LEFT JOIN": "JOIN",
    " % ": " + ",
    "abs(": "(",
}
"""What is changed inside texts of SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change to a module."""

    line: int
    what: str
    source: str


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield every change to a module's source that this script knows."""
    tree = ast.parse(source)
    idle = {id(item) for node in ast.walk(tree) for part in _idle(node) for item in ast.walk(part)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in idle:
            continue
        for what, change in _changes(node):
            other = copy.deepcopy(tree)
            found = next(item for at, item in enumerate(ast.walk(other)) if at == number)
            _put(other, found, change(found))
            text = ast.unparse(ast.fix_missing_locations(other))
            yield Mutant(line=getattr(node, "lineno", 0), what=what, source=text)


def _idle(node: ast.AST) -> Iterator[ast.AST]:
    """Name what no test should hold: how values are made, words for people, what is not reached."""
    match node:
        case ast.ClassDef(decorator_list=decorators):
            yield from decorators
        case ast.arg(annotation=ast.expr() as hint) | ast.AnnAssign(annotation=hint):
            yield hint
        case ast.FunctionDef(returns=ast.expr() as hint):
            yield hint
        case ast.Expr(value=ast.Constant()):
            yield node
        case ast.Assign(targets=[ast.Name(id="message" | "hint")]):
            yield node
        case ast.keyword(arg="message" | "hint" | "copy" | "strict"):
            yield node
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            yield node
        case ast.Raise(exc=ast.Call(func=ast.Name(id="RuntimeError"))):
            yield node
        case ast.If(
            body=[*_, ast.Raise(exc=ast.Call(func=ast.Name(id="RuntimeError")))], orelse=[]
        ):
            yield node
        case _:
            return


def _put(tree: ast.AST, old: ast.AST, new: ast.AST | None) -> None:
    """Put a node in another's place; nothing where it was changed in itself."""
    if new is None:
        return
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Name what can be changed in a node, and how."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            other = _COMPARISONS[type(op)]
            yield f"{type(op).__name__} → {other.__name__}", _setting(ops=[other()])
        case ast.BoolOp(op=op):
            both = isinstance(op, ast.And)
            yield "and ↔ or", _setting(op=ast.Or() if both else ast.And())
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            changed = _OPERATORS[type(op)]
            yield f"{type(op).__name__} → {changed.__name__}", _setting(op=changed())
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield f"if {value}", _setting(test=ast.Constant(value=value))
        case ast.Constant():
            yield from _constants(node)
        case _:
            yield from _removals(node)


def _removals(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not dropped", lambda _: copy.deepcopy(operand)
        case ast.comprehension(ifs=[_, *_]):
            yield "comprehension without its if", _setting(ifs=[])
        case ast.Raise():
            yield "raise dropped", lambda _: ast.Pass()
        case ast.Expr(value=ast.Call() | ast.YieldFrom() | ast.Yield()):
            yield "statement dropped", lambda _: ast.Pass()
        case _:
            return


def _constants(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} → {not value}", _setting(value=not value)
    elif isinstance(value, int):
        yield f"{value} → {value + 1}", _setting(value=value + 1)
    elif isinstance(value, str) and "\n" not in value:
        for old, new in _SQL.items():
            if old in value:
                yield f"`{old}` → `{new}` in SQL", _setting(value=value.replace(old, new, 1))


def _setting(**fields: object) -> Change:
    """Change fields of a node, which stays where it is."""

    def change(node: ast.AST) -> None:
        for name, value in fields.items():
            setattr(node, name, value)

    return change


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(
        self, fullname: str, _path: object = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self._path))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._path)
        exec(compile(self._source, str(self._path), "exec"), module.__dict__)  # noqa: S102  a mutant


def is_noticed(name: str, path: Path, mutant: Mutant, *, tests: Sequence[Sequence[str]]) -> bool:
    """Tell whether a test fails in a process where the module is the mutant; quick tests first."""
    return any(_fails(name, path, mutant, tests=item) for item in tests if item)


def _fails(name: str, path: Path, mutant: Mutant, *, tests: Sequence[str]) -> bool:
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.alarm(SECONDS)
        sys.meta_path.insert(0, _Finder(name, path, mutant.source))
        os._exit(_run(tests))
    _, status = os.waitpid(child, 0)
    return status != 0


def _run(tests: Sequence[str]) -> int:
    import pytest  # noqa: PLC0415  loaded already; its plugins are this process's own

    options = ["-x", "-q", "-W", "ignore", "-p", "no:randomly", "-p", "no:xdist"]
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return int(pytest.main([*options, "-m", "not e2e", *tests]))
    except BaseException:  # noqa: BLE001  whatever it is, the mutant did it
        return 1


def main() -> None:
    """Try mutants of each module, and say how many were noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--then", nargs="+", default=[], help="slower tests, for what is left")
    parser.add_argument("--most", type=int, default=40, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["CI"] = "1"  # hypothesis repeats its examples
    sys.path.insert(0, str(ROOT / "tests"))
    for name in HEAVY:
        __import__(name)
    for path in options.modules:
        tests = (options.tests, options.then)
        _try(path.resolve(), tests=tests, most=options.most, seed=options.seed)


def _try(path: Path, *, tests: Sequence[Sequence[str]], most: int, seed: int) -> None:
    parts = path.relative_to(ROOT / "node").with_suffix("").parts
    found = [item for item in mutants_of(path.read_text()) if item.line]
    chosen = sorted(
        random.Random(seed).sample(found, min(most, len(found))),  # noqa: S311  not a secret
        key=lambda item: item.line,
    )
    started = time.monotonic()
    name = ".".join(parts)
    if is_noticed(name, path, Mutant(line=0, what="nothing", source=path.read_text()), tests=tests):
        raise SystemExit(f"the tests fail without any change to {path.name}")
    survivors = []
    for mutant in chosen:
        if not is_noticed(name, path, mutant, tests=tests):
            survivors.append(mutant)
            print(f"  survived  {path.name}:{mutant.line}  {mutant.what}", flush=True)
    noticed = len(chosen) - len(survivors)
    seconds = time.monotonic() - started
    print(f"{path.name}: {noticed} of {len(chosen)} noticed, of {len(found)} ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
