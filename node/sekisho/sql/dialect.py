"""The dialect in which queries are read and written: DuckDB's, with every function left as named.

sqlglot turns a function that it knows into a node of its own and writes that node back under
another name, which is how meaning changes without notice. Here a call stays a name and arguments
(`exp.Anonymous`), so that the allow-list speaks of DuckDB's names and the text that is written is
the text that was read.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import TokenType

_SPECIAL_CALLS = ("CAST", "TRY_CAST", "EXTRACT")


def _parse_substring(parser: DuckDBParser) -> exp.Expr:
    """Read `substring(a FROM 1 FOR 2)` as the call with commas that DuckDB makes of it."""
    arguments = parser._parse_csv(parser._parse_disjunction)  # noqa: SLF001  sqlglot's way to extend
    for keyword in (TokenType.FROM, TokenType.FOR):
        if parser._match(keyword):  # noqa: SLF001
            arguments += parser._parse_csv(parser._parse_bitwise)  # noqa: SLF001
    return exp.Anonymous(this="substring", expressions=arguments)


class SekishoParser(DuckDBParser):
    """DuckDB's grammar as sqlglot knows it, without its knowledge of functions."""

    FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        **{name: DuckDBParser.FUNCTION_PARSERS[name] for name in _SPECIAL_CALLS},
        "SUBSTRING": _parse_substring,
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        "CASE": DuckDBParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
    }

    def _warn_unsupported(self) -> None:
        """Say nothing: sqlglot would write the caller's text to the log."""


class SekishoGenerator(DuckDBGenerator):
    """Writes SELECTs as they stand in the tree, without sqlglot's rewriting between dialects."""

    TRANSFORMS: ClassVar[dict[type[exp.Expr], Callable[..., str]]] = {
        form: write for form, write in DuckDBGenerator.TRANSFORMS.items() if form is not exp.Select
    }

    def ignorenulls_sql(self, expression: exp.IgnoreNulls) -> str:
        """Write `x IGNORE NULLS` where it stood: sqlglot knows it after its own functions only."""
        return f"{self.sql(expression, 'this')} IGNORE NULLS"


class SekishoDialect(DuckDB):
    """What `parse_tree` reads and `write_tree` writes."""

    Parser = SekishoParser
    Generator = SekishoGenerator

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Leave a path as it is: sqlglot would write one that it cannot read to the log."""
        return path


_DIALECT = SekishoDialect()


def parse_trees(text: str) -> list[exp.Expr | None]:
    """Read a text into one tree a statement; sqlglot's own errors pass through."""
    return _DIALECT.parse(text)


def write_tree(tree: exp.Expr, *, quote_names: bool = False) -> str:
    """Write a tree as DuckDB text on one line, without comments; the tree stays as it is."""
    return _DIALECT.generate(
        tree,
        copy=False,
        identify=quote_names,
        comments=False,
        normalize_functions=False,
        unsupported_level=ErrorLevel.RAISE,
    )
