"""Which grants a guardrail's rule applies to, and which of their columns it binds."""

import re
from collections.abc import Iterable

from sekisho.model.dataset import Dataset
from sekisho.model.grants import Grant
from sekisho.model.guardrail import GuardrailRule


def bound_columns(rule: GuardrailRule, grant: Grant, dataset: Dataset) -> frozenset[str] | None:
    """List the grant's columns that a rule binds; None when it does not apply to the grant.

    A grant touches a dataset's column that it names, that a computed column is made from, or that
    its row filter names: which rows leave tells what the filter asked. A filter is never the
    consumer's to choose, so nothing in it is bound.

    Args:
        rule: Whose `when` decides.
        grant: One that names the dataset.
        dataset: With the classes and tags that its provider gives it.
    """
    when = rule.when
    if when.access and grant.access not in when.access:
        return None
    if when.tag and not bears(dataset.tags, when.tag):
        return None
    if not when.column_class:
        return frozenset(grant.columns)
    classed = {
        item.name.lower() for item in dataset.columns if item.column_class in when.column_class
    }
    bound = {
        name
        for name, terms in grant.columns.items()
        if (terms.source.column if terms.source else name).lower() in classed
    }
    if bound or any(_is_named(name, grant.where or "") for name in classed):
        return frozenset(bound)
    return None


def bears(tags: Iterable[str], wanted: Iterable[str]) -> bool:
    """Tell whether one of the wanted tags is borne.

    Capitals and blanks are set aside: neither must cost a dataset its guardrail.
    """
    return bool(_folded(tags) & _folded(wanted))


def _folded(tags: Iterable[str]) -> set[str]:
    return {tag.strip().casefold() for tag in tags}


def _is_named(column: str, text: str) -> bool:
    """Tell whether a row filter may name a column; what only looks like its name counts too."""
    word = rf"(?<!\w){re.escape(column.casefold())}(?!\w)"
    return re.search(word, text.casefold().replace('""', '"')) is not None
