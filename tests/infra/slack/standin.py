"""What takes messages in place of Slack: an incoming webhook as its documentation has it.

POST of a JSON object with a `text` to the secret path: 200 and `ok`. Another path: 404 and
`no_service`; a body that is none: 400 and `invalid_payload`.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/services/T0CANARY/B0CANARY/canary-slack"


class Slack(ThreadingHTTPServer):
    """`texts` are the messages that it has taken."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.texts: list[str] = []
        self.fault: tuple[int, str] | None = None
        """What it says in place of taking a message: status and body."""
        self.silent = threading.Event()
        """While it is set, it takes a message and says a letter now and then, and no end of it."""

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{PATH}"


class Handler(BaseHTTPRequestHandler):
    server: Slack

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.fault:
            return self.answer(*self.server.fault)
        if self.path != PATH:
            return self.answer(404, "no_service")
        try:
            text = json.loads(given)["text"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, "invalid_payload")
        self.server.texts.append(text)
        if self.server.silent.is_set():
            return self.dribble()
        return self.answer(200, "ok")

    def answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def dribble(self) -> None:
        """A letter of a body without end each tenth of a second: no read of it takes long."""
        self.send_response(200)
        self.end_headers()
        try:
            while self.server.silent.is_set():
                self.wfile.write(b"o")
                time.sleep(0.1)
        except OSError:
            pass  # whoever asked is gone


@contextmanager
def standing() -> Iterator[Slack]:
    """One that serves in this block."""
    slack = Slack()
    thread = threading.Thread(target=slack.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        slack.silent.clear()
        slack.shutdown()
        slack.server_close()
        thread.join()
