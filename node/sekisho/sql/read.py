"""From a text to a tree that is believed: bounded, read twice, agreed on, and all on the lists."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import Limits
from sekisho.sql.agree import check_agreement, read_second
from sekisho.sql.bounds import check_bounds, has_comment, number_marks
from sekisho.sql.dialect import parse_trees, write_tree
from sekisho.sql.parameters import type_parameters
from sekisho.sql.parser import SecondParser
from sekisho.sql.places import place_at, syntax_refusal
from sekisho.sql.syntax import check_syntax
from sekisho.sql.trees import children_of

CONDITION_HEAD = "SELECT 1 FROM rows_of WHERE "


def read_query(
    text: str,
    *,
    parser: SecondParser,
    limits: Limits,
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> exp.Query:
    """Read one query that both parsers understand alike and that holds listed forms only.

    A query is one SELECT, or several joined by UNION, INTERSECT and EXCEPT.

    No name in it has been looked up yet: that is for `scopes.resolve`.

    Args:
        text: What the caller sent.
        parser: DuckDB's own parser, for the second opinion.
        limits: Reads `max_sql_bytes`, `max_sql_depth`, `max_tree_depth`, `max_plan_nodes`.
        parameters: The type of every parameter in the text by its name, in DuckDB's words.

    Returns:
        The tree; every function in it is an `exp.Anonymous` that `functions.function_of` knows.

    Raises:
        Refusal: `TOO_COMPLEX`, `SYNTAX_NOT_ALLOWED`, `FUNCTION_NOT_ALLOWED`, `PARSERS_DISAGREE`.

    Source:
        `docs/spec/gate.md`, steps 1 to 4.
    """
    check_bounds(text, limits=limits)
    try:
        tree = _parse_one(number_marks(text), limits=limits)
        check_syntax(tree)
        _agree(text, tree, parser)
        if parameters or "$" in text or "?" in text:
            type_parameters(tree, parameters)
    except RecursionError:
        raise _too_deep() from None
    return tree


def read_condition(text: str, *, parser: SecondParser, limits: Limits) -> exp.Expr:
    """Read a row filter: one condition, without subqueries, aggregates or comments.

    Raises:
        Refusal: As `read_query`; a comment is refused, as it may hide a part of the condition.

    Source:
        `docs/spec/gate.md`, step 7.
    """
    if has_comment(text):
        message = "a comment in a row filter may hide a part of it"
        raise syntax_refusal(message, hint="say it in the contract's comments instead")
    tree = read_query(CONDITION_HEAD + text, parser=parser, limits=limits)
    filled = {part for part, value in tree.args.items() if value}
    if filled != {"expressions", "from_", "where"}:
        message = "a row filter is one condition and nothing after it"
        raise syntax_refusal(message)
    condition: exp.Expr = tree.args["where"].this
    if condition.find(exp.Query) is not None:
        message = "a row filter holds no subquery"
        raise syntax_refusal(message)
    return condition


def _parse_one(text: str, *, limits: Limits) -> exp.Query:
    try:
        trees = [tree for tree in parse_trees(text) if tree is not None]
    except SqlglotError as error:
        raise _unreadable(error) from None
    if len(trees) != 1:
        message = f"the text holds {len(trees)} statements"
        raise syntax_refusal(message, hint="ask one SELECT")
    _check_size(trees[0], limits=limits)
    tree = trees[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        line, column = place_at(text, len(text) - len(text.lstrip()))
        raise Refusal(
            RefusalReason.SYNTAX_NOT_ALLOWED,
            "this is not one SELECT",
            line=line,
            column=column,
            hint="ask one SELECT, without brackets around it",
        )
    return tree


def _check_size(tree: exp.Expr, *, limits: Limits) -> None:
    """Count nodes and depth without recursion, since what follows recurses."""
    count = 0
    level = [tree]
    for _ in range(limits.max_tree_depth):
        count += len(level)
        level = [child for node in level for child in children_of(node)]
        if not level:
            break
    else:
        raise _too_deep()
    if count > limits.max_plan_nodes:
        message = f"the query has more than {limits.max_plan_nodes} parts"
        raise Refusal(RefusalReason.TOO_COMPLEX, message, hint="split the query")


def _agree(text: str, tree: exp.Query, parser: SecondParser) -> None:
    first = read_second(parser.parse(text), text=text)
    second = read_second(parser.parse(write_tree(tree)), text=text)
    check_agreement(first, second, text=text)


def _unreadable(error: SqlglotError) -> Refusal:
    line = column = 0
    if isinstance(error, ParseError) and error.errors:
        line = error.errors[0].get("line") or 0
        width = len(error.errors[0].get("highlight") or " ")
        column = max(1, (error.errors[0].get("col") or 1) - width + 1)
    return Refusal(
        RefusalReason.SYNTAX_NOT_ALLOWED,
        "this does not read as one SELECT",
        line=line,
        column=column,
        hint="ask one SELECT, in DuckDB's SQL",
    )


def _too_deep() -> Refusal:
    message = "the query nests too deeply"
    return Refusal(
        RefusalReason.TOO_COMPLEX,
        message,
        hint="name inner parts with WITH, or use IN for long chains of OR",
    )
