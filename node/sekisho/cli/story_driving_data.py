"""Makes the driving story's data: three carmakers' trips, an insurer's policies and claims.

What is true of them stands in `model.sql`; this module says who holds which part. The same size and
seed give the same rows, however many threads work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from sekisho.cli.shipped import shipped

MAKERS: Final = ("aster", "borea", "cirrus")
_SHARES: Final = (0, 40, 75, 100)
"""Percent of all trips at which each carmaker's begin, and the last one's end."""
_PANEL_SHARE: Final = 95
"""Percent of a carmaker's trips at which those of its panel begin."""
_BLOCK: Final = 100
"""Trips that two vehicles share; no vehicle has trips of two blocks."""
LEAST_ROWS: Final = 10_000
"""With fewer trips a file might be empty."""
SEEDS: Final = 2**20
"""How many seeds there are; beyond them, draws of one seed would be another's."""
_MEMORY: Final = "1GB"
"""Larger data takes longer, not more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The trips of one carmaker, by number."""

    maker: str
    first: int
    panel: int
    """The first one of a vehicle in the panel."""
    past: int


def make_data(folder: Path, *, rows: int, seed: int, threads: int = 2) -> None:
    """Write `MAKER/{trips,panel}.parquet` and `insurer/{policies,claims}.parquet`.

    Args:
        folder: Made when it is not there.
        rows: How many trips there are, those of the panels included.
        seed: Which one of many worlds that are alike.
        threads: How many work.

    Raises:
        ValueError: Too few rows, or a seed out of bounds.
    """
    if rows < LEAST_ROWS:
        raise ValueError(f"expected at least {LEAST_ROWS:,} rows, found {rows:,}")
    if not 0 <= seed < SEEDS:
        raise ValueError(f"expected a seed from 0 to {SEEDS - 1:,}, found {seed:,}")
    spans = tuple(spans_of(rows))
    with _world(seed=seed, threads=threads) as world:
        for span in spans:
            held = folder / span.maker
            held.mkdir(parents=True, exist_ok=True)
            trips = _rows(world, "telematics", span.maker, span.first, span.panel)
            _write(trips.select("* EXCLUDE consent"), held / "trips.parquet")
            panel = _rows(world, "telematics", span.maker, span.panel, span.past)
            _write(panel, held / "panel.parquet")
        held = folder / "insurer"
        held.mkdir(exist_ok=True)
        for kind in ("policies", "claims"):
            first, *others = (_rows(world, kind, s.maker, s.first, s.past) for s in spans)
            for other in others:
                first = first.union(other)
            _write(first, held / f"{kind}.parquet")


def rates() -> list[tuple[str, int, float, float, float]]:
    """Give the rates that the data is made with, the same for every seed.

    Shape:
        out, by road type and two model years: hard brakings and near-collisions in 1,000 km, claims
        in 1,000,000 km.
    """
    with _world(seed=0, threads=1) as world:
        return world.execute(
            "SELECT road_type, two_years, (brakes * brakes_factor)::DOUBLE,"
            " (near * near_factor)::DOUBLE, (claims * near_factor)::DOUBLE"
            " FROM roads, years ORDER BY road_type, two_years"
        ).fetchall()


def spans_of(rows: int) -> Iterator[Span]:
    """Share the trips out among the carmakers, vehicle by vehicle."""
    edges = [_whole(rows * share) for share in _SHARES[:-1]] + [rows]
    for maker, first, past in zip(MAKERS, edges[:-1], edges[1:], strict=True):
        panel = first + _whole((past - first) * _PANEL_SHARE)
        yield Span(maker=maker, first=first, panel=panel, past=past)


def _whole(hundredths: int) -> int:
    """Give a number of trips in whole blocks."""
    return hundredths // 100 // _BLOCK * _BLOCK


def _world(*, seed: int, threads: int) -> duckdb.DuckDBPyConnection:
    """Open a database that knows the model."""
    world = duckdb.connect(config={"threads": threads, "memory_limit": _MEMORY})
    world.execute("SET VARIABLE seed = $1", [seed])
    world.execute((shipped("stories", "driving") / "model.sql").read_text())
    return world


def _rows(
    world: duckdb.DuckDBPyConnection, kind: str, maker: str, *between: int
) -> duckdb.DuckDBPyRelation:
    """Give what `model.sql` says of a maker's trips."""
    return world.table_function(kind, [maker, *between])


def _write(rows: duckdb.DuckDBPyRelation, file: Path) -> None:
    rows.write_parquet(str(file), compression="zstd")
