"""Which figures each provider is asked for, so that what a query wants can be put together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.askable import AskedBlock, AskedPart
from sekisho.model.contract import Function
from sekisho.model.plan import FigureKind
from sekisho.sql.blocks import BlockColumn, Call
from sekisho.sql.cells import figure_kind
from sekisho.sql.places import place_of, shown

_BESIDE: Mapping[FigureKind, tuple[FigureKind, ...]] = MappingProxyType(
    {
        FigureKind.COUNT: (),
        FigureKind.UNITS: (),
        FigureKind.SUM: (),
        FigureKind.MEAN: (FigureKind.COUNT,),
        FigureKind.DEVIATION: (FigureKind.MEAN, FigureKind.COUNT),
    }
)
"""What a figure of several providers is put together from, beside its own kind."""
_FUNCTIONS = {FigureKind.COUNT: Function.COUNT, FigureKind.MEAN: Function.AVG}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFigure:
    """One figure that each provider is asked for."""

    kind: FigureKind
    column: BlockColumn | None
    """None for a count of rows."""

    @property
    def identity(self) -> tuple[FigureKind, tuple[int, str] | None]:
        """Tell it from the block's others."""
        return self.kind, self.column.key if self.column is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures that each provider is asked for, `f0`, …, and what becomes of them."""

    asked: tuple[AskedFigure, ...]
    wanted: int
    """How many of them the query reads, from the first; the others help to put those together."""

    def number_of(self, figure: AskedFigure) -> int:
        """Tell which one it is."""
        return [item.identity for item in self.asked].index(figure.identity)

    def beside(self, number: int) -> Iterator[int]:
        """Tell which others one is put together from, in the order of `_BESIDE`."""
        return (self.number_of(item) for item in _helpers(self.asked[number]))


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
    helping: list[AskedFigure] = []
    if asked.is_merged:
        for call in asked.plain.calls:
            _check_merged(call, asked)
        helping = [helper for item in wanted for helper in _helpers(item)]
    if not wanted and not asked.keys:
        # Of a query that reads the providers' names alone, somebody must be counted.
        helping = [AskedFigure(kind=FigureKind.COUNT, column=None)]
    return Figures(asked=_once((*wanted, *helping)), wanted=len(wanted))


def _helpers(figure: AskedFigure) -> tuple[AskedFigure, ...]:
    return tuple(AskedFigure(kind=kind, column=figure.column) for kind in _BESIDE[figure.kind])


def _once(figures: Iterable[AskedFigure]) -> tuple[AskedFigure, ...]:
    return tuple({item.identity: item for item in figures}.values())


def _check_merged(call: Call, asked: AskedBlock) -> None:
    """Refuse a figure that does not add up, or for which a grant gives too little."""
    figure = figure_of(call)
    if figure.kind is FigureKind.UNITS:
        column = call.column.name if call.column is not None else ""
        message = f"distinct {shown(column)} do not add up: one may be with several providers"
        raise _refusal(message, call, asked)
    for part in asked.parts:
        functions = part.grant.functions if part.grant is not None else tuple(Function)
        for helper in _helpers(figure):
            wanted = _FUNCTIONS[helper.kind]
            if wanted not in functions:
                message = f"{shown(call.function)} of several providers is put together with"
                raise _refusal(
                    f"{message} `{wanted}`, which {shown(part.alias)} does not grant", call, asked
                )


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
