"""Statistics in the world: bands of planes at the provider, families that the maker brings.

Each question is about a band of its own, so that its cell is published once and charged once. What
was shown is kept here. When a question comes again its band has one plane more, too few to be told
apart: only a node that remembers what it has shown says the same again.
"""

import itertools
import secrets
from pathlib import Path

import duckdb

from sekisho.model.names import ContractId
from support.nodes import around_today

UNITS = 12
"""Planes of a band: two more than a cell must have, and one less than are rounded up to 15."""
BANDS = range(2_000, 4_000)
"""Numbers of bands; no other query has one of these."""
DELAY = 60
"""Minutes; no plane's are twice another's, so that none dominates a band, grown or not."""
BROUGHT = UNITS * 2
"""Planes that the maker has families of: those of the first two bands."""
CONTRACT = """
format: sekisho.contract/v1
title: Delays by band {title}
parties:
  - {{party: ua.example, role: provider}}
  - {{party: maker.example, role: consumer}}
purposes:
  - {{purpose: reliability, means: "Delay statistics."}}
{term}
grants:
  - grant: delays
    datasets: [ua.example/fleet]
    access: aggregate
    privacy_units: [tail_number]
    columns:
      tail_number: {{use: [join]}}
      band: {{use: [group, filter]}}
      delay: {{use: [measure]}}
    lookups:
      - {{name: planes, key: tail_number, columns: {{family: text}}, max_rows: 100}}
    disclosure: {{minimum_units: 10}}
personal_data: {{class: none}}
limits: {limits}
"""
BY_FAMILY = """
    SELECT p.family, count(*) AS n FROM ua.fleet AS f
    JOIN local.planes AS p ON f.tail_number = p.tail_number GROUP BY p.family ORDER BY p.family
"""
COUNTED = (
    "SELECT band, count(*) AS n, avg(delay) AS delay FROM fleet WHERE band IN ({}) GROUP BY band"
)


class Fleet:
    """The data, the questions, and what was shown of them."""

    def __init__(self, root: Path) -> None:
        self._data = root / "fleet.csv"
        self._planes = root / "planes.parquet"
        self._numbers = iter(BANDS)
        self._planes_added = itertools.count()
        self._grown: set[int] = set()
        self.contract = ContractId("")
        """Of statistics, with limits that are not reached."""
        self.shown: dict[int, list] = {}
        """By a band's number: what the maker was shown first."""

    def write(self) -> None:
        """Write both companies' data."""
        first = BANDS.start
        self._data.write_text(
            "tail_number,band,delay\n"
            + "".join(
                f"N{number}-{plane},b-{number},{DELAY + (number + plane) % DELAY}\n"
                for number in BANDS
                for plane in range(UNITS)
            )
        )
        duckdb.sql(
            f"COPY (SELECT printf('N%d-%d', {first} + i // {UNITS}, i % {UNITS}) AS tail_number,"
            f" 'f' || i // {UNITS} AS family FROM range({BROUGHT}) t(i))"
            f" TO '{self._planes}' (FORMAT parquet)"
        )

    @property
    def provided(self) -> str:
        """The dataset in the provider's node.yaml."""
        source = f'source: {{csv: "{self._data}"}}'
        return f"  fleet:\n    {source}\n    privacy_units: [tail_number]\n"

    @property
    def brought(self) -> str:
        """The dataset in the maker's."""
        return f'  planes:\n    source: {{parquet: "{self._planes}"}}\n'

    def next_band(self) -> int:
        """Choose a band that nobody has asked about."""
        return next(self._numbers)

    def grow(self, band: int) -> None:
        """Let a band have one plane more, once."""
        if band in self._grown:
            return
        self._grown.add(band)
        with self._data.open("a") as out:
            out.write(f"N{band}-more{next(self._planes_added)},b-{band},{2 * DELAY - 1}\n")


def statistics_text(limits: str) -> str:
    """Write a contract of statistics."""
    return CONTRACT.format(title=secrets.token_hex(3), term=around_today(), limits=limits)


def about(*bands: int) -> str:
    """Ask for the cells of some bands."""
    return COUNTED.format(", ".join(f"'b-{number}'" for number in bands))
