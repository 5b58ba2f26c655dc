"""What a query would do, told before anything is read or charged: who is asked what, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class FragmentExplanation:
    """What one provider would be asked, under which clauses, at what charge."""

    provider: str
    sql: str
    clauses: tuple[str, ...]
    plan: str
    charges: tuple[str, ...]
    terms: str
    """What a cell must meet before it is published; empty where rows leave."""
    lookups: tuple[str, ...]
    """The company's own tables that are brought to the provider first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeExplanation:
    """How the statistics of several providers become one relation."""

    name: str
    """As the residual reads it, such as `cells_0`."""
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a query would do; nothing has been read or charged. `print` draws it."""

    fragments: tuple[FragmentExplanation, ...]
    merges: tuple[MergeExplanation, ...]
    """Computed before the residual."""
    residual: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        """Draw it for a terminal: every provider's part, what is done here, what each learns."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return f"<pre>{escape(str(self))}</pre>"

    def _lines(self) -> Iterator[str]:
        for item in self.fragments:
            yield from _fragment_lines(item)
        for merge in self.merges:
            yield f"this node merges what they publish into {merge.name}"
            yield from _indented(merge.sql)
        yield "this node computes"
        yield from _indented(self.residual)
        yield f"columns: {', '.join(self.columns)}"
        if self.fragments:
            yield "what each company learns"
            yield from (f"  {line}" for line in self._learnt())

    def _learnt(self) -> Iterator[str]:
        """Say who learns what: a provider its own part of the query, and nothing of the others'."""
        for provider in dict.fromkeys(item.provider for item in self.fragments):
            own = [item for item in self.fragments if item.provider == provider]
            tables = [f"local.{name}" for item in own for name in item.lookups]
            brought = f", and {', '.join(dict.fromkeys(tables))}" if tables else ""
            asked = "what it is asked" if len(own) == 1 else f"the {len(own)} things it is asked"
            yield f"{provider}: {asked}, for which purpose and when{brought}"
        rows = dict.fromkeys(item.provider for item in self.fragments if not item.terms)
        cells = dict.fromkeys(item.provider for item in self.fragments if item.terms)
        given = [f"the rows that {_listed(rows)} returns"] if rows else []
        given += [f"the statistics that {_listed(cells)} publishes"] if cells else []
        yield f"this company: {' and '.join(given)}"
        yield "everybody else: nothing"


def _fragment_lines(item: FragmentExplanation) -> Iterator[str]:
    yield f"{item.provider} is asked"
    yield from _indented(item.sql)
    facts = [("is brought", f"local.{lookup}") for lookup in item.lookups]
    facts += [("allowed by", clause) for clause in item.clauses]
    facts += [("publishes", item.terms)] if item.terms else []
    facts += [("is charged", charge) for charge in item.charges]
    yield from (f"  {name:<12} {text}" for name, text in facts)
    if item.plan:
        yield "  would run"
        yield from _indented(item.plan)


def _indented(sql: str) -> Iterator[str]:
    return (f"    {line}" for line in sql.splitlines())


def _listed(names: dict[str, None]) -> str:
    *before, last = names
    return f"each of {', '.join(before)} and {last}" if before else last
