"""Where the contract templates are: in the installed package, or in the checkout beside it."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import sekisho
from sekisho.errors import NodeError

_SUFFIX = ".contract.yaml"


def templates() -> dict[str, str]:
    """Read every template, by name."""
    folder = _folder()
    found = {
        item.name.removesuffix(_SUFFIX): item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith(_SUFFIX)
    }
    return dict(sorted(found.items()))


def _folder() -> Traversable:
    packaged = files(sekisho).joinpath("policies", "contracts")
    if packaged.is_dir():
        return packaged
    checkout = Path(*sekisho.__path__).parents[1] / "policies" / "contracts"
    if not checkout.is_dir():
        raise NodeError(
            "the contract templates are not installed", hint="install the package again"
        )
    return checkout
