"""Where the files are that come with the package: stories and contract templates."""

from pathlib import Path

from sekisho.errors import NodeError

_PACKAGE = Path(__file__).parent.parent
_CHECKOUT = {"stories": "examples", "policies": "policies"}
"""Where a checkout keeps what the wheel carries inside the package."""


def shipped(kind: str, name: str) -> Path:
    """Find a folder or file that is shipped.

    Args:
        kind: `stories` or `policies`.
        name: Below it.

    Raises:
        NodeError: It is not there.
    """
    for folder in (_PACKAGE / kind, _PACKAGE.parent.parent / _CHECKOUT[kind]):
        if (folder / name).exists():
            return folder / name
    msg = f"`{name}` did not come with this installation"
    raise NodeError(msg, hint="install the package again")
