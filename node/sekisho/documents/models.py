"""Fits plain data to a model, and says in a person's words what does not fit and where.

pydantic finds what is wrong; the words are ours: what was expected, what stands there, and how to
mend it, with the nearest field or value when a name is misspelled.
"""

import difflib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sekisho.documents.fields import fields_at
from sekisho.documents.value import Path, Value, check_text
from sekisho.documents.yaml import Document
from sekisho.errors import DocumentError, Finding
from sekisho.model.names import NAME_PATTERN
from sekisho.model.terms import SLUG_PATTERN, path_text

ModelT = TypeVar("ModelT", bound=BaseModel)

_PATTERN_HINTS = {
    SLUG_PATTERN: "write small letters, digits, `-` and `_`, beginning with a letter",
    NAME_PATTERN: "write small letters, digits and `_`, beginning with a letter",
    r"^[0-9a-f]{64}$": "write the 64 hex digits that `sha256sum` prints",
}
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}
_EXPECTED = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write digits without quotes"),
    "int_from_float": ("a whole number", "write digits without quotes"),
    "bool_type": ("true or false", "write true or false without quotes"),
    "model_type": ("a mapping", "write `{name: value}`"),
    "model_attributes_type": ("a mapping", "write `{name: value}`"),
    "dict_type": ("a mapping", "write `{name: value}`"),
    "mapping_type": ("a mapping", "write `{name: value}`"),
    "tuple_type": ("a list", "write `[a, b]`"),
    "list_type": ("a list", "write `[a, b]`"),
    "frozen_set_type": ("a list", "write `[a, b]`"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One place where data does not fit its model."""

    place: Path
    """Where it is, in the data; the last step may be a field that is missing."""
    kind: str
    """pydantic's name for it."""
    message: str
    hint: str


def parse_model(document: Document, model: type[ModelT]) -> ModelT:
    """Read an authored document as a model.

    Raises:
        DocumentError: With a finding, its line and its column, for everything that does not fit.
    """
    result = fit(document.value, model)
    if isinstance(result, tuple):
        findings = tuple(locate(finding_of(item), document) for item in result)
        raise document_error(findings, name=document.name)
    return result


def parse_value(value: Mapping[str, Value], model: type[ModelT], *, name: str) -> ModelT:
    """Read plain data that has no lines, such as a signed payload, as a model.

    Raises:
        DocumentError: With a finding for everything that does not fit.
    """
    if findings := tuple(check_texts(dict(value))):
        raise document_error(findings, name=name)
    result = fit(value, model)
    if isinstance(result, tuple):
        raise document_error(tuple(finding_of(item) for item in result), name=name)
    return result


def check_texts(value: Value, place: Path = ()) -> Iterator[Finding]:
    """Find texts that show people one thing and mean another, as the reader of YAML does."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from check_texts(name, place)
            yield from check_texts(item, (*place, name))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from check_texts(item, (*place, at))
    elif isinstance(value, str) and (problem := check_text(value)):
        yield Finding(message=f"the text holds {problem}", path=path_text(*place))


def repetitions(
    value: object, place: Path = (), *, ordered: Collection[str] = ()
) -> Iterator[Finding]:
    """Find every list of names that names something twice: one of the two is a slip.

    Args:
        value: Plain data.
        place: Where it stands.
        ordered: Fields whose lists hold numbers, in which order counts and no name can repeat.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in ordered:
                yield from repetitions(item, (*place, name), ordered=ordered)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, str) and item in value[:at]:
                yield Finding(
                    path=path_text(*place, at),
                    message=f"`{item}` is listed twice",
                    hint="remove one of the two",
                )
            yield from repetitions(item, (*place, at), ordered=ordered)


def fit(value: Mapping[str, Value], model: type[ModelT]) -> ModelT | tuple[Misfit, ...]:
    """Fit plain data to a model, or tell every misfit."""
    try:
        # Read as JSON, so that lists, days and words become what the model holds, and nothing else.
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        details = error.errors(include_url=False)
        return tuple(_misfit(item, dict(value), model) for item in details if not _is_echo(item))


def finding_of(misfit: Misfit) -> Finding:
    """Say a misfit as a finding without a line."""
    return Finding(message=misfit.message, path=path_text(*misfit.place), hint=misfit.hint)


def locate(finding: Finding, document: Document) -> Finding:
    """Give a finding the line and column of its path, or of what stands nearest around it."""
    path = _path_of(finding.path, document.value)
    is_field = finding.message.endswith("a field here") or not path
    place = document.key_place(path) if is_field else document.place(path)
    return replace(finding, line=place.line, column=place.column)


def document_error(findings: Collection[Finding], *, name: str) -> DocumentError:
    """Build the error that carries all findings, in the order of their places."""
    ordered = sorted(findings, key=lambda item: (item.line, item.column))
    return DocumentError(tuple(dict.fromkeys(ordered)), name=name)


