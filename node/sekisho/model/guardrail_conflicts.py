"""What no contract could meet: a rule that undoes itself, and two rules that undo each other.

Two rules are compared where one applies to all that a part of the other applies to. That both may
meet in some dataset by chance is no contradiction: such a dataset is then not shared.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from sekisho.errors import Finding
from sekisho.model.grants import Access
from sekisho.model.guardrail import GuardrailRule, PlacedRule
from sekisho.model.guardrail_grants import any_of


def check_rule(rule: GuardrailRule, place: str) -> Iterator[Finding]:
    """Find what makes a rule impossible to meet, or idle.

    Args:
        rule: A rule whose every field is fine by itself.
        place: Where it stands in its guardrail, such as `rules[0]`.
    """
    meant = frozenset(rule.when.access or Access)
    if not meant & rule.require.modes:
        yield Finding(
            path=f"{place}.require",
            message=f"no grant of {any_of(mode for mode in Access if mode in meant)} can meet "
            "this rule",
            hint="leave `access` out of `when`, and list under `require` the modes that will do; "
            "`round_counts_to` and `largest_percent` ask for statistics",
        )
    elif rule.when.access and rule.require.access and meant <= set(rule.require.access):
        yield Finding(
            path=f"{place}.require.access",
            message="`access` requires nothing here: `when` names no other mode",
            hint="leave `access` out of `when`, or out of `require`",
        )


def check_conflicts(rules: Sequence[PlacedRule]) -> Iterator[tuple[PlacedRule, Finding]]:
    """Find rules that no contract can meet together.

    Args:
        rules: Of all guardrails of one provider.

    Yields:
        The later rule of each two, with the place in its file; the message names the other's line.
    """
    for first, second in combinations(rules, 2):
        requirement = _conflict(first.rule, second.rule)
        if requirement:
            yield second, _finding(first, second, requirement)


def _finding(first: PlacedRule, second: PlacedRule, requirement: str) -> Finding:
    theirs = first.places.get(requirement, first.places[""])
    ours = second.places.get(requirement, second.places[""])
    return Finding(
        line=ours[0],
        column=ours[1],
        path=f"rules[{second.at}].require",
        message=f"no contract can meet both `{requirement}` of rule `{second.rule.rule}` and "
        f"{first.file}:{theirs[0]}, rule `{first.rule.rule}`",
        hint="let the two lists share what will do, or narrow `when` in one of the rules",
    )


def _conflict(first: GuardrailRule, second: GuardrailRule) -> str:
    """Name the requirement in which two rules undo each other; nothing where they do not."""
    if not (_reaches(first, second) or _reaches(second, first)):
        return ""
    open_modes = [mode for mode in Access if _may(first, mode) and _may(second, mode)]
    if not open_modes:
        return "access"
    if not any(_applies(first, mode) and _applies(second, mode) for mode in open_modes):
        return ""
    ours, theirs = first.require.choices, second.require.choices
    shared = [name for name in ours if name in theirs and name != "access"]
    return next((name for name in shared if not set(ours[name]) & set(theirs[name])), "")


def _reaches(wide: GuardrailRule, narrow: GuardrailRule) -> bool:
    """Tell whether one rule applies to all that a class or tag of another's brings it to."""
    pairs = (
        (wide.when.column_class, narrow.when.column_class),
        (wide.when.tag, narrow.when.tag),
    )
    return all(not ours or set(ours) & set(theirs) for ours, theirs in pairs)


def _applies(rule: GuardrailRule, mode: Access) -> bool:
    return not rule.when.access or mode in rule.when.access


def _may(rule: GuardrailRule, mode: Access) -> bool:
    """Tell whether a rule leaves an access mode open."""
    return not _applies(rule, mode) or mode in rule.require.modes
