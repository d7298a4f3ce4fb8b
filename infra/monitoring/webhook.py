"""A stand-in for Slack's incoming webhook, on loopback: it takes what Slack takes, refuses what
Slack refuses with Slack's words, and keeps the messages.

https://api.slack.com/messaging/webhooks: a POST of a JSON object with `text` or `attachments` is
answered `ok`; else 400 with `invalid_payload` or `no_text`. Behind `/watchdog` it stands for who
waits for the watchdog's call.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

SLACK, WATCHDOG = "/slack", "/watchdog"


@dataclass(frozen=True)
class Message:
    """What came."""

    at: float
    """Monotonic seconds."""
    path: str
    channel: str
    title: str
    text: str

    @property
    def status(self) -> str:
        """FIRING or RESOLVED, which the title begins with."""
        return self.title.split(" ")[0]

    @property
    def alert(self) -> str:
        """The alert's name, which the title ends with."""
        return self.title.split(" ")[-1]


class Webhook:
    """A server in a thread while the block runs, on `host`; `heard` is called with each message."""

    def __init__(
        self, heard: Callable[[Message], None] = lambda message: None, host: str = "127.0.0.1"
    ) -> None:
        self.all: list[Message] = []
        self._heard = heard
        self._host = host
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Webhook":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = SLACK) -> str:
        """Where it is."""
        return f"http://{self._host}:{self._server.server_port}{path}"

    def messages(self, path: str = SLACK) -> list[Message]:
        """What came so far."""
        return [message for message in self.all if message.path == path]

    def _take(self, path: str, body: bytes) -> str:
        """Slack's answer to a body."""
        try:
            document = json.loads(body)
        except ValueError:
            return "invalid_payload"
        if not isinstance(document, dict):
            return "invalid_payload"
        parts = document.get("attachments") or [document]
        if not any(part.get("text") or part.get("title") for part in parts):
            return "no_text"
        for part in parts:
            self._keep(path, str(document.get("channel", "")), part)
        return "ok"

    def _keep(self, path: str, channel: str, part: dict[str, Any]) -> None:
        title, text = str(part.get("title", "")), str(part.get("text", ""))
        message = Message(time.monotonic(), path, channel, title, text)
        self.all.append(message)
        self._heard(message)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answer = webhook._take(
                    self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))
                )
                self.send_response(200 if answer == "ok" else 400)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: messages are kept."""

        return Handler
