"""Row filters: the condition of a contract's `where`, over the raw columns of a dataset."""

from sqlglot import exp

from sekisho.errors import Finding, Refusal, RefusalReason
from sekisho.gate.masks import shown_type
from sekisho.model.dataset import Dataset
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.sql.functions import has_aggregate
from sekisho.sql.parser import SecondParser
from sekisho.sql.places import nearest, place_of, written_name
from sekisho.sql.read import CONDITION_HEAD, read_condition
from sekisho.sql.scopes import identifier
from sekisho.sql.total import make_condition_total
from sekisho.sql.types import parse_type

_ONE_CONDITION = "write one condition over the columns of each row, such as `NOT cancelled`"


def read_row_filter(
    text: str, dataset: Dataset, *, parser: SecondParser, limits: Limits, relation: str
) -> exp.Expr:
    """Read a row filter into a total condition over a dataset's raw columns.

    Args:
        text: The `where` of a grant.
        dataset: Whose columns it names, granted or not.
        parser: The second reading.
        limits: The bounds of any query.
        relation: The alias that every column gets.

    Raises:
        Refusal: `SCHEMA_CHANGED`, whatever is wrong with it: the contract is signed, so the
            dataset is no longer what its filter was written for.
    """
    try:
        condition = read_condition(text, parser=parser, limits=limits)
    except Refusal as refusal:
        raise _unfit(refusal.message) from None
    findings = _check_names(condition, dataset)
    if findings:
        raise _unfit(findings[0].message)
    return _bound(condition, dataset, relation=relation)


def check_row_filter(
    text: str, dataset: Dataset, parser: SecondParser, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[Finding, ...]:
    """Find what is wrong with a row filter; whether its types fit is for an engine to say.

    Args:
        text: The `where` of a grant.
        dataset: Whose columns it names, granted or not.
        parser: The second reading.
        limits: The bounds of any query.
    """
    try:
        condition = read_condition(text, parser=parser, limits=limits)
    except Refusal as refusal:
        line, column = _inside(refusal.line, refusal.column)
        hint = refusal.hint or _ONE_CONDITION
        return (Finding(message=refusal.message, line=line, column=column, hint=hint),)
    return _check_names(condition, dataset)


def _check_names(condition: exp.Expr, dataset: Dataset) -> tuple[Finding, ...]:
    findings = []
    if has_aggregate(condition):
        message = "a row filter holds no aggregate"
        findings.append(Finding(message=message, hint=_ONE_CONDITION))
    for node in condition.find_all(exp.Column):
        finding = _check_column(node, dataset)
        if finding is not None:
            findings.append(finding)
    return tuple(findings)


def _check_column(node: exp.Expr, dataset: Dataset) -> Finding | None:
    line, column = _inside(*place_of(node))
    written = written_name(node)
    if node.args.get("table") is not None:
        message = f"`{written}` has a qualifier; a row filter names columns alone"
        return Finding(message=message, line=line, column=column, hint=f"write `{node.name}`")
    if dataset.column(node.name) is None:
        close = nearest(node.name, (item.name for item in dataset.columns))
        hint = f"did you mean `{close[0]}`?" if close else "name a column of the dataset"
        message = f"the dataset has no column `{written}`"
        return Finding(message=message, line=line, column=column, hint=hint)
    return None


def _bound(condition: exp.Expr, dataset: Dataset, *, relation: str) -> exp.Expr:
    """Qualify the columns, read enumerated ones as text, and make the whole total."""
    types = {item.name.lower(): parse_type(shown_type(item.type)) for item in dataset.columns}
    total = make_condition_total(condition, types)
    holder = exp.Where(this=total)
    for node in list(holder.find_all(exp.Column)):
        found = dataset.column(node.name)
        if found is not None:
            _qualify(node, found.name, is_text=shown_type(found.type) != found.type, table=relation)
    result: exp.Expr = holder.this
    return result


def _qualify(node: exp.Expr, name: str, *, is_text: bool, table: str) -> None:
    column = exp.Column(this=identifier(name), table=identifier(table))
    if is_text:
        node.replace(exp.Cast(this=column, to=exp.DataType.build("VARCHAR", dialect="duckdb")))
    else:
        node.replace(column)


def _inside(line: int, column: int) -> tuple[int, int]:
    """Turn a place in the query that was read into one in the filter's own text."""
    return line, max(1, column - len(CONDITION_HEAD)) if line == 1 else column


def _unfit(message: str) -> Refusal:
    return Refusal(
        RefusalReason.SCHEMA_CHANGED,
        f"the row filter does not fit the dataset: {message}",
        hint="ask the provider to mend the dataset or to amend the contract",
    )
