"""Finds which fields a model knows at a place, to say what an unknown one may have meant."""

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag


def fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> tuple[str, ...]:
    """List the fields, as authors write them, of the model that stands at a location."""
    here: Any = model
    for step in location:
        here = _step(here, step)
    names: dict[str, None] = {}
    for item in _models_in(here):
        names |= {field.alias or name: None for name, field in item.model_fields.items()}
    return tuple(names)


def _step(annotation: Any, step: str | int) -> Any:  # noqa: ANN401  annotations have no one type
    """Go one step of pydantic's location into an annotation."""
    if isinstance(step, str) and step.startswith("#"):
        return _tagged(annotation, step)
    for item in _alternatives(annotation):
        if isinstance(item, type) and issubclass(item, BaseModel):
            for name, field in item.model_fields.items():
                if (field.alias or name) == step:
                    return field.annotation
        elif get_args(item):
            return (
                get_args(item)[1]
                if len(get_args(item)) > 1 and isinstance(step, str)
                else (get_args(item)[0])
            )
    return None


def _tagged(annotation: Any, tag: str) -> Any:  # noqa: ANN401
    """Choose the alternative of a union by its tag."""
    for item in _parts(annotation):
        if any(isinstance(note, Tag) and note.tag == tag for note in get_args(item)[1:]):
            return item
    return None


def _parts(annotation: Any) -> list[Any]:  # noqa: ANN401
    """Open unions, keeping the notes of each alternative."""
    if get_origin(annotation) is Annotated:
        inside = get_args(annotation)[0]
        if get_origin(inside) in {Union, types.UnionType}:
            return _parts(inside)
        return [annotation]
    if get_origin(annotation) in {Union, types.UnionType}:
        return [part for item in get_args(annotation) for part in _parts(item)]
    return [annotation]


def _alternatives(annotation: Any) -> list[Any]:  # noqa: ANN401
    """Open unions and drop notes, down to plain types."""
    plain = []
    for item in _parts(annotation):
        inside = get_args(item)[0] if get_origin(item) is Annotated else item
        plain.append(inside)
    return plain


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    return [
        item
        for item in _alternatives(annotation)
        if isinstance(item, type) and issubclass(item, BaseModel)
    ]
