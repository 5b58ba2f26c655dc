"""The node's log: one JSON line an event on stderr, with the request's id."""

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the call that the current thread serves."""

LOGGER = logging.getLogger("sekisho")


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Put the event's facts beside the time, the level and the request."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        request = REQUEST_ID.get()
        if request:
            line["request"] = request
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_log(level: str = "INFO") -> None:
    """Send this package's log to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(level)
    LOGGER.propagate = False


def note(event: str, /, level: int = logging.INFO, **facts: object) -> None:
    """Log one event with its facts; never a value from the data, never a secret."""
    LOGGER.log(level, event, extra={"facts": _plain(facts)})


def note_failure(event: str, error: BaseException, /, **facts: object) -> None:
    """Log an error with its trace."""
    LOGGER.error(event, exc_info=error, extra={"facts": _plain(facts)})


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value is not None}
