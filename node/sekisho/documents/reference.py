"""Writes from the models what people and editors look up: schemas, pages, a diagram.

The committed files `policies/*.schema.json`, `docs/reference/contract.md` and `guardrail.md`, and
the diagram in `docs/spec/lifecycle.md` are what these functions return; tests compare them.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import get_args

from pydantic import BaseModel

from sekisho.documents.review.values import choices_with_words, words_for
from sekisho.model.contract import Contract
from sekisho.model.guardrail import Guardrail
from sekisho.model.lifecycle import TERMINAL_STATES, TRANSITIONS, ContractState
from sekisho.model.terms import Clause, FieldWords, fields_of

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_CONTRACT_HEAD = """\
# The contract, field by field

Generated from the model (`node/sekisho/model/`); do not edit. What the fields mean together is in
[the specification](../spec/contract.md). A label says what stands behind a field: **enforced**, the
node refuses what breaks it; **evidenced**, the node records it, reminds of it and exports proof;
**declared**, it binds people and no machine checks it. The last column says what `sekisho contract
diff` makes of another value, from the data's point of view.
"""

_GUARDRAIL_HEAD = """\
# The guardrail, field by field

Generated from the model (`node/sekisho/model/`); do not edit. What the fields mean together, when a
rule applies and what each requirement binds, is in [the specification](../spec/guardrail.md).
Guardrails to begin with are in `policies/guardrails/`.
"""


def contract_schema() -> str:
    """Write the JSON Schema by which an editor completes and checks a contract."""
    return _schema(Contract, "urn:sekisho:contract:v1")


def guardrail_schema() -> str:
    """Write the JSON Schema by which an editor completes and checks a guardrail."""
    return _schema(Guardrail, "urn:sekisho:guardrail:v1")


def contract_reference() -> str:
    """Write the reference page: every field with its label, its meaning and its default."""
    return _reference(_CONTRACT_HEAD, Contract)


def guardrail_reference() -> str:
    """Write the guardrail's reference page likewise."""
    return _reference(_GUARDRAIL_HEAD, Guardrail)


def contract_models() -> tuple[type[BaseModel], ...]:
    """List the models that a contract is made of, the whole first, each part where it is used."""
    return models_in(Contract)


def models_in(whole: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """List the models that a document is made of likewise."""
    found: dict[type[BaseModel], None] = {}
    waiting: list[object] = [whole]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item in found or not _has_fields(item):
                continue
            found[item] = None
            waiting[:0] = [field.annotation for field in item.model_fields.values()]
        else:
            waiting[:0] = get_args(item)
    return tuple(found)


def draw_lifecycle() -> str:
    """Draw the table of transitions as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(ContractState.DRAFT)}"]
    for (before, event), after in TRANSITIONS.items():
        lines.append(f"    {_node(before)} --> {_node(after)}: {event.value.replace('-', ' ')}")
    lines += [f"    {_node(state)} --> [*]" for state in ContractState if state in TERMINAL_STATES]
    return "\n".join(lines) + "\n"


def _schema(model: type[BaseModel], name: str) -> str:
    schema = {"$schema": SCHEMA_DIALECT, "$id": name, **model.model_json_schema(by_alias=True)}
    for choices in choices_with_words():
        if (found := schema["$defs"].get(choices.__name__)) is not None:
            # Editors show these beside each choice.
            found["enumDescriptions"] = [words_for(item)[0] for item in choices]
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _reference(head: str, whole: type[BaseModel]) -> str:
    # Contracts are compared with each other; other documents are not.
    is_compared = whole is Contract
    sections = (_section(model, is_compared=is_compared) for model in models_in(whole))
    return "\n".join([head, *(line for section in sections for line in section)])


def _node(state: ContractState) -> str:
    """Name a state as Mermaid allows, without a hyphen."""
    return state.value.replace("-", "_")


def _has_fields(model: type[BaseModel]) -> bool:
    """Leave out models of a single plain value, such as `redact`."""
    return all(
        any(isinstance(note, Clause) for note in field.metadata)
        for field in model.model_fields.values()
    )


def _section(model: type[BaseModel], *, is_compared: bool) -> Iterator[str]:
    yield f"## {model.__name__}"
    yield ""
    yield (model.__doc__ or "").strip().splitlines()[0]
    yield ""
    columns = ["field", "label", "meaning", "in Japanese", "if left out"]
    columns += ["another value"] if is_compared else []
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for field in fields_of(model):
        words = field.clause
        cells = [f"`{field.name}`", words.label.value, words.en, words.ja, _left_out(field)]
        if is_compared and words.compared is not None:
            cells.append(words.compared.words)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _left_out(field: FieldWords) -> str:
    """Say what holds when a field is not written."""
    if field.is_required:
        return "required"
    if field.default is None:
        return "nothing"
    return f"`{_yaml(field.default)}`"


def _yaml(value: object) -> str:
    """Write a default as an author would, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case StrEnum():
            return value.value
        case BaseModel():
            fields = (
                (item.name, getattr(value, item.attribute)) for item in fields_of(type(value))
            )
            written = (f"{name}: {_yaml(item)}" for name, item in fields if item is not None)
            return "{" + ", ".join(written) + "}"
        case tuple() | frozenset():
            return "[" + ", ".join(_yaml(item) for item in value) + "]"
        case _:
            return str(value)
