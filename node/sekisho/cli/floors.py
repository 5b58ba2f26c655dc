"""What commands hold a contract to before anybody signs: floors, guardrails, other contracts."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.place import Place, now, say
from sekisho.documents.contract import AuthoredContract
from sekisho.documents.guardrail import parse_guardrail
from sekisho.documents.proposal import unsigned_proposal
from sekisho.errors import Finding
from sekisho.model.floors import check_floors
from sekisho.model.guardrail import PlacedRule
from sekisho.model.guardrail_check import check_guardrails
from sekisho.store.folder import load_file
from sekisho.store.guardrails import load_guardrails, raise_conflicts

if TYPE_CHECKING:
    from sekisho.server.guarding import Guard


class Floors:
    """Everything that is known here of what a provider demands."""

    def __init__(
        self, place: Place | None, rules: Sequence[PlacedRule], guard: "Guard | None"
    ) -> None:
        """Use `open_floors` instead."""
        self._place = place
        self._rules = tuple(rules)
        self._guard = guard

    def before_signing(self, authored: AuthoredContract) -> tuple[Finding, ...]:
        """Find what keeps a contract from being signed, with paths in it."""
        if self._guard is not None:
            return self._guard.before_signing(unsigned_proposal(authored), now())
        config = self._place.config if self._place else None
        datasets = config.said_datasets() if config else {}
        provider = config.party if config else None
        return (
            *check_floors(authored.contract, datasets),
            *check_guardrails(
                authored.contract, datasets, self._rules, countries={}, provider=provider
            ),
        )


@contextmanager
def open_floors(options: argparse.Namespace, rules: Sequence[PlacedRule] = ()) -> Iterator[Floors]:
    """Read the guardrails of the node in `--dir`, if there is one, for the length of a block.

    Args:
        options: With `dir`.
        rules: To hold contracts to besides.

    Raises:
        DocumentError: A guardrail of the node cannot be read, or two contradict each other.
    """
    place = Place.find_any(options)
    if place is None:
        raise_conflicts(rules)
        if any(item.rule.when.column_class or item.rule.when.tag for item in rules):
            say(
                f"no node.yaml in `{options.dir}`: no column has a class and no dataset a tag, so"
                " rules that go by them find nothing"
            )
        yield Floors(None, rules, None)
    elif not place.database().exists():
        both = (*load_guardrails(place.folder, place.config), *rules)
        raise_conflicts(both)
        yield Floors(place, both, None)
    else:
        with place.records() as records:
            yield Floors(place, rules, place.guard(records, more=rules))


def read_rules(names: Sequence[str]) -> tuple[PlacedRule, ...]:
    """Read guardrails that are named on the command line.

    Raises:
        NodeError: A file is not there.
        DocumentError: One has findings.
    """
    return tuple(
        rule for name in names for rule in parse_guardrail(load_file(Path(name)), name=name)
    )
