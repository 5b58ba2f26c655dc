"""Fixtures over real nodes, shared by `e2e/` and `attacks/`."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.attackers import Hospital
from support.flights import flights_section, write_flights
from support.lookups import flights_section as statistics_section
from support.lookups import write_fleet
from support.nodes import Companies, Company, contract_text
from support.statistics import Node, one_test


@dataclass(frozen=True)
class Pair:
    """A provider and a consumer with a contract in force."""

    companies: Companies
    contract: str

    @property
    def ua(self) -> Company:
        return self.companies["ua"]

    @property
    def maker(self) -> Company:
        return self.companies["maker"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Iterator[Pair]:
    """A running provider and consumer, and a contract that both have signed."""
    root = tmp_path_factory.mktemp("pair")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet")
        companies.found("ua", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield Pair(companies=companies, contract=companies.agree(contract_text()))


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> Iterator[Companies]:
    """Two running providers and a consumer that know each other, without a contract."""
    root = tmp_path_factory.mktemp("three")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet")
        companies.found("ua", flights_section(path))
        companies.found("dl", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


@dataclass(frozen=True)
class Partners:
    """A provider and two companies that ask it without nodes, each under a contract of its own."""

    companies: Companies
    contracts: dict[str, str]

    @property
    def ua(self) -> Company:
        return self.companies["ua"]


@pytest.fixture(scope="module")
def partners(three) -> Partners:
    """A provider whose contracts with `maker` and with `dl` take the connection as evidence."""
    contracts = {
        name: three.agree(contract_text(consumer=name, extra="evidence: {requests: tls}"))
        for name in ("maker", "dl")
    }
    return Partners(companies=three, contracts=contracts)


@pytest.fixture(scope="module")
def airline(tmp_path_factory) -> Iterator[Companies]:
    """A running airline that gives statistics of a small fleet, a maker, and another consumer."""
    root = tmp_path_factory.mktemp("airline")
    with Companies(root) as companies:
        companies.found("ua", statistics_section(write_fleet(root / "fleet.parquet")))
        companies.found("maker")
        companies.found("rival")
        companies.introduce()
        companies.start()
        yield companies


@pytest.fixture(scope="module")
def quiet_hospital(tmp_path_factory) -> Iterator[Node]:
    """The same for tests that ask the gate alone: nothing is published in it."""
    with Node(tmp_path_factory.mktemp("quiet")) as node:
        node.tests()
        yield node
        assert not node.fresh


@pytest.fixture
def hospital(tmp_path) -> Iterator[Node]:
    """A provider of statistics in this process: one test of each of sixty patients."""
    with Node(tmp_path) as node:
        node.tests(*(one_test(patient) for patient in range(60)))
        yield node


@pytest.fixture(scope="session")
def attacked(tmp_path_factory) -> Iterator[Hospital]:
    """Hospital A's tests under terms that show more than they should, for attackers to ask."""
    found = Hospital(tmp_path_factory.mktemp("attacked"))
    yield found
    found.close()
