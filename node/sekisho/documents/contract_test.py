"""Reads `NAME.contract.test.yaml`: queries that a contract must allow or refuse, kept beside it.

The format is DESIGN's; running the tests is left to the gate's callers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sekisho.documents.models import document_error, locate, parse_model
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import Finding, RefusalReason, Severity
from sekisho.model.contract import Contract
from sekisho.model.dataset import Column, ColumnClass, Dataset
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.names import DatasetId, PartyId
from sekisho.model.terms import DocumentModel, LongText, ShortText, Slug, mistake, path_text
from sekisho.model.terms_values import ColumnName, Country, DatasetName, Instant, Party

CONTRACT_TEST_FORMAT = "sekisho.contract-test/v1"

_DUCKDB_TYPES: Mapping[str, str] = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float32": "FLOAT",
    "float": "FLOAT",
    "float64": "DOUBLE",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "utf8": "VARCHAR",
    "binary": "BLOB",
    "date32": "DATE",
    "date32[day]": "DATE",
    "time64[us]": "TIME",
    "timestamp[s]": "TIMESTAMP_S",
    "timestamp[ms]": "TIMESTAMP_MS",
    "timestamp[us]": "TIMESTAMP",
    "timestamp[ns]": "TIMESTAMP_NS",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}
_DECIMAL = re.compile(r"decimal(?:128)?\(([1-9][0-9]?), ?([0-9]{1,2})\)", re.ASCII)


class Expectation(StrEnum):
    """What the gate must say to a query."""

    ALLOWED = "allowed"
    REFUSED = "refused"


def duckdb_type(arrow_name: str) -> str:
    """Name the DuckDB type that an Arrow type becomes; `ValueError` for one that is not served."""
    if (found := _DECIMAL.fullmatch(arrow_name)) is not None:
        return f"DECIMAL({found[1]},{found[2]})"
    if arrow_name not in _DUCKDB_TYPES:
        raise ValueError(arrow_name)
    return _DUCKDB_TYPES[arrow_name]


def _known_type(name: str) -> str:
    try:
        duckdb_type(name)
    except ValueError as error:
        message = f"`{name}` is not the name of an Arrow type"
        raise mistake(
            message, "write a name such as string, int16, date32, bool or decimal(12, 2)"
        ) from error
    return name


class SchemaSource(DocumentModel):
    """Where the columns of a dataset are known from: written here, or read from a file."""

    columns: Mapping[ColumnName, Annotated[str, AfterValidator(_known_type)]] | None = None
    parquet: ShortText | None = None
    csv: ShortText | None = None
    privacy_units: tuple[ColumnName, ...] = ()
    tags: tuple[ShortText, ...] = ()
    classes: Mapping[ColumnName, ColumnClass] = {}
    """As the provider's node.yaml gives them to columns."""

    def inline_dataset(self, dataset: DatasetId) -> Dataset | None:
        """Build the dataset from the columns written here, if they are."""
        if self.columns is None:
            return None
        return self.describe(
            dataset,
            tuple(Column(name=name, type=duckdb_type(kind)) for name, kind in self.columns.items()),
        )

    def describe(self, dataset: DatasetId, columns: tuple[Column, ...]) -> Dataset:
        """Build the dataset from columns that are known, with what else is said of it here."""
        classes = {name.lower(): item for name, item in self.classes.items()}
        return Dataset(
            id=dataset,
            columns=tuple(
                replace(item, column_class=classes.get(item.name.lower())) for item in columns
            ),
            privacy_units=self.privacy_units,
            tags=self.tags,
        )


class Defaults(DocumentModel):
    """What a test takes where it says nothing itself."""

    consumer: Party | None = None
    provider: Party | None = None
    purpose: Slug | None = None
    at: Instant | None = None


class QueryTest(DocumentModel):
    """One query and what the gate must say to it."""

    name: ShortText
    sql: LongText
    expect: Expectation
    reason: RefusalReason | None = None
    clause: ShortText | None = None
    """Of a refusal; it stands for everything inside it."""
    grant: Slug | None = None
    """Of what is allowed: the grant that allows it."""
    columns: tuple[ColumnName, ...] | None = None
    """Of what is allowed: the names of the answer's columns, in order."""
    clauses: tuple[ShortText, ...] | None = None
    """Of what is allowed: clauses that it rests on, among others."""
    consumer: Party | None = None
    provider: Party | None = None
    purpose: Slug | None = None
    at: Instant | None = None


