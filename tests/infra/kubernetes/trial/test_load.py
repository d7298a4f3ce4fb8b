"""Every request is counted, none is tried again, and a slow answer holds no other one up."""

import http.server
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.kubernetes.trial import load


class Answers(http.server.BaseHTTPRequestHandler):
    """200 with provenance; user 3 gets 503, user 4 is cut off, user 5 waits for the others."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        user = int(self.path.rsplit("/", 1)[1])
        if user == 4:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if user == 5:
            self.server.others.wait(60)
        self.send_response(503 if user == 3 else 200)
        self.send_header("X-Model", "svd@v1")
        self.send_header("X-Answer-Tier", "model")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Not on stderr."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    paths: list[str]
    others: threading.Event

    def handle_error(self, *_: object) -> None:
        """A client that hung up."""


@contextmanager
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Answers) as running:
        running.paths, running.others = [], threading.Event()
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def asked(port: int, *options: str) -> list[list[Any]]:
    command = [sys.executable, load.__file__, "--to", f"127.0.0.1:{port}", *options]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_each_answer_is_written_down() -> None:
    with server() as running:
        lines = asked(running.server_port, "--rate", "200", "--seconds", "0.1", "--users", "1,2,3")
        assert len(lines) == 20 == len(running.paths)
    assert {(line[0], line[3]) for line in lines} == {(1, "200"), (2, "200"), (3, "503")}
    assert {(line[4], line[5], line[6]) for line in lines} == {("svd@v1", "model", False)}


@pytest.mark.parametrize("kept", [(), ("--kept",)])
def test_a_broken_request_is_a_failure_and_is_not_tried_again(kept: tuple[str, ...]) -> None:
    with server() as running:
        options = ("--rate", "50", "--seconds", "0.2", "--users", "1,4", *kept)
        lines = asked(running.server_port, *options)
        assert len(lines) == len(running.paths) == 10
    assert sorted(line[3] for line in lines) == ["200"] * 5 + ["IncompleteReadError"] * 5


def test_kept_connections_are_used_again() -> None:
    with server() as running:
        lines = asked(
            running.server_port, "--rate", "50", "--seconds", "0.4", "--users", "1", "--kept"
        )
    assert any(line[6] for line in lines) and not lines[0][6]


def test_a_burst_is_due_at_once_and_the_rate_stays() -> None:
    with server() as running:
        options = ("--rate", "100", "--seconds", "0.2", "--burst", "10", "--users", "1")
        lines = asked(running.server_port, *options)
    assert sorted(line[1] for line in lines) == [0.0] * 10 + [0.1] * 10


def test_nobody_there_is_a_failure_a_request() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))  # taken, and nobody listens
        lines = asked(door.getsockname()[1], "--rate", "100", "--seconds", "0.1")
    assert [line[3] for line in lines] == ["ConnectionRefusedError"] * 10


def test_an_answer_that_waits_holds_no_other_up() -> None:
    """Open loop: users 1 and 2 are answered while 5 waits, which they release."""
    with server() as running:

        def release() -> None:
            while len([p for p in running.paths if p != "/recommend/5"]) < 6:
                time.sleep(0.01)
            running.others.set()

        threading.Thread(target=release, daemon=True).start()
        options = ("--rate", "100", "--seconds", "0.09", "--users", "5,1,2")
        lines = asked(running.server_port, *options)
    assert [line[3] for line in lines] == ["200"] * 9


def test_it_ends_at_sigterm_with_every_line() -> None:
    with server() as running:
        command = [sys.executable, load.__file__, "--to", f"127.0.0.1:{running.server_port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            while len(running.paths) < 5:
                time.sleep(0.01)
            asking.send_signal(signal.SIGTERM)
            told, _ = asking.communicate(timeout=60)
        assert asking.returncode == 0
        assert len(told.splitlines()) == len(running.paths)
