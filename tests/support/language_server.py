"""A language server as an editor drives it: a process that speaks JSON-RPC over its pipes."""

import json
import subprocess
from pathlib import Path
from typing import Any, Self

CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {
            "completionItem": {"documentationFormat": ["markdown"], "snippetSupport": True}
        },
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {"relatedInformation": True},
    },
}


class LanguageServer:
    """One server, asked as an editor asks: a document is opened, then a place in it is."""

    def __init__(self, command: list[str], *, folder: Path, settings: dict[str, Any]) -> None:
        """Start the server and tell it an editor's settings."""
        self._folder = folder
        self._settings = settings
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._asked = self._opened = 0
        self._ask("initialize", processId=None, rootUri=None, capabilities=CAPABILITIES)
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("shutdown")
        self._tell("exit")
        self._process.wait(30)
        self._process.stdin.close()
        self._process.stdout.close()

    def open(self, text: str, *, name: str = "draft.yaml") -> str:
        """Open a new document of the folder, which need not be on disk; give its address."""
        self._opened += 1
        uri = (self._folder / f"{self._opened}-{name}").as_uri()
        self._tell(
            "textDocument/didOpen",
            textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text},
        )
        return uri

    def marks(self, text: str, *, name: str = "draft.yaml") -> list[tuple[int, str]]:
        """Open a document and list what the server marks in it: lines from 1, and messages."""
        uri = self.open(text, name=name)

        def is_of_it(message: dict[str, Any]) -> bool:
            published = message.get("method") == "textDocument/publishDiagnostics"
            return published and message["params"]["uri"] == uri

        found = self._wait(is_of_it)["params"]["diagnostics"]
        return [(item["range"]["start"]["line"] + 1, item["message"]) for item in found]

    def completions(self, uri: str, *, line: int, column: int) -> dict[str, str]:
        """Ask what may be written at a place, both from 1; give each choice and what it means."""
        found = self._ask("textDocument/completion", **_at(uri, line, column))
        return {item["label"]: _text(item.get("documentation", "")) for item in found["items"]}

    def hover(self, uri: str, *, line: int, column: int) -> str:
        """Ask what is shown over a place, both from 1."""
        found = self._ask("textDocument/hover", **_at(uri, line, column))
        return _text(found["contents"]) if found else ""

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        number = self._asked
        self._send({"id": number, "method": method, "params": params or None})
        answer = self._wait(lambda message: message.get("id") == number and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def _tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _wait(self, is_wanted: Any) -> dict[str, Any]:
        while True:
            message = self._read()
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": self._reply(message)})
            if is_wanted(message):
                return message

    def _reply(self, message: dict[str, Any]) -> Any:
        """Answer what the server asks of the editor: its settings, and nothing else."""
        if message["method"] != "workspace/configuration":
            return None
        sections = (item["section"] for item in message["params"]["items"])
        return [self._settings.get(section, {}) for section in sections]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        size = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        assert size, "the language server has ended"
        return json.loads(self._process.stdout.read(size))


def _at(uri: str, line: int, column: int) -> dict[str, Any]:
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line - 1, "character": column - 1},
    }


def _text(written: Any) -> str:
    return written["value"] if isinstance(written, dict) else written