def nearest(word: str, known: Collection[str]) -> str:
    """Ask about the known word that a misspelled one is nearest to, or return an empty text."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else ""


def _path_of(text: str, value: Value) -> Path:
    """Follow a finding's path through the data, as far as the data goes."""
    path: Path = ()
    written = ""
    while True:
        steps: list[str | int] = []
        if isinstance(value, dict):
            steps = list(value)
        elif isinstance(value, list):
            steps = list(range(len(value)))
        for step in steps:
            longer = path_text(step, below=written)
            if text == longer or text.startswith((f"{longer}.", f"{longer}[")):
                path, written = (*path, step), longer
                value = child(value, step)
                break
        else:
            return path


def child(value: Value, step: str | int) -> Value:
    """Take one step into plain data; `KeyError` when there is nothing there."""
    if isinstance(value, dict) and isinstance(step, str):
        return value[step]
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    raise KeyError(step)


def _is_echo(detail: Any) -> bool:  # noqa: ANN401  pydantic's own record
    """Tell a list called too short only because none of its items could be read."""
    found, least = detail["input"], detail.get("ctx", {}).get("min_length", 0)
    is_sized = isinstance(found, list | dict)
    return detail["type"] == "too_short" and is_sized and len(found) >= least


def _misfit(detail: Any, value: Value, model: type[BaseModel]) -> Misfit:  # noqa: ANN401
    place = _place_of(detail["loc"], value)
    say = _SAYINGS.get(detail["type"], _say_anything)
    message, hint = say(detail, fields_at(model, detail["loc"][:-1]))
    return Misfit(place=place, kind=detail["type"], message=message, hint=hint)


def _place_of(location: tuple[str | int, ...], value: Value) -> Path:
    """Drop the steps that pydantic adds to a location for its own use."""
    place: list[str | int] = []
    for at, step in enumerate(location):
        is_last = at == len(location) - 1
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        elif not is_last or step == "[key]" or str(step).startswith("#"):
            continue
        place.append(step)
    return tuple(place)


def _say_missing(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    name = detail["loc"][-1]
    return f"`{name}` is missing", f"add `{name}`"


def _say_extra(detail: Any, known: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    name = str(detail["loc"][-1])
    hint = nearest(name, known) or f"the fields here are {', '.join(known)}"
    return f"`{_short(name)}` is not a field here", hint


def _say_choice(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    found = detail["input"]
    listed = ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]
    if not isinstance(found, str):
        return f"expected {listed}, found {kind_of(found)}", f"write {listed}"
    return f"`{_short(found)}` is not {listed}", nearest(found, words) or f"write {listed}"


def _say_type(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    expected, hint = _EXPECTED[detail["type"]]
    return f"expected {expected}, found {kind_of(detail['input'])}", hint


def _say_low(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    least = detail["ctx"]["ge"]
    return f"`{detail['input']}` is less than {least}", f"write {least} or more"


def _say_high(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    most = detail["ctx"]["le"]
    return f"`{detail['input']}` is more than {most}", f"write {most} or less"


def _say_few(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    least, name = detail["ctx"]["min_length"], detail["loc"][-1]
    return f"`{name}` has {len(detail['input'])} of at least {least} entries", "add what is missing"


def _say_many(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    most, name = detail["ctx"]["max_length"], detail["loc"][-1]
    return f"`{name}` has more than {most} entries", "split what it says over several"


def _say_empty(_: Any, __: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    return "the text is empty", "write a text that says something, or leave the field out"


def _say_long(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    most = detail["ctx"]["max_length"]
    return f"the text has more than {most} characters", "say it more shortly"


def _say_pattern(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    found, pattern = _short(detail["input"]), detail["ctx"]["pattern"]
    if not found:
        return _say_empty(detail, ())
    return f"`{found}` does not fit here", _PATTERN_HINTS.get(pattern, f"it must match {pattern}")


def _say_mistake(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    return detail["ctx"]["message"], detail["ctx"]["hint"]


def _say_anything(detail: Any, _: tuple[str, ...]) -> tuple[str, str]:  # noqa: ANN401
    """Fall back on pydantic's words for what no rule above foresees."""
    message = str(detail["msg"]).splitlines()[0]
    return message[:1].lower() + message[1:].rstrip("."), ""


def kind_of(value: object) -> str:
    """Name what kind of thing stands somewhere, in a person's words."""
    return _KINDS.get(type(value), "nothing" if value is None else "something else")


def _short(text: str) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 60 else line[:59] + "…"  # noqa: PLR2004  keeps a message one line


_SAYINGS: dict[str, Callable[[Any, tuple[str, ...]], tuple[str, str]]] = {
    "missing": _say_missing,
    "extra_forbidden": _say_extra,
    "enum": _say_choice,
    "literal_error": _say_choice,
    "greater_than_equal": _say_low,
    "less_than_equal": _say_high,
    "too_short": _say_few,
    "too_long": _say_many,
    "string_too_short": _say_empty,
    "string_too_long": _say_long,
    "string_pattern_mismatch": _say_pattern,
    "mistake": _say_mistake,
    **dict.fromkeys(_EXPECTED, _say_type),
}
