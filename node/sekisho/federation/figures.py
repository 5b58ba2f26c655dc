"""Which figures each provider is asked for, so that what a query wants can be put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.askable import AskedBlock, AskedPart
from sekisho.model.contract import Function
from sekisho.model.plan import FigureKind
from sekisho.sql.blocks import BlockColumn, Call
from sekisho.sql.cells import figure_kind
from sekisho.sql.places import place_of, shown

Identity = tuple[FigureKind, tuple[int, str] | None]
_FUNCTIONS = {FigureKind.COUNT: Function.COUNT, FigureKind.MEAN: Function.AVG}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFigure:
    """One figure that each provider is asked for."""

    kind: FigureKind
    column: BlockColumn | None = None
    """None for a count of rows."""

    @property
    def identity(self) -> Identity:
        """Tell it from the block's others."""
        return self.kind, self.column.key if self.column is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures that each provider is asked for, `f0`, …, and what becomes of them."""

    asked: tuple[AskedFigure, ...]
    wanted: int
    """How many of them the query reads, from the first; the others help to put those together."""
    helpers: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """What a mean or deviation of several providers is put together with, by number: the count of
    rows, the count of values, and for a deviation the mean."""

    def number_of(self, figure: AskedFigure) -> int:
        """Tell which one it is."""
        return _numbers(self.asked)[figure.identity]


def figure_of(call: Call) -> AskedFigure:
    """Say which figure stands in the place of an aggregate."""
    kind = figure_kind(call)
    if kind is None:
        raise RuntimeError("an aggregate was not held to the grant")
    return AskedFigure(kind=kind, column=call.column)


def figures_of(asked: AskedBlock) -> Figures:
    """List what each provider is asked for.

    Raises:
        Refusal: `FUNCTION_NOT_ALLOWED` for what cannot be put together from several providers.
    """
    wanted = _once(figure_of(call) for call in asked.plain.calls)
    if not asked.is_merged:
        # Where a query reads names of providers alone, it takes a count to tell who has rows.
        rows = () if wanted or asked.keys else (AskedFigure(kind=FigureKind.COUNT),)
        return Figures(asked=(*wanted, *rows), wanted=len(wanted))
    for call in asked.plain.calls:
        _check_merged(call, asked)
    found = _once((*wanted, *(helper for item in wanted for helper in _helpers_of(item))))
    numbers = _numbers(found)
    helpers = {
        at: tuple(numbers[helper.identity] for helper in _helpers_of(item))
        for at, item in enumerate(wanted)
    }
    return Figures(
        asked=found,
        wanted=len(wanted),
        helpers={at: beside for at, beside in helpers.items() if beside},
    )


def _helpers_of(figure: AskedFigure) -> tuple[AskedFigure, ...]:
    """List what a figure of several providers is put together with.

    A count of values that are nearly all of the rows is withheld beside the count of rows, which
    then stands for it; so that one is asked for too, and first.
    """
    rows = AskedFigure(kind=FigureKind.COUNT)
    values = AskedFigure(kind=FigureKind.COUNT, column=figure.column)
    mean = AskedFigure(kind=FigureKind.MEAN, column=figure.column)
    match figure.kind:
        case FigureKind.MEAN:
            return rows, values
        case FigureKind.DEVIATION:
            return rows, values, mean
        case _:
            return ()


def _once(figures: Iterable[AskedFigure]) -> tuple[AskedFigure, ...]:
    return tuple({item.identity: item for item in figures}.values())


def _numbers(figures: Sequence[AskedFigure]) -> Mapping[Identity, int]:
    return {item.identity: at for at, item in enumerate(figures)}


def _check_merged(call: Call, asked: AskedBlock) -> None:
    """Refuse a figure that does not add up, or for which a grant gives too little."""
    figure = figure_of(call)
    if figure.kind is FigureKind.UNITS:
        column = call.column.name if call.column is not None else ""
        message = f"distinct {shown(column)} do not add up: one may be with several providers"
        raise _refusal(message, call, asked)
    for part in asked.parts:
        functions = part.grant.functions if part.grant is not None else tuple(Function)
        for helper in _helpers_of(figure):
            wanted = _FUNCTIONS[helper.kind]
            if wanted not in functions:
                message = (
                    f"{shown(call.function)} of several providers is put together with `{wanted}`,"
                    f" which {shown(part.alias)} does not grant"
                )
                raise _refusal(message, call, asked)


def _refusal(message: str, call: Call, asked: AskedBlock) -> Refusal:
    line, column = place_of(call.node)
    return Refusal(
        RefusalReason.FUNCTION_NOT_ALLOWED,
        message,
        line=line,
        column=column,
        allowed=tuple(_own(part, asked) for part in asked.parts),
        hint="name `provider` in GROUP BY too, or ask one provider at a time",
    )


def _own(part: AskedPart, asked: AskedBlock) -> str:
    """Name a provider's own dataset, as a query does."""
    first = asked.plain.select.sources[0].number
    return f"{part.alias}.{part.datasets[first].dataset}"
