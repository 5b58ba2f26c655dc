"""The attacks that are tried, by the access mode that they are made for, and what helps against."""

from collections.abc import Mapping
from types import MappingProxyType

from sekisho.disclosure.attacks.attack import Attack, By, Wanted
from sekisho.disclosure.attacks.averaging import averaging
from sekisho.disclosure.attacks.differencing import differencing
from sekisho.disclosure.attacks.dominance import dominance
from sekisho.disclosure.attacks.insertion import insertion
from sekisho.disclosure.attacks.labelling import labelling
from sekisho.disclosure.attacks.presence import presence
from sekisho.disclosure.attacks.reconstruction import reconstruction
from sekisho.disclosure.attacks.singling import singling_out
from sekisho.disclosure.attacks.tracker import tracker
from sekisho.model.contract import Access

_COARSER = "coarser masks or fewer columns to group by and filter on, so that fewer are alone"
_PRIVATE = "`access: private`, which is made for partners who may attack"
_LINEAR = (
    "`limits.cells` and `limits.queries`: systems of many cells are bounded, not refused",
    "a larger `minimum_units`",
    _COARSER,
    _PRIVATE,
)
_NAMED = (
    "a declared measure (`from`) in place of a column that queries filter on or group by",
    _COARSER,
    _PRIVATE,
)
_BOTH = MappingProxyType({By.FIGURES: _LINEAR, By.WITHHELD: _NAMED})

ATTACKS: Mapping[Access, tuple[Attack, ...]] = MappingProxyType(
    {
        Access.ROWS: (
            Attack(
                name="singling out",
                explains="find a person's row by what is known of them, and read the rest of it",
                wants=Wanted.SECRETS,
                plays=singling_out,
                helps={
                    By.FIGURES: (
                        "coarser masks or fewer columns, so that fewer are alone",
                        "`access: aggregate`",
                    )
                },
            ),
        ),
        Access.AGGREGATE: (
            Attack(
                name="differencing",
                explains="ask of rows with a person and of the same rows without, and subtract",
                wants=Wanted.SECRETS,
                plays=differencing,
                helps=_BOTH,
            ),
            Attack(
                name="insertion",
                explains="ask before and after a person's rows come in, and subtract",
                wants=Wanted.SECRETS,
                plays=insertion,
                helps=_BOTH,
            ),
            Attack(
                name="tracker",
                explains="take the published parts of a set from its total: a person is left",
                wants=Wanted.SECRETS,
                plays=tracker,
                helps=_BOTH,
            ),
            Attack(
                name="averaging",
                explains="ask for one count in many ways, and take the mean of the answers",
                wants=Wanted.COUNTS,
                plays=averaging,
                helps={
                    By.FIGURES: (
                        "`functions: [count]`: a mean of 0 and 1 tells how many are 1",
                        _PRIVATE,
                    )
                },
            ),
            Attack(
                name="reconstruction",
                explains="solve the equations that groupings by a few columns make together",
                wants=Wanted.SECRETS,
                plays=reconstruction,
                helps={
                    By.FIGURES: _LINEAR,
                    By.WITHHELD: (
                        "a larger `minimum_units`, so that values in a cell are seldom all alike",
                        _COARSER,
                        _PRIVATE,
                    ),
                },
            ),
            Attack(
                name="lookup labelling",
                explains="bring a table of groups of one's own making, and track people by it",
                wants=Wanted.ANYBODYS,
                plays=labelling,
                helps={
                    By.FIGURES: ("a grant without `lookups`", *_LINEAR),
                    By.WITHHELD: ("a grant without `lookups`", *_NAMED),
                },
                needs_lookup=True,
            ),
            Attack(
                name="dominance",
                explains="take a total for the part of whoever makes up most of it",
                wants=Wanted.LARGEST,
                plays=dominance,
                helps={By.FIGURES: ("lower percentages in `dominance`", _PRIVATE)},
            ),
            Attack(
                name="presence",
                explains="tell small cells from empty ones by what is shown and what is not",
                wants=Wanted.PRESENCE,
                plays=presence,
                helps={By.FIGURES: ("a larger `minimum_units`",), By.WITHHELD: _NAMED},
            ),
        ),
    }
)
