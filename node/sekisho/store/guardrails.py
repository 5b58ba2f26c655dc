"""Reads the guardrails that node.yaml names; a node that cannot read one does not start."""

from collections.abc import Iterable

from sekisho.config import NodeConfig
from sekisho.documents.guardrail import parse_guardrail
from sekisho.documents.models import document_error
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError, Finding, NodeError
from sekisho.model.guardrail import PlacedRule
from sekisho.model.guardrail_conflicts import check_conflicts
from sekisho.store.folder import NodeFolder, load_file


def load_guardrails(folder: NodeFolder, config: NodeConfig) -> tuple[PlacedRule, ...]:
    """Read every guardrail of a node, in the order of node.yaml.

    Args:
        folder: The node's; paths are relative to it.
        config: Its node.yaml.

    Raises:
        DocumentError: A file is not there or cannot be read, with the place in node.yaml that
            names it; or it has findings; or two rules contradict each other, with both places.
    """
    rules: list[PlacedRule] = []
    for at, name in enumerate(config.guardrails):
        try:
            data = load_file(folder.root / name)
        except NodeError as error:
            raise _misnamed(folder, at, error) from error
        rules += parse_guardrail(data, name=name)
    raise_conflicts(rules)
    return tuple(rules)


def raise_conflicts(rules: Iterable[PlacedRule]) -> None:
    """Refuse rules that no contract can meet together.

    Raises:
        DocumentError: About the file of the first such rule.
    """
    found = list(check_conflicts(tuple(rules)))
    if found:
        name = found[0][0].file
        raise document_error([item for placed, item in found if placed.file == name], name=name)


def _misnamed(folder: NodeFolder, at: int, error: NodeError) -> DocumentError:
    """Say where node.yaml names the file: a slip there must not leave a node without guardrail."""
    name = str(folder.config)
    place = parse_yaml(load_file(folder.config), name=name).place(("guardrails", at))
    finding = Finding(
        message=f"the guardrail {error.message}",
        line=place.line,
        column=place.column,
        path=f"guardrails[{at}]",
        hint="mend the name, or put the file there; the node does not start without it",
    )
    return DocumentError((finding,), name=name)
