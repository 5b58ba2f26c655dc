"""Grants: which datasets, columns and rows may be used, how, and what must hold of the outcome."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sekisho.model.directions import (
    ANY_CHANGE,
    ASIDE,
    LESS_WIDENS,
    LISTED_NARROW,
    LISTED_WIDEN,
    MORE_WIDENS,
    Compared,
    Direction,
    Named,
    Parts,
    one_covers_all,
    or_all,
)
from sekisho.model.masks import MASKS, Mask, rounds_finer
from sekisho.model.names import PartyId, split_dataset
from sekisho.model.row_filters import filter_covers
from sekisho.model.terms import DocumentModel, LongText, ShortText, Slug, enforced, mistake
from sekisho.model.terms_values import MAX_COUNT, ColumnName, DatasetName


class Access(StrEnum):
    """The way in which a grant lets its datasets be used."""

    ROWS = "rows"
    AGGREGATE = "aggregate"
    PRIVATE = "private"
    POOLED = "pooled"
    MATCH = "match"


SERVED_ACCESS = frozenset({Access.ROWS, Access.AGGREGATE})
"""What this release serves; a grant in another mode is reviewed and signed, never answered."""


class Use(StrEnum):
    """What a query may do with a column's values, after its mask."""

    RETURN = "return"
    FILTER = "filter"
    JOIN = "join"
    GROUP = "group"
    MEASURE = "measure"


