"""The attacks that are tried, by the access mode that they are made for."""

from collections.abc import Mapping
from types import MappingProxyType

from sekisho.disclosure.attacks.attack import Attack, Wanted
from sekisho.disclosure.attacks.averaging import averaging
from sekisho.disclosure.attacks.complement import complement
from sekisho.disclosure.attacks.differencing import differencing
from sekisho.disclosure.attacks.dominance import dominance
from sekisho.disclosure.attacks.insertion import insertion
from sekisho.disclosure.attacks.presence import presence
from sekisho.disclosure.attacks.reconstruction import reconstruction
from sekisho.disclosure.attacks.singling import singling_out
from sekisho.model.contract import Access

ATTACKS: Mapping[Access, tuple[Attack, ...]] = MappingProxyType(
    {
        Access.ROWS: (
            Attack(
                name="singling out",
                explains="find a person's row by what is known of them, and read the rest of it",
                wants=Wanted.SECRETS,
                plays=singling_out,
            ),
        ),
        Access.AGGREGATE: (
            Attack(
                name="differencing",
                explains="ask of rows with a person and of the same rows without, and subtract",
                wants=Wanted.SECRETS,
                plays=differencing,
            ),
            Attack(
                name="insertion",
                explains="ask before and after a person's rows come in, and subtract",
                wants=Wanted.SECRETS,
                plays=insertion,
            ),
            Attack(
                name="complement",
                explains="take the published parts of a set from its total: a person is left",
                wants=Wanted.SECRETS,
                plays=complement,
            ),
            Attack(
                name="averaging",
                explains="ask for one count in many ways, and take the mean of the answers",
                wants=Wanted.COUNTS,
                plays=averaging,
            ),
            Attack(
                name="reconstruction",
                explains="solve the equations that all groupings by a few columns make",
                wants=Wanted.SECRETS,
                plays=reconstruction,
            ),
            Attack(
                name="dominance",
                explains="take a total for the part of whoever makes up most of it",
                wants=Wanted.LARGEST,
                plays=dominance,
            ),
            Attack(
                name="presence",
                explains="tell small cells from empty ones by what is shown and what is not",
                wants=Wanted.PRESENCE,
                plays=presence,
            ),
        ),
    }
)
