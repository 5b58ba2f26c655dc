"""Which secret is attacked: the one that a person names, or what looks most like one."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from sekisho.disclosure.attacks.knowledge import Asked, Measured, Secret, Value

MOST_VALUES = 12
"""A column of more values is taken for something that is known of people, not for a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownColumn:
    """A granted column with everybody's value, as the grant shows it."""

    name: str
    is_named: bool
    """Whether a query may name its values: filter on it, or have it returned."""
    is_grouped: bool
    is_measure: bool
    is_who: bool
    """Whether it tells whose row it is: the privacy unit or its pseudonym."""
    is_sensitive: bool
    """Whether its provider says that it is about health, or is sensitive or commercial."""
    values: Sequence[Value]


def choose_secrets(columns: Sequence[ShownColumn]) -> tuple[Secret, ...]:
    """Choose what is attacked: what the provider calls sensitive, and what is measured.

    Of columns that queries can name, the last sensitive one of few values, and of those values the
    second most frequent; without measures, the last one of few values whatever it is called. Of
    measures, the first that is 0 or 1, and the first that is a number.
    """
    named = [item for item in columns if item.is_named and _is_of_few_values(item)]
    measures = [_measured(item) for item in columns if item.is_measure and _numbers(item)]
    flags = [item for item in measures if item.is_flag]
    numbers = [item for item in measures if not item.is_flag]
    asked = [item for item in named if item.is_sensitive or not measures]
    return (*map(_asked, asked[-1:]), *flags[:1], *numbers[:1])


def secret_of(columns: Mapping[str, ShownColumn], text: str) -> Secret | None:
    """Find the secret that a person names, `COLUMN` or `COLUMN=VALUE`; None where there is none."""
    name, is_valued, wanted = text.partition("=")
    column = columns.get(name.strip().lower())
    if column is None:
        return None
    if not is_valued:
        if column.is_measure and _numbers(column):
            return _measured(column)
        return _asked(column) if column.is_named and _frequent(column) else None
    found = [value for value in _frequent(column) if str(value).lower() == wanted.strip().lower()]
    if not found or not column.is_named:
        return None
    return Asked(column=column.name, value=found[0])


def _is_of_few_values(column: ShownColumn) -> bool:
    return not column.is_who and 1 < len(set(column.values) - {None}) <= MOST_VALUES


def _frequent(column: ShownColumn) -> list[Value]:
    """List a column's values, the most frequent first."""
    counted = Counter(value for value in column.values if value is not None)
    return sorted(counted, key=lambda value: (-counted[value], str(value)))


def _asked(column: ShownColumn) -> Asked:
    return Asked(column=column.name, value=_frequent(column)[:2][-1])


def _numbers(column: ShownColumn) -> list[float]:
    return [float(value) for value in column.values if isinstance(value, int | float)]


def _measured(column: ShownColumn) -> Measured:
    numbers = _numbers(column)
    is_flag = set(numbers) <= {0.0, 1.0}
    usual = float(round(sum(numbers) / len(numbers))) if is_flag else median(numbers)
    return Measured(column=column.name, is_flag=is_flag, usual=usual)


def values_of(secret: Secret, column: ShownColumn) -> Iterator[float | None]:
    """Give everybody's value of a secret, row by row."""
    for value in column.values:
        if isinstance(secret, Asked):
            yield float(value == secret.value)
        else:
            yield float(value) if isinstance(value, int | float) else None
