"""Who waits for a server that answers or reads nothing is ended; its line says for what."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
WAITING = """
import socket, sys
from infra.transfer.still import moving
with moving(lambda: "what it is"):
    {}
"""
SENDING = """with socket.create_connection(("127.0.0.1", {port})) as client:
        client.sendall(bytes(1 << 28))"""
PUTTING = """import s3fs
    config = {{"connect_timeout": 1, "read_timeout": 1, "retries": {{"max_attempts": 1}}}}
    storage = s3fs.S3FileSystem(
        key="k", secret="s", endpoint_url="http://127.0.0.1:{port}", config_kwargs=config
    )
    storage.put_file({file!r}, "bucket/object")"""
SAID = (
    "error: what it is: nothing moved for 1 s (TRANSFER_SECONDS), and it was given up; run this "
    "again when it answers\n"
)


def ended(code: str) -> tuple[int, str]:
    """How a program that runs `code` while it is watched ended, and its errors."""
    done = subprocess.run(
        [sys.executable, "-c", WAITING.format(code)],
        env=os.environ | {"TRANSFER_SECONDS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stderr


def test_a_peer_that_never_reads() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert ended(SENDING.format(port=listener.getsockname()[1])) == (2, SAID)


class Silent(BaseHTTPRequestHandler):
    """Has nothing, and never says whether it takes something."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()

    def handle_expect_100(self) -> bool:
        with suppress(OSError):
            self.rfile.read()
        return False

    def log_message(self, *given: object) -> None:
        """Nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """A server that runs while the block does; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_an_s3_server_that_never_says_to_go_on(tmp_path: Path) -> None:
    """Whatever the client's own timeouts say."""
    file = tmp_path / "object"
    file.write_bytes(b"content")
    with serving(Silent) as port:
        assert ended(PUTTING.format(port=port, file=str(file))) == (2, SAID)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("sys.exit(7)", (7, "")), ("print('done', file=sys.stderr)", (0, "done\n"))],
)
def test_what_ends_by_itself_ends_as_it_does(code: str, expected: tuple[int, str]) -> None:
    assert ended(code) == expected
