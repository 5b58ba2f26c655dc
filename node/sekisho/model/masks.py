"""Masks: what stands in a column's place before anybody outside sees a value."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    RootModel,
    Tag,
    WithJsonSchema,
)

from sekisho.model.directions import ANY_CHANGE, LISTED_WIDEN, Compared, rungs
from sekisho.model.terms import DocumentModel, enforced, fields_of, mistake


class TruncateUnit(StrEnum):
    """To what a date or time is cut, in the contract's time zone."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"


def _rising(edges: tuple[int, ...]) -> tuple[int, ...]:
    if any(left >= right for left, right in pairwise(edges)):
        message = "the edges of `bucket` do not rise"
        raise mistake(message, "write each edge once, smallest first, such as `[0, 18, 65]`")
    return edges


def rounds_finer(first: int, second: int) -> bool:
    """Tell that what is rounded to `second` follows from what is rounded to `first`.

    A multiple rounds where the step does only when it is an odd one: 15 after 5, but not 10.
    """
    return second % first == 0 and second // first % 2 == 1


_UNITS = rungs(TruncateUnit.YEAR, TruncateUnit.MONTH, TruncateUnit.DAY, TruncateUnit.HOUR)
_STEPS = Compared(covers=rounds_finer, words="a step widens over its odd multiples")
_WIDTHS = Compared(
    covers=lambda first, second: second % first == 0, words="a width widens over its multiples"
)


class PseudonymMask(DocumentModel):
    """A keyed hash as text, linkable nowhere outside this contract and provider."""

    pseudonym: Annotated[
        Literal["this-contract-and-provider"],
        enforced("Pseudonym, linkable only within", "仮名。名寄せできる範囲", ANY_CHANGE),
    ]


class TruncateMask(DocumentModel):
    """A date or time cut to its year, month, day or hour."""

    truncate: Annotated[
        TruncateUnit, enforced("Date or time cut to the", "日時の切捨て単位", _UNITS)
    ]


class RoundMask(DocumentModel):
    """A number rounded to the nearest multiple."""

    round_to: Annotated[
        int,
        Field(ge=1, le=10**12),
        enforced(
            "Number rounded to multiples of",
            "数値の丸め単位（この数の倍数に丸める）",
            _STEPS,
        ),
    ]


class BucketMask(DocumentModel):
    """A number replaced by the edge at or below it; NULL below the first edge."""

    bucket: Annotated[
        tuple[int, ...],
        Field(min_length=1, max_length=1000),
        AfterValidator(_rising),
        enforced(
            "Number replaced by the edge at or below it, of",
            "数値の階級区分の下限値",
            LISTED_WIDEN,
        ),
    ]


class BucketWidthMask(DocumentModel):
    """A number replaced by the start of its bucket of even width."""

    bucket_width: Annotated[
        int,
        Field(ge=1, le=10**12),
        enforced("Number replaced by the start of its bucket of width", "数値の階級幅", _WIDTHS),
    ]


def _redact(value: object) -> str:
    """Read `redact`; every other form of no known mask ends here too."""
    if value == "redact":
        return "redact"
    message = f"`{value}` is not a mask" if isinstance(value, str) else "this is not a mask"
    raise mistake(
        message,
        "write {pseudonym: this-contract-and-provider}, {truncate: month}, {round_to: 5}, "
        "{bucket: [0, 18, 65]}, {bucket_width: 7} or redact",
    )


class RedactMask(
    RootModel[
        Annotated[
            Literal["redact"],
            PlainValidator(_redact),
            WithJsonSchema({"type": "string", "const": "redact"}),
        ]
    ]
):
    """NULL of the same type in every row."""

    model_config = ConfigDict(frozen=True)


_KEYS = ("pseudonym", "truncate", "round_to", "bucket", "bucket_width")


def _form_of(value: object) -> str:
    """Name the form of a mask by its key, so that a finding speaks of that form alone."""
    if isinstance(value, dict):
        return next((f"#{key}" for key in _KEYS if key in value), "#redact")
    return "#redact"


Mask = Annotated[
    Annotated[PseudonymMask, Tag("#pseudonym")]
    | Annotated[TruncateMask, Tag("#truncate")]
    | Annotated[RoundMask, Tag("#round_to")]
    | Annotated[BucketMask, Tag("#bucket")]
    | Annotated[BucketWidthMask, Tag("#bucket_width")]
    | Annotated[RedactMask, Tag("#redact")],
    Discriminator(_form_of),
]
AnyMask = PseudonymMask | TruncateMask | RoundMask | BucketMask | BucketWidthMask | RedactMask
"""What a mask is once it has been read, for `match`."""


def mask_covers(first: AnyMask | None, second: AnyMask | None) -> bool:
    """Tell that whatever the second mask shows can be worked out from what the first shows.

    No mask shows all, and `redact` nothing. Masks of two kinds show different things.
    """
    if first is None or isinstance(second, RedactMask):
        return True
    if second is None or type(first) is not type(second):
        return False
    (field,) = fields_of(type(first))
    compared, name = field.clause.compared, field.attribute
    return isinstance(compared, Compared) and compared.covers(
        getattr(first, name), getattr(second, name)
    )


MASKS = Compared(covers=mask_covers, words="a finer mask widens, no mask is widest")


def mask_words(mask: AnyMask | None) -> str:
    """Say a mask as the contract writes it; nothing where there is none."""
    if mask is None:
        return ""
    value = mask.model_dump(mode="json")
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{key}: {item}" for key, item in value.items())