_PINS_OF_THE_OTHER = (
    *((Expectation.ALLOWED, field) for field in ("reason", "clause")),
    *((Expectation.REFUSED, field) for field in ("grant", "columns", "clauses")),
)
"""What a test may not say beside what it expects."""


class ContractTest(DocumentModel):
    """Tests of one contract."""

    format: Literal["sekisho.contract-test/v1"]
    contract: ShortText
    """The contract's file, relative to this one."""
    datasets: Annotated[Mapping[DatasetName, SchemaSource], Field(min_length=1)]
    guardrails: Annotated[tuple[ShortText, ...], Field(max_length=100)] = ()
    """Files of guardrails to which each provider holds the contract, relative to this one."""
    countries: Mapping[Party, Country] = {}
    """What parties' member documents say; one that is not here does not say."""
    defaults: Defaults = Defaults()
    tests: Annotated[tuple[QueryTest, ...], Field(min_length=1, max_length=10_000)]

    def consumer_of(self, test: QueryTest) -> PartyId | None:
        """Tell who asks, if the file says so."""
        return test.consumer or self.defaults.consumer

    def provider_of(self, test: QueryTest) -> PartyId | None:
        """Tell who is asked, if the file says so."""
        return test.provider or self.defaults.provider

    def purpose_of(self, test: QueryTest) -> str | None:
        """Tell for what purpose a query is asked, if the file says so."""
        return test.purpose or self.defaults.purpose

    def at_of(self, test: QueryTest) -> datetime | None:
        """Tell when a query is asked, if the file says so."""
        return test.at or self.defaults.at


def parse_contract_test(
    data: bytes, *, name: str = "contract test", limits: Limits = DEFAULT_LIMITS
) -> ContractTest:
    """Read a file of contract tests.

    Raises:
        DocumentError: With every finding, each with line, column and mend.
    """
    document = parse_yaml(data, name=name, limits=limits)
    tests = parse_model(document, ContractTest)
    findings = tuple(_check(tests))
    if findings:
        raise document_error([locate(item, document) for item in findings], name=name)
    return tests


def check_purposes(tests: ContractTest, contract: Contract) -> tuple[Finding, ...]:
    """Warn of purposes of a contract for which no test asks.

    Args:
        tests: Without findings of their own.
        contract: The one that they name.
    """
    first = contract.purposes[0].purpose
    stated = {tests.purpose_of(item) or first for item in tests.tests}
    return tuple(
        Finding(
            path="tests",
            message=f"no test asks for the purpose `{item.purpose}`",
            hint=f"add a test with `purpose: {item.purpose}`",
            severity=Severity.WARNING,
        )
        for item in contract.purposes
        if item.purpose not in stated
    )


def _check(tests: ContractTest) -> Iterator[Finding]:
    names = [item.name for item in tests.tests]
    for at, item in enumerate(tests.tests):
        if item.name in names[:at]:
            yield Finding(
                path=f"tests[{at}].name",
                message=f"test `{item.name}` is listed twice",
                hint="give each test its own name",
            )
        for expect, field in _PINS_OF_THE_OTHER:
            if item.expect is expect and getattr(item, field) is not None:
                yield Finding(
                    path=f"tests[{at}].{field}",
                    message=f"a query that is {expect} has no `{field}`",
                    hint=f"remove `{field}`, or expect the other",
                )
    for dataset, source in tests.datasets.items():
        given = [field for field in ("columns", "parquet", "csv") if getattr(source, field)]
        if len(given) != 1:
            yield Finding(
                path=path_text("datasets", dataset),
                message=f"the columns of `{dataset}` are given {len(given)} times",
                hint="write one of `columns`, `parquet` and `csv`",
            )
        known = {name.lower() for name in source.columns or source.classes}
        for name in source.classes:
            if name.lower() not in known:
                yield Finding(
                    path=path_text("datasets", dataset, "classes", name),
                    message=f"`{dataset}` has no column `{name}`",
                    hint="give a class to a column that is listed",
                )