class Function(StrEnum):
    """What may be computed over a measure where rows do not leave."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    STDDEV = "stddev"


class LookupType(StrEnum):
    """The type of a column in a small table that the consumer brings."""

    TEXT = "text"
    INTEGER = "integer"
    DATE = "date"
    BOOLEAN = "boolean"


def _rising(bounds: tuple[int, int]) -> tuple[int, int]:
    if bounds[0] >= bounds[1]:
        message = f"`clamp` begins at {bounds[0]} and ends at {bounds[1]}"
        raise mistake(message, "write the smaller bound first, such as `[-60, 1440]`")
    return bounds


def _rounds_finer(first: int, second: int) -> bool:
    """Tell that counts rounded to `second` follow from counts rounded to `first`."""
    return first == 1 or rounds_finer(first, second)


_BOUNDS = or_all(
    Compared(
        covers=lambda first, second: first[0] <= second[0] and second[1] <= first[1],
        words="bounds further apart widen",
    ),
    "no bounds are widest",
)
_BROUGHT = Compared(
    covers=lambda first, second: first.items() >= second.items(), words="one more widens"
)
_MATCHING = Compared(covers=lambda first, second: second or not first, words="`false` is widest")
_ROUNDED_COUNTS = Compared(
    covers=_rounds_finer, words="finer steps widen, where the coarser follow from them"
)
_ACCESS = one_covers_all(Access.ROWS, words="`rows` is widest; the others are not compared")
"""Who holds the rows can work out what any other mode tells; the others tell different things."""
_FILTERS = Compared(covers=filter_covers, words="a condition less, of those joined by AND, widens")
_FUNCTIONS = or_all(LISTED_WIDEN, "any function is widest")
"""Rows may be computed on by any function; that is written as None, see `effective`."""

Integer = Annotated[int, Field(ge=-MAX_COUNT, le=MAX_COUNT)]
Percent = Annotated[int, Field(ge=1, le=100)]


class Threshold(DocumentModel):
    """A declared measure that is 1 where a column reaches a bound or is a text, and 0 elsewhere.

    NULL stays NULL. Exactly one of `at_least` and `equals` is written.
    """

    column: Annotated[ColumnName, enforced("Column compared", "比較する項目", ANY_CHANGE)]
    at_least: Annotated[
        Integer | None, enforced("Counts as 1 from", "1とみなす下限値", ANY_CHANGE)
    ] = None
    equals: Annotated[ShortText | None, enforced("Counts as 1", "1とみなす値", ANY_CHANGE)] = None


class ColumnGrant(DocumentModel):
    """What one column may be used for, and in which form it is shown."""

    use: Annotated[
        frozenset[Use], Field(min_length=1), enforced("May be", "許諾される用法", LISTED_WIDEN)
    ] = frozenset()
    mask: Annotated[Mask | None, enforced("Shown as", "開示する形", MASKS)] = None
    clamp: Annotated[
        tuple[Integer, Integer] | None,
        AfterValidator(lambda bounds: bounds and _rising(bounds)),
        enforced(
            "Measured (values outside count as the bound) between",
            "計測値の範囲（範囲外の値は上限値又は下限値とみなす）",
            _BOUNDS,
        ),
    ] = None
    source: Annotated[
        Threshold | None,
        Field(alias="from"),
        enforced("Computed from", "算出元", Parts()),
    ] = None

    def uses(self, access: Access) -> frozenset[Use]:
        """Tell what the column may be used for in a grant of this access mode.

        `return` implies the others: who sees a value may compute on it. In `rows`, a column
        without `use` may be returned; the other modes have no default.
        """
        written = self.use
        if not written and access is Access.ROWS:
            written = frozenset({Use.RETURN})
        return frozenset(Use) if Use.RETURN in written else written


class Lookup(DocumentModel):
    """A small table that the consumer may bring, joined at the provider."""

    name: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$"), enforced("Table", "参照表の名称", ANY_CHANGE)
    ]
    key: Annotated[ColumnName, enforced("Joined on", "結合する項目", ANY_CHANGE)]
    columns: Annotated[
        Mapping[ColumnName, LookupType],
        Field(min_length=1, max_length=100),
        enforced("Columns that it brings", "持ち込む項目", _BROUGHT),
    ]
    max_rows: Annotated[
        int, Field(ge=1, le=1_000_000), enforced("Rows at most", "行数の上限", MORE_WIDENS)
    ]
    must_match: Annotated[
        bool,
        enforced(
            "Every key must be found at the provider, and every group be large enough there",
            "全てのキーが提供者側に存在し、全ての区分が最小数を満たすこと",
            _MATCHING,
        ),
    ] = True
    provider_may: Annotated[
        Literal["nothing-else"],
        enforced(
            "The provider may use it otherwise for", "提供者による参照表の他の利用", ANY_CHANGE
        ),
    ] = "nothing-else"


class Dominance(DocumentModel):
    """When a cell is withheld because a few units make up most of it."""

    largest_percent: Annotated[
        Percent,
        enforced(
            "Withheld when one unit exceeds, in percent", "1単位の占有率の上限（%）", MORE_WIDENS
        ),
    ] = 50
    two_largest_percent: Annotated[
        Percent,
        enforced(
            "Withheld when two units exceed, in percent",
            "上位2単位の占有率の上限（%）",
            MORE_WIDENS,
        ),
    ] = 85
    p_percent: Annotated[
        Percent,
        enforced(
            "Withheld when one unit can be estimated within, in percent",
            "p%ルールの閾値（%）",
            LESS_WIDENS,
        ),
    ] = 10


class Disclosure(DocumentModel):
    """What must hold of an outcome before it is released."""

    minimum_units: Annotated[
        int,
        Field(ge=2, le=1_000_000),
        enforced(
            "Fewest distinct privacy units",
            "保護単位の最小数（これ未満は開示しない）",
            LESS_WIDENS,
        ),
    ] = 10
    dominance: Annotated[Dominance, enforced("Dominance", "占有ルール", Parts())] = Dominance()
    round_counts_to: Annotated[
        int,
        Field(ge=1, le=1000),
        enforced("Counts rounded to multiples of", "件数の丸め単位", _ROUNDED_COUNTS),
    ] = 5


class Grant(DocumentModel):
    """Datasets, columns, a row filter and an access mode."""

    grant: Annotated[Slug, enforced("Grant", "許諾の名称", ASIDE)]
    datasets: Annotated[
        tuple[DatasetName, ...],
        Field(min_length=1, max_length=1000, json_schema_extra={"uniqueItems": True}),
        enforced("Datasets", "対象データセット", LISTED_WIDEN),
    ]
    access: Annotated[Access, enforced("Access mode", "アクセス方式", _ACCESS)]
    privacy_units: Annotated[
        tuple[ColumnName, ...],
        Field(max_length=16, json_schema_extra={"uniqueItems": True}),
        enforced(
            "Protected units (who must not be singled out)",
            "保護単位（個別に識別させない対象）",
            LISTED_NARROW,
        ),
    ] = ()
    where: Annotated[
        LongText | None,
        enforced("Only rows for which this is true", "対象とする行の条件", _FILTERS),
    ] = None
    columns: Annotated[
        Mapping[ColumnName, ColumnGrant],
        Field(min_length=1, max_length=10_000),
        enforced("Columns", "対象項目", Named(added=Direction.WIDER)),
    ]
    functions: Annotated[
        tuple[Function, ...],
        Field(min_length=1, json_schema_extra={"uniqueItems": True}),
        enforced("Functions over measures", "計測値に使える関数", _FUNCTIONS),
    ] = tuple(Function)
    lookups: Annotated[
        tuple[Lookup, ...],
        Field(max_length=100),
        enforced(
            "Tables that the consumer may bring",
            "利用者が持ち込める参照表",
            Named(by="name", added=Direction.WIDER),
        ),
    ] = ()
    disclosure: Annotated[
        Disclosure | None,
        enforced("Conditions of release", "開示の条件", Parts(added=Direction.NARROWER)),
    ] = None

    @property
    def effective_disclosure(self) -> Disclosure | None:
        """What must hold of an outcome: nothing for rows unless written, the defaults elsewhere."""
        if self.disclosure is None and self.access in {Access.AGGREGATE, Access.PRIVATE}:
            return Disclosure()
        return self.disclosure

    @property
    def filterable_measures(self) -> tuple[ColumnName, ...]:
        """List what is measured in figures, and by which rows may also be chosen as it is.

        A declared measure with a bound measures the column behind it; one that counts a text tells
        no more than choosing that text does.
        """
        if self.access in {Access.ROWS, Access.MATCH}:
            return ()
        columns = self.columns.values()
        behind = {
            item.source.column.lower()
            for item in columns
            if item.source is not None and item.source.at_least is not None
        }
        return tuple(
            name
            for name, column in self.columns.items()
            if column.mask is None
            and column.use & {Use.FILTER, Use.GROUP}
            and (Use.MEASURE in column.use or name.lower() in behind)
        )

    @property
    def is_served(self) -> bool:
        """Whether this release can answer under the grant at all."""
        return self.access in SERVED_ACCESS

    def datasets_of(self, provider: PartyId) -> tuple[DatasetName, ...]:
        """List the grant's datasets that one provider offers."""
        return tuple(item for item in self.datasets if split_dataset(item)[0] == provider)
