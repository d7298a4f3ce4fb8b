"""One connection: slow, silent, greedy or wrong; it gets what is its due, and an end."""

import contextlib
import socket
import time
from dataclasses import replace

import pytest

from serve.http.connection import AHEAD, READ_BYTES
from serve.http.limits import BODY_BYTES
from tests.serve.http.running import (
    ASK,
    HALF,
    LARGE,
    LIMITS,
    SECONDS,
    ask,
    one,
    received,
    running,
    some,
    status,
)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (HALF, b"a"),
        (b"POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", b"a"),
        (b"", b"\r\n"),
        (ASK + HALF, b"a"),
    ],
    ids=["head", "body", "empty lines", "a second head"],
)
def test_a_request_that_drips_ends_at_its_deadline_and_not_at_its_last_byte(
    start: bytes, drop: bytes
) -> None:
    with running(replace(LIMITS, request_seconds=1.0)) as server, server.connect(start) as client:
        client.settimeout(0.05)
        began, closed = time.monotonic(), False
        while not closed:
            assert time.monotonic() - began < SECONDS
            try:
                client.sendall(drop)
                closed = client.recv(4096) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert server.refused == {"slow": 1}


def test_a_connection_that_asks_nothing_more_ends_when_its_idle_time_is_over() -> None:
    with running(replace(LIMITS, idle_seconds=0.5)) as server:
        with server.connect(ASK) as client:
            assert received(client).endswith(b"\r\n\r\nok")
        assert server.refused == {"slow": 1}


def test_requests_that_come_together_are_answered_in_their_order() -> None:
    with running() as server, server.connect(ASK) as client:
        assert status(one(client)) == 200
        paths = [f"/{n}" for n in range(2000)]
        client.sendall(b"".join(map(ask, paths)))
        got = b""
        while got.count(b"\r\n\r\nok") < len(paths):
            got += some(client)
        assert server.paths == ["/ok", *paths]


def test_a_pipe_is_refused_in_its_order_too() -> None:
    """A refusal never overtakes the answer to an earlier request."""
    with running(replace(LIMITS, in_flight=1, queue=1)) as server:
        with server.connected(1)[0] as client, server.connected(1)[0] as other:
            with server.held():
                client.sendall(ask("/a") + ask("/b") + HALF + b"\r\n\r\n")
                other.sendall(ask("/c"))
            answers = b""
            while answers.count(b"HTTP/1.1") < 3:
                answers += some(client)
            assert status(one(other)) in (200, 503)
        assert sum(server.refused.values()) <= 2


def test_who_takes_no_answers_holds_up_nobody_gets_no_more_of_them_and_is_cut_off() -> None:
    limits = replace(LIMITS, idle_seconds=1.0)
    with running(limits) as server, server.connect(ask("/large") * 50) as client:
        server.until(lambda: "/large" in server.paths)
        assert server.get() == (200, b"ok")
        server.until(lambda: server.refused["slow"] == 1)
        assert server.paths.count("/large") == 1
        assert len(received(client)) < len(LARGE)  # and the end


def test_who_reads_slowly_gets_all() -> None:
    with running() as server, server.connect(ask("/large") * 3) as client:
        server.until(lambda: "/large" in server.paths)
        got = bytearray()
        while got.count(b"HTTP/1.1 200 OK") < 3 or not got.endswith(LARGE):
            got += some(client)
        assert len(got) > 3 * len(LARGE)


def test_not_more_is_read_than_is_answered() -> None:
    with running() as server, server.connect(ask("/large")) as client:
        server.until(lambda: "/large" in server.paths)
        client.settimeout(0.2)
        sent = 0
        with pytest.raises(TimeoutError):  # until no buffer takes more
            for _ in range(1000):
                sent += len(ASK) * 1000
                client.sendall(ASK * 1000)
        (connection,) = server.server.open
        assert len(connection.reader.whole) <= READ_BYTES // len(ASK) + 1 + AHEAD
        assert server.get() == (200, b"ok")


def test_who_shuts_its_side_gets_what_it_asked_and_the_end() -> None:
    with running() as server, server.connect(ASK * 3) as client:
        client.shutdown(socket.SHUT_WR)
        assert received(client).count(b"\r\n\r\nok") == 3
        with server.connect(HALF) as other:
            other.shutdown(socket.SHUT_WR)
            assert received(other) == b""
        server.until(lambda: not server.server.open)


@pytest.mark.parametrize("more", ["", "Connection: keep-alive\r\n"])
def test_an_old_client_is_told_whether_the_connection_goes_on(more: str) -> None:
    old = ask("/ok", more).replace(b"1.1", b"1.0")
    with running() as server, server.connect(old) as client:
        answer = one(client) if more else received(client)
        assert (b"Connection: keep-alive" in answer) == bool(more)
        assert (b"Connection: close" in answer) != bool(more)


def test_the_rest_of_what_is_refused_is_read_so_that_the_refusal_arrives() -> None:
    """A connection that is closed with bytes unread is reset, and a client that is still writing
    would lose the answer."""
    head = b"POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
    with running() as server:
        for _ in range(20):
            with server.connect() as client:
                for piece in (head, *[b"a" * 100_000] * 30):
                    client.sendall(piece)
                client.shutdown(socket.SHUT_WR)
                answer = received(client)
                assert status(answer) == 413, answer
                assert b"a body has at most %d bytes" % BODY_BYTES in answer


def test_a_client_that_asks_whether_to_go_on_is_told_to() -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with running() as server, server.connect(head) as client:
        assert some(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        assert one(client).endswith(b"\r\n\r\nhello")


def test_it_is_told_when_what_it_asked_before_is_answered() -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with running() as server, server.connect(ask("/aside/wait")) as client:
        assert server.asked.acquire(timeout=SECONDS)
        client.sendall(head)
        server.until(lambda: any(c.reader.expects for c in server.server.open))
        server.gate.release()
        answer = one(client)
        while b"100 Continue" not in answer:
            answer += some(client)
        assert answer.startswith(b"HTTP/1.1 200 ")
        client.sendall(b"hello")
        assert one(client).endswith(b"\r\n\r\nhello")
        client.sendall(ask("/ok") + head)  # both at once
        answer = one(client)
        while b"100 Continue" not in answer:
            answer += some(client)
        assert answer.startswith(b"HTTP/1.1 200 ")


def test_the_word_is_for_the_request_that_asked_for_it() -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with running() as server, server.connect(head + b"hello") as client:
        assert one(client).endswith(b"hello")
        client.sendall(ASK[:9])
        server.until(lambda: any(c.reader.begun for c in server.server.open))
        client.sendall(ASK[9:])
        assert one(client).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_cannot_know_the_word_is_not_told() -> None:
    head = b"POST /echo HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with running() as server, server.connect(head) as client:
        server.until(lambda: any(c.reader.begun for c in server.server.open))
        client.sendall(b"hello")
        assert status(received(client)) == 200


def test_what_is_refused_is_one_line_and_the_end_and_others_do_not_notice() -> None:
    with running() as server:
        for sent in (b"\0\r\n\r\n", b"GET / HTTP/1.1\r\nX-A: b\r\n" * 9000):
            with server.connect() as client:
                with contextlib.suppress(OSError):
                    client.sendall(sent)
                head, _, body = received(client).partition(b"\r\n\r\n")
                assert status(head) in (400, 431)
                assert b"\r\nConnection: close\r\n" in head
                assert body and b"\n" not in body
        assert server.get() == (200, b"ok")
        assert server.paths == ["/ok"]
