"""Ask other companies' data, as far as a signed contract allows.

import sekisho

with sekisho.connect("grpc+tls://127.0.0.1:7444", token=TOKEN, ca="certs/anchor.pem") as node:
    answer = node.query("SELECT …", contract="Departure delays by aircraft model")
    table = answer.to_arrow()
"""

import typing as _typing
from importlib import import_module as _import_module

if _typing.TYPE_CHECKING:
    from sekisho.client.answer import Answer
    from sekisho.client.explanation import Explanation, FragmentExplanation, MergeExplanation
    from sekisho.client.node import Node, connect
    from sekisho.client.notes import Gap, Progress, Receipt
    from sekisho.client.relations import Relation
    from sekisho.errors import (
        DocumentError,
        NodeError,
        PeerError,
        Refusal,
        RefusalReason,
        SekishoError,
        TrustError,
    )
    from sekisho.model.parameters import Parameter

__all__ = [
    "Answer",
    "DocumentError",
    "Explanation",
    "FragmentExplanation",
    "Gap",
    "MergeExplanation",
    "Node",
    "NodeError",
    "Parameter",
    "PeerError",
    "Progress",
    "Receipt",
    "Refusal",
    "RefusalReason",
    "Relation",
    "SekishoError",
    "TrustError",
    "connect",
]

_HOMES = {
    "Answer": "sekisho.client.answer",
    "Explanation": "sekisho.client.explanation",
    "FragmentExplanation": "sekisho.client.explanation",
    "Gap": "sekisho.client.notes",
    "MergeExplanation": "sekisho.client.explanation",
    "Node": "sekisho.client.node",
    "Parameter": "sekisho.model.parameters",
    "Progress": "sekisho.client.notes",
    "Receipt": "sekisho.client.notes",
    "Relation": "sekisho.client.relations",
    "connect": "sekisho.client.node",
}
"""Where a name is, when it is not in `errors`."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: gRPC and Arrow take longer than `--help` may."""
    if name not in __all__:
        msg = f"module `sekisho` has no attribute `{name}`"
        raise AttributeError(msg)
    return getattr(_import_module(_HOMES.get(name, "sekisho.errors")), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
