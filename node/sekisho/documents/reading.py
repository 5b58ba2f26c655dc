"""Builds plain data from YAML events, bounded before it is built, and collects what is wrong."""

from collections.abc import Iterator
from typing import NamedTuple, cast

from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from sekisho.documents.findings import Findings
from sekisho.documents.scalars import ScalarProblem, resolve_plain
from sekisho.documents.scan import StrictEvents
from sekisho.documents.value import Path, Place, Value, check_text, describe_path
from sekisho.model.limits import Limits


class _Span(NamedTuple):
    """The lines that a value of a text key takes, from its key to its end."""

    first: int
    last: int
    path: Path


class Reading:
    """One pass over the events; holds what was met on the way."""

    def __init__(
        self,
        events: StrictEvents,
        findings: Findings,
        *,
        limits: Limits,
        text_keys: frozenset[str],
    ) -> None:
        """Stand before the first event."""
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self._comments = events.comments
        self._events: Iterator[Event] = iter(events)
        self._findings = findings
        self._limits = limits
        self._text_keys = text_keys
        self._spans: list[_Span] = []
        self._nodes = 0

    def read_document(self) -> dict[str, Value]:
        """Read the whole stream: one document, a mapping."""
        next(self._events)
        start = next(self._events)
        if isinstance(start, StreamEndEvent):
            self._findings.stop("the document is empty", line=1, column=1)
        value = self._read(self._next_node(), ())
        next(self._events)
        after = next(self._events)
        if isinstance(after, DocumentStartEvent):
            self._add("a second document begins", after, hint="keep one document in a file")
        self._check_comments()
        if not isinstance(value, dict):
            self._findings.stop(
                "the document is not a mapping",
                line=self.values[()].line,
                column=self.values[()].column,
                hint="write it as `key: value` lines",
            )
        return value

    def _next_node(self) -> NodeEvent:
        """Take the event that begins the next value."""
        return cast("NodeEvent", next(self._events))  # the parser's grammar promises it

    def _read(self, event: NodeEvent, path: Path) -> Value:
        """Read the value that begins at `event`, bounded before anything is built."""
        self.values[path] = _place(event)
        self._bound(event, path)
        self._check_properties(event, path)
        if isinstance(event, ScalarEvent):
            return self._read_scalar(event, path)
        if isinstance(event, SequenceStartEvent):
            return self._read_list(path)
        if isinstance(event, MappingStartEvent):
            return self._read_mapping(path)
        return ""

    def _bound(self, event: NodeEvent, path: Path) -> None:
        """Stop when the document grows past its bounds."""
        self._nodes += 1
        line, column = _place(event)
        if self._nodes > self._limits.max_document_nodes:
            most = self._limits.max_document_nodes
            self._findings.stop(
                f"the document has more than {most} values", line=line, column=column
            )
        if len(path) > self._limits.max_document_depth:
            most = self._limits.max_document_depth
            self._findings.stop(
                f"the document is nested deeper than {most} levels", line=line, column=column
            )

    def _check_properties(self, event: NodeEvent, path: Path) -> None:
        """Refuse aliases, anchors and tags."""
        if isinstance(event, AliasEvent):
            self._add(
                f"`*{event.anchor}` is an alias",
                event,
                path=path,
                hint="write the value out, or put a text that begins with `*` in quotes",
            )
            return
        if event.anchor is not None:
            self._add(
                f"`&{event.anchor}` is an anchor",
                event,
                path=path,
                hint="take it out, or put a text that begins with `&` in quotes",
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._add(
                f"`{tag}` is a tag",
                event,
                path=path,
                hint="take it out, or put a text that begins with `!` in quotes",
            )

    def _read_scalar(self, event: ScalarEvent, path: Path) -> Value:
        """Read a quoted text as it stands, and an unquoted one by the core rules."""
        text: str = event.value
        if problem := check_text(text):
            self._add(f"a text holds {problem}", event, path=path, hint="take it out")
        if event.style is not None:
            return text
        value = resolve_plain(text)
        if isinstance(value, ScalarProblem):
            self._add(value.message, event, path=path, hint=value.hint)
            return ""
        return value

    def _read_list(self, path: Path) -> Value:
        """Read entries up to the list's end."""
        entries: list[Value] = []
        while not isinstance(event := next(self._events), CollectionEndEvent):
            entries.append(self._read(cast("NodeEvent", event), (*path, len(entries))))
        return entries

    def _read_mapping(self, path: Path) -> Value:
        """Read pairs up to the mapping's end; a pair with a bad key is read and left out."""
        entries: dict[str, Value] = {}
        while not isinstance(event := next(self._events), CollectionEndEvent):
            key = self._read_key(cast("NodeEvent", event), path)
            node = self._next_node()
            value = self._read(node, (*path, key))
            if key in entries:
                self._add_duplicate(key, event, path)
                continue
            self.keys[*path, key] = _place(event)
            entries[key] = value
            if key in self._text_keys:
                self._check_text_value(node, (*path, key))
        return entries

    def _add_duplicate(self, key: str, event: Event, path: Path) -> None:
        """Name both places of a key that is written twice."""
        first = self.keys[*path, key]
        self._add(
            f"the key `{key}` stands here a second time",
            event,
            path=(*path, key),
            hint=f"keep one of them; the first is on line {first.line}",
        )

    def _read_key(self, event: NodeEvent, path: Path) -> str:
        """Read a key, which is a text and nothing else."""
        if not isinstance(event, ScalarEvent):
            self._read(event, (*path, ""))
            self._add("a key is not a text", event, path=path, hint="write a word before the `:`")
            return ""
        self._bound(event, path)
        self._check_properties(event, path)
        if event.style is None and event.value == "<<":
            self._add("`<<` is a merge key", event, path=path, hint="write the fields out")
            return ""
        return self._read_text_key(event, path)

    def _read_text_key(self, event: ScalarEvent, path: Path) -> str:
        """Refuse unquoted keys that are numbers, truth values or nothing."""
        if problem := check_text(event.value):
            self._add(f"a key holds {problem}", event, path=path, hint="take it out")
        if event.style is None and not isinstance(resolve_plain(event.value), str):
            self._add(
                f"the key `{event.value}` is not a text", event, path=path, hint="put it in quotes"
            )
        return str(event.value)

    def _check_text_value(self, node: NodeEvent, path: Path) -> None:
        """Refuse a row filter that a comment could shorten."""
        key = path[-1]
        if not isinstance(node, ScalarEvent) or node.style not in {'"', "'", "|"}:
            self._add(
                f"the value of `{key}` is neither quoted nor a `|` block",
                node,
                path=path,
                hint=f'write `{key}: "…"`, so that no `#` in it can begin a comment',
            )
        first = self.keys[path].line
        self._spans.append(_Span(first, _last_line(node), path))

    def _check_comments(self) -> None:
        """Refuse comments beside the value of a text key, once all comments are known."""
        for span in self._spans:
            for line in sorted(self._comments & set(range(span.first, span.last + 1))):
                self._findings.add(
                    f"a comment stands beside the value of `{span.path[-1]}`",
                    line=line,
                    column=1,
                    path=describe_path(span.path),
                    hint="move the comment to a line above the key",
                )

    def _add(self, message: str, event: Event, *, path: Path = (), hint: str = "") -> None:
        """Keep a finding at an event."""
        line, column = _place(event)
        self._findings.add(message, line=line, column=column, path=describe_path(path), hint=hint)


def _place(event: Event) -> Place:
    """Say where an event begins; the parser marks every event, its types do not promise it."""
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(0, 0)


def _last_line(event: Event) -> int:
    """Say on which line an event ends; for a block of text, the line after it."""
    mark = event.end_mark
    return mark.line + 1 if mark else 0
