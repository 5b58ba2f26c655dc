"""Whether a node's guardrails can be read, see what they are meant for, and are met."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sekisho.cli.matter import Finding
from sekisho.cli.place import Place
from sekisho.documents.models import nearest
from sekisho.errors import SekishoError
from sekisho.model.dataset import Dataset
from sekisho.model.guardrail import PlacedRule, count_rules
from sekisho.model.guardrail_matching import bears
from sekisho.model.names import short_id, split_dataset
from sekisho.store.guardrails import load_guardrails

MOST_NAMED = 5
"""Columns that one finding names; the rest is counted."""


def check_guardrails(place: Place, at: datetime) -> Iterator[Finding]:
    """Read the guardrails, and hold the contracts that stand to them.

    Raises:
        DocumentError: One cannot be read, or two contradict each other.
    """
    with place.records() as records:
        guard = place.guard(records)
        below = list(guard.not_served(at))
    yield Finding(state="ok", matter="guardrails", message=count_rules(guard.guardrails))
    yield from _idle_tags(place, guard.guardrails)
    for signed, findings in below:
        for item in findings:
            yield Finding(
                state="fail",
                matter=f"contract {short_id(signed.id)}",
                message=f"not served: {item.path}: {item.message}",
                hint=item.hint,
            )


def check_classes(place: Place, datasets: Iterable[Dataset]) -> Iterator[Finding]:
    """Find columns that no rule sees which goes by class; nothing where there is no such rule."""
    try:
        rules = load_guardrails(place.folder, place.config)
    except SekishoError:
        return  # `check_guardrails` says what is wrong with them
    if not any(item.rule.when.column_class for item in rules):
        return
    for dataset in datasets:
        bare = [item.name for item in dataset.columns if item.column_class is None]
        if bare:
            more = f" and {len(bare) - MOST_NAMED} more" if len(bare) > MOST_NAMED else ""
            yield Finding(
                state="warn",
                matter=f"dataset {split_dataset(dataset.id)[1]}",
                message="guardrails go by class, and there is none for "
                f"{', '.join(bare[:MOST_NAMED])}{more}",
                hint="give each column its `class` in node.yaml; `public` is one",
            )


def _idle_tags(place: Place, rules: Iterable[PlacedRule]) -> Iterator[Finding]:
    """A tag that no dataset bears may be a slip, and its rule then holds for nothing."""
    borne = {tag for item in place.config.datasets.values() for tag in item.tags}
    for placed in rules:
        for tag in placed.rule.when.tag:
            if not bears(borne, [tag]):
                yield Finding(
                    state="warn",
                    matter="guardrails",
                    message=f"{placed.line_of('')} goes by the tag `{tag}`, and no dataset bears "
                    "it",
                    hint=nearest(tag, borne)
                    or "write it under `tags` of the datasets that are meant, in node.yaml",
                )
