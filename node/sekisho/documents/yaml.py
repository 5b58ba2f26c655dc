"""Reads authored YAML into plain data, or says everything that is wrong with it.

One way to write each thing: a mapping of text keys, lists, texts, integers and truth values.
What a person could misread, or another YAML reader would read otherwise, is refused. Which fields
a document has is left to its model; `Document` keeps every place, so that the model's findings can
name line and column too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.documents.findings import Findings
from sekisho.documents.reading import Reading
from sekisho.documents.scan import StrictEvents, decode
from sekisho.documents.value import Path, Place, Value
from sekisho.model.limits import DEFAULT_LIMITS, Limits

__all__ = ["TEXT_KEYS", "Document", "Place", "parse_yaml"]

TEXT_KEYS = frozenset({"where"})
"""Keys whose value a comment must never shorten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What an authored document says, and where it says it."""

    value: dict[str, Value]
    keys: Mapping[Path, Place]
    """Where the key of each value inside a mapping stands."""
    values: Mapping[Path, Place]
    """Where each value begins."""
    name: str

    def place(self, path: Path) -> Place:
        """Find a value, or the nearest one around it when there is none at `path`."""
        return _nearest(self.values, path)

    def key_place(self, path: Path) -> Place:
        """Find the key under which a value stands, or the value where it has no key."""
        return self.keys.get(path) or self.place(path)


def _nearest(places: Mapping[Path, Place], path: Path) -> Place:
    """Walk outwards until something has a place."""
    while path not in places:
        path = path[:-1]
    return places[path]


def parse_yaml(
    data: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    name: str = "document",
    text_keys: Collection[str] = TEXT_KEYS,
) -> Document:
    """Read one strict YAML document.

    Args:
        data: The file's bytes.
        limits: Reads `max_document_bytes`, `max_document_depth` and `max_document_nodes`.
        name: What to call the document in errors, such as its file name.
        text_keys: Keys whose value must be a quoted text or a `|` block with no comment beside it.

    Returns:
        Plain data with its places.

    Raises:
        DocumentError: With every finding.

    Source:
        `docs/spec/documents.md`, sections 1 and 2.
    """
    findings = Findings(name)
    if len(data) > limits.max_document_bytes:
        findings.stop(
            f"the document has {len(data)} bytes, more than the {limits.max_document_bytes} allowed"
        )
    events = StrictEvents(decode(data, findings), findings)
    reading = Reading(events, findings, limits=limits, text_keys=frozenset(text_keys))
    value = reading.read_document()
    findings.raise_any()
    return Document(
        value=value,
        keys=MappingProxyType(reading.keys),
        values=MappingProxyType(reading.values),
        name=name,
    )
