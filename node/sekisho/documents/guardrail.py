"""Reads a guardrail as a provider's people wrote it, or says everything that is wrong with it."""

from collections.abc import Iterator

from sekisho.documents.models import document_error, locate, parse_model, repetitions
from sekisho.documents.value import Path, Value
from sekisho.documents.yaml import Document, parse_yaml
from sekisho.errors import Finding
from sekisho.model.guardrail import Guardrail, PlacedRule
from sekisho.model.guardrail_conflicts import check_rule
from sekisho.model.limits import DEFAULT_LIMITS, Limits


def parse_guardrail(
    data: bytes, *, name: str = "guardrail", limits: Limits = DEFAULT_LIMITS
) -> tuple[PlacedRule, ...]:
    """Read a guardrail file, rule by rule.

    Args:
        data: The file's bytes.
        name: What to call it in errors and findings, such as `guardrails/personal-data.yaml`.
        limits: Bounds of the reader.

    Raises:
        DocumentError: With every finding, each with line, column and mend.

    Source:
        `docs/spec/guardrail.md`, section 1.
    """
    document = parse_yaml(data, name=name, limits=limits)
    guardrail = parse_model(document, Guardrail)
    findings = tuple(_check(guardrail, document.value))
    if findings:
        raise document_error([locate(item, document) for item in findings], name=name)
    return tuple(
        PlacedRule(rule=rule, file=name, at=at, places=dict(_places(document, at)))
        for at, rule in enumerate(guardrail.rules)
    )


def _check(guardrail: Guardrail, value: dict[str, Value]) -> Iterator[Finding]:
    yield from repetitions(value)
    names = [item.rule for item in guardrail.rules]
    for at, rule in enumerate(guardrail.rules):
        if rule.rule in names[:at]:
            yield Finding(
                path=f"rules[{at}].rule",
                message=f"rule `{rule.rule}` is listed twice",
                hint="give each rule its own name; findings name it",
            )
        yield from check_rule(rule, f"rules[{at}]")


def _places(document: Document, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Find the places of a rule's requirements, and its own under the empty name."""
    rule: Path = ("rules", at)
    yield "", document.place(rule)
    required: Path = (*rule, "require")
    for path, place in document.keys.items():
        if path[: len(required)] == required and len(path) > len(required):
            yield ".".join(str(step) for step in path[len(required) :]), place
