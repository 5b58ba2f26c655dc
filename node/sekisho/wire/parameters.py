"""Parameters of a query as messages."""

from collections.abc import Iterable

from sekisho.errors import DocumentError, Finding
from sekisho.model.parameters import MAX_PARAMETERS, Parameter
from sekisho.wire.gen.sekisho.v1 import parameters_pb2


def parameters_to_proto(parameters: Iterable[Parameter]) -> list[parameters_pb2.Parameter]:
    """Write parameters as messages."""
    return [
        parameters_pb2.Parameter(name=item.name, type=item.type, value=item.value)
        for item in parameters
    ]


def parameters_from_proto(messages: Iterable[parameters_pb2.Parameter]) -> tuple[Parameter, ...]:
    """Read parameters out of messages.

    Raises:
        DocumentError: One is none, two bear one name, or there are too many.
    """
    try:
        found = tuple(
            Parameter(name=item.name, type=item.type, value=item.value) for item in messages
        )
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if len({item.name for item in found}) < len(found):
        raise _unreadable("two parameters bear one name")
    if len(found) > MAX_PARAMETERS:
        raise _unreadable(f"a query has more than {MAX_PARAMETERS} parameters")
    return found


def _unreadable(message: str) -> DocumentError:
    return DocumentError((Finding(message=message),), name="parameters")
