"""What counts as a sign of life, on real connections of this process."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.transfer.life import WORK, Life, read_by, streams_of_this

SOME = b"x" * 100_000
ASK = b"?"
PEER = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    client, _ = listener.accept()
    while piece := client.recv(1 << 20):
        if piece.endswith(b"?"):
            client.sendall(b"!")
"""
"""Takes all that it is sent, and answers a question alone. It is another process: what it moves is
no life of this one."""


@pytest.fixture
def port() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", PEER], stdout=subprocess.PIPE) as peer:
        assert peer.stdout is not None
        yield int(peer.stdout.readline())
        peer.kill()


def aside(work: Callable[[], object]) -> None:
    """Do it in another thread than the one that looks."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def send(port: int) -> socket.socket:
    """A connection whose peer has taken so much, as the kernel knows by now."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(SOME)
    name = str(Path(f"/proc/self/fd/{client.fileno()}").readlink())
    while dict(streams_of_this())[name][0] < len(SOME):
        pass
    return client


def test_what_a_peer_takes_and_what_it_sends_is_life_once(port: int) -> None:
    life = Life(os.getpid())
    life.moved()  # finds all that was before
    with send(port) as client:
        assert [life.moved(), life.moved()] == [True, False]
        client.sendall(ASK)
        client.recv(1)
        assert [life.moved(), life.moved()] == [True, False]


def test_what_is_sent_again_to_who_answers_nothing_is_none(port: int) -> None:
    life = Life(os.getpid())
    life.moved()
    with send(port):
        assert life.moved()
    assert not life.moved()
    with send(port):
        assert not life.moved()


def test_reading_much_is_life_and_what_the_looker_reads_is_not(tmp_path: Path) -> None:
    file = tmp_path / "much"
    file.write_bytes(bytes(WORK))
    life = Life(os.getpid())
    life.moved()
    file.read_bytes()
    assert not life.moved()
    aside(lambda: (tmp_path / "little").write_bytes(file.read_bytes()[:1000]))
    assert life.moved()
    aside(lambda: (tmp_path / "little").read_bytes())
    assert not life.moved()


def test_a_process_that_is_gone_reads_nothing() -> None:
    assert read_by(2**22 + 1) == 0
