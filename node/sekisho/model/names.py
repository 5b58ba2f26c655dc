"""What things are called: parties, datasets, aliases and contract ids."""

import re
from typing import NewType

PartyId = NewType("PartyId", str)
"""A company's lower-case ASCII host name, such as `ua.example`."""
DatasetId = NewType("DatasetId", str)
"""`PARTY/NAME`, such as `ua.example/flights`."""
ContractId = NewType("ContractId", str)
"""`sha256:` and 64 hex digits of the signed payload."""

PARTY_PATTERN = (
    r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    r"(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
)
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
"""Datasets, columns that we name, grants' engine-facing names."""
ALIAS_PATTERN = r"^[a-z][a-z0-9_]{0,30}$"
ID_PATTERN = r"^sha256:[0-9a-f]{64}$"

RESERVED_ALIASES = frozenset(
    {
        "information_schema",
        "local",
        "main",
        "memory",
        "pg_catalog",
        "sekisho",
        "shared",
        "system",
        "temp",
    }
)
"""Schema names that already mean something in a query."""

SQL_KEYWORDS = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at between both by case cast
    check collate column constraint create cross default deferrable desc describe distinct do else
    end except exists false fetch for foreign from full glob grant group having ilike in initially
    inner intersect into is isnull join lambda lateral leading left like limit map natural not
    notnull null offset on only or order outer overlaps pivot placing positional primary qualify
    references returning right select semi set show similar some struct summarize symmetric table
    tablesample then to trailing true try_cast union unique unpivot using values variadic when
    where window with
    """.split()
)
"""Words that a query cannot use as a bare schema name."""


def is_party(text: str) -> bool:
    """Tell whether a text can name a party."""
    return re.fullmatch(PARTY_PATTERN, text) is not None


def is_alias(text: str) -> bool:
    """Tell whether a text can stand as a party's schema in a query."""
    return (
        re.fullmatch(ALIAS_PATTERN, text) is not None
        and text not in RESERVED_ALIASES
        and text not in SQL_KEYWORDS
    )


def default_alias(party: PartyId) -> str:
    """Suggest the alias that a party gets when nobody chose one: its first label."""
    return party.split(".", 1)[0].replace("-", "_")


def split_dataset(dataset: DatasetId) -> tuple[PartyId, str]:
    """Take `PARTY/NAME` apart."""
    party, _, name = dataset.partition("/")
    return PartyId(party), name


def join_dataset(party: PartyId, name: str) -> DatasetId:
    """Put `PARTY/NAME` together."""
    return DatasetId(f"{party}/{name}")


def short_id(whole: str) -> str:
    """Show the first 12 digits of an id, for people; never for the wire."""
    return whole.removeprefix("sha256:")[:12]
