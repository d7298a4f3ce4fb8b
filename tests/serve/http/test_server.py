"""The server against clients that are slow, silent and many: others get their answers."""

import contextlib
import errno
import socket
import struct
import time
from dataclasses import replace
from unittest import mock

import pytest

from infra.processes import free_port
from movierec.errors import Unavailable
from serve.http.aside import MOST, THREADS
from serve.http.connection import Connection
from serve.http.server import SLICE_SECONDS, Server, bound
from tests.serve.http.running import (
    ASK,
    HALF,
    LIMITS,
    SECONDS,
    ask,
    one,
    received,
    running,
    some,
    status,
)

LINE = b"overloaded: try again in a second"


@pytest.mark.parametrize(
    "sent",
    [
        HALF,
        b"",
        b"\r\n",
        b"POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        b"POST /ok HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ASK,
    ],
    ids=["half a header", "nothing", "an empty line", "half a body", "half a chunk", "idle"],
)
def test_others_are_answered_beside_four_times_as_many_as_the_limit(sent: bytes) -> None:
    with running() as server, contextlib.ExitStack() as stack:
        for _ in range(4 * LIMITS.connections):
            stack.enter_context(contextlib.closing(server.connect(sent)))
        assert [server.get() for _ in range(5)] == [(200, b"ok")] * 5
        server.until(lambda: len(server.server.open) <= LIMITS.connections)
        assert server.refused["crowd"] >= 3 * LIMITS.connections


def test_room_is_made_by_the_one_that_keeps_us_waiting_longest() -> None:
    with running(replace(LIMITS, connections=4)) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connected(1)[0]) for _ in range(4)]
        for client in clients[:2]:  # now the third does
            client.sendall(ASK)
            assert status(one(client)) == 200
        assert server.get() == (200, b"ok")
        assert received(clients[2]) == b""
        for client in (clients[0], clients[1], clients[3]):
            client.sendall(ASK)
            assert status(one(client)) == 200
        assert server.refused == {"crowd": 1}


def test_past_what_may_wait_answers_are_hurried_then_refused_and_probes_come_first() -> None:
    limits = replace(LIMITS, in_flight=2, queue=5)
    with running(limits) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in server.connected(9)]
        probe = stack.enter_context(server.connected(1)[0])
        with server.held():
            for client in clients:
                client.sendall(ASK)
            probe.sendall(ask("/healthz"))
        answers = sorted(one(client).partition(b"\r\n\r\n")[2] for client in clients)
        assert answers == [b"hurried"] * 3 + [b"ok"] * 2 + [LINE] * 4
        assert one(probe).endswith(b"ok")
        assert server.paths == ["/wait", "/healthz", *["/ok"] * 5]
        assert server.refused == {"overload": 4}


@pytest.mark.parametrize(("method", "body"), [("GET", LINE), ("HEAD", b"")])
def test_a_refusal_says_when_to_come_again_and_the_connection_goes_on(
    method: str, body: bytes
) -> None:
    with running(replace(LIMITS, in_flight=1, queue=1)) as server:
        a, b = server.connected(2)
        with a, b:
            sent = ASK.replace(b"GET", method.encode())
            with server.held():
                a.sendall(sent)
                b.sendall(sent)
            server.until(lambda: server.refused["overload"] == 1)
            heads = {}
            for client in (a, b):
                client.sendall(ASK)
                got = b""
                while got.count(b"HTTP/1.1") < 2 or not got.endswith(b"\r\n\r\nok"):
                    got += some(client)
                heads[status(got)] = got
        assert b"\r\nRetry-After: 1\r\n" in heads[503]
        assert heads[503].split(b"\r\n\r\n", 1)[1].startswith(body + b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(("spared", "statuses"), [(False, [200, 503]), (True, [200, 200])])
def test_a_request_that_waited_too_long_is_refused_and_not_answered_late(
    spared: bool, statuses: list[int]
) -> None:
    paths = frozenset({"/wait"} if spared else ())
    with running(replace(LIMITS, wait_seconds=0.2, spared=paths)) as server:
        a, b = server.connected(2)
        with a, b:
            with server.held():
                a.sendall(ask("/wait"))
                b.sendall(ask("/wait"))
            assert server.asked.acquire(timeout=SECONDS)  # one is at work, and one is behind it
            time.sleep(0.3)
            server.gate.release(2)
            assert sorted(status(one(client)) for client in (a, b)) == statuses


@pytest.mark.parametrize("path", ["/wait", "/aside/wait"])
def test_who_closes_while_the_last_answer_is_made_ends_no_other_s(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is written to nobody, and the system says so when its end is."""
    with running() as server:
        for _ in range(3):
            with server.connect(ask(path, "Connection: close\r\n")):
                assert server.asked.acquire(timeout=SECONDS)
            server.gate.release()
            assert server.get() == (200, b"ok")
    assert caplog.text == ""


def test_a_connection_that_fails_is_the_only_one_that_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running() as server:
        failing = mock.patch.object(Connection, "answered", side_effect=ValueError)
        with failing, server.connect(ASK) as client:
            assert received(client) == b""
        assert server.get() == (200, b"ok")
    assert "ValueError" in caplog.text


def test_who_left_is_not_answered() -> None:
    with running() as server:
        clients = server.connected(5)
        with server.held():
            for client in clients:
                client.sendall(ask("/wait"))
        assert server.asked.acquire(timeout=SECONDS)  # one of them is at work
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        time.sleep(2 * SLICE_SECONDS)
        server.gate.release()
        server.until(lambda: not server.server.open)
        assert server.paths == ["/wait", "/wait"]


def test_at_the_limit_a_newcomer_waits_while_all_connections_are_at_work() -> None:
    with running(replace(LIMITS, connections=4)) as server, contextlib.ExitStack() as stack:
        for client in server.connected(4):
            stack.enter_context(client).sendall(ask("/wait") * 3)
        for answered in range(12):
            assert server.asked.acquire(timeout=SECONDS)
            if answered == 1:  # all have been read by now, and none is idle
                late = stack.enter_context(server.connect(ASK))
            time.sleep(2 * SLICE_SECONDS)  # the server reads after each answer
            server.gate.release()
        assert status(one(late)) == 200
        assert server.most_open == 4


def test_it_takes_connections_again_when_files_are_there_again() -> None:
    with running() as server:
        server.server._listener = mock.Mock(wraps=server.server._listener)
        refusal = OSError(errno.EMFILE, "no files")
        accept = server.server._listener.accept
        accept.side_effect = refusal
        with server.connect(ASK) as client:
            server.until(lambda: accept.called)
            accept.side_effect = None
            assert status(one(client)) == 200


def test_thirty_that_are_in_flight_are_answered_when_it_stops() -> None:
    with running() as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in server.connected(30)]
        with server.held():
            for client in clients:
                client.sendall(ASK)
            newcomer = stack.enter_context(server.connect(ASK))
            server.server.stop()
        for client in (*clients, newcomer):
            answer = received(client)  # all of it, and then the end
            client.close()
            assert status(answer) == 200 and answer.endswith(b"\r\n\r\nok")
            assert b"\r\nConnection: close\r\n" in answer
        server.thread.join(SECONDS)
        assert not server.thread.is_alive()


def test_a_stopping_server_answers_once_more_on_connections_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serve.http.server.LINGER_SECONDS", 0.5)
    with running() as server, server.connect(ASK) as idle, server.connect(ASK) as silent:
        assert status(one(idle)) == status(one(silent)) == 200
        server.server.stop()
        server.until(lambda: not server.server.accepting)
        idle.sendall(ASK)  # sent before it could know
        assert b"\r\nConnection: close\r\n" in received(idle)
        idle.close()
        assert received(silent) == b""  # its end, and no error
        silent.close()
        server.thread.join(SECONDS)
        assert not server.thread.is_alive()


def test_a_server_that_is_stopped_before_it_runs_answers_who_has_connected() -> None:
    listener = bound("X_", "127.0.0.1", free_port())
    server = Server(lambda environ, start: start("200 OK", []) or [b""], listener, LIMITS)
    with socket.create_connection(listener.getsockname(), timeout=SECONDS) as client:
        client.sendall(ASK)
        client.shutdown(socket.SHUT_WR)
        server.stop()
        server.run()
        assert status(received(client)) == 200
    server.stop()  # again, when it has ended: nothing


def test_what_waits_for_somebody_else_keeps_nobody_waiting_and_is_bounded() -> None:
    with running(replace(LIMITS, connections=200)) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect(ask("/aside/wait"))) for _ in range(MOST)]
        for _ in range(THREADS):
            assert server.asked.acquire(timeout=SECONDS)
        server.until(lambda: server.server._aside.full)
        assert server.get() == (200, b"ok")
        assert server.get("/aside/more") == (503, LINE)
        assert server.refused == {"overload": 1}
        server.gate.release(MOST)
        assert [one(client).endswith(b"ok") for client in clients] == [True] * MOST
        assert server.get("/aside/more") == (200, b"ok")


@pytest.mark.parametrize("path", ["//aside/wait", "/%2Faside/wait", "/%61side/wait"])
def test_what_waits_does_so_aside_however_its_path_is_written(path: str) -> None:
    with running() as server, server.connect(ask(path)) as client:
        server.until(lambda: server.server._aside.at_work == 1)
        assert server.get() == (200, b"ok")
        server.gate.release()
        assert status(one(client)) == 200


def test_a_stopping_server_waits_for_what_is_answered_aside() -> None:
    with running() as server, server.connect(ask("/aside/wait")) as client:
        assert server.asked.acquire(timeout=SECONDS)
        server.server.stop()
        server.gate.release()
        assert received(client).endswith(b"ok")


def test_a_stop_that_takes_too_long_ends_without_a_complaint(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("serve.http.server.STOP_SECONDS", 0.0)
    with running() as server, contextlib.ExitStack() as stack:
        clients = [server.connect(ask("/aside/wait")) for _ in range(THREADS + 1)]
        for client in clients:
            stack.enter_context(client)
        for _ in range(THREADS):
            assert server.asked.acquire(timeout=SECONDS)
        server.until(lambda: server.server._aside.at_work == THREADS + 1)
        server.server.stop()
        assert [received(client) for client in clients] == [b""] * (THREADS + 1)
        server.thread.join(SECONDS)
        assert not server.thread.is_alive()  # though all of its work still waits
    assert caplog.records == []


def test_who_left_before_an_answer_aside_was_made_harms_nobody() -> None:
    with running() as server:
        with server.connect(ask("/aside/wait")) as client:
            assert server.asked.acquire(timeout=SECONDS)
            reset = struct.pack("ii", 1, 0)  # who only stops asking may still read
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        server.until(lambda: not server.server.open)
        server.gate.release()
        server.until(lambda: server.server._aside.at_work == 0)
        assert list(server.server.turns) == []
        assert server.get() == (200, b"ok")


def test_a_probe_does_not_wait_for_all_that_wait() -> None:
    """Answering goes on for a slice of time, then what has come meanwhile is read."""
    with running() as server, contextlib.ExitStack() as stack:
        probe = stack.enter_context(server.connected(1)[0])
        many = [stack.enter_context(client) for client in server.connected(40)]
        with server.held():
            for client in many:
                client.sendall(ask("/wait"))
        assert server.asked.acquire(timeout=SECONDS)  # the first of them is at work
        probe.sendall(ask("/healthz"))
        time.sleep(2 * SLICE_SECONDS)
        server.gate.release(40)
        for client in (probe, *many):
            assert status(one(client)) == 200
        assert server.paths[:4] == ["/wait", "/wait", "/healthz", "/wait"]


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_port_that_is_taken_is_named_with_what_to_do(family: int, host: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
        listener.listen()
        with pytest.raises(Unavailable) as refusal:
            bound("SERVICE_", host, port)
        assert str(refusal.value) == (
            f"cannot listen on SERVICE_HOST {host} SERVICE_PORT {port} (Address already in use): "
            "stop what listens there, or set another SERVICE_PORT"
        )
    bound("SERVICE_", host, port).close()


def test_a_port_whose_last_connections_linger_is_free() -> None:
    """They do for a minute after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            server.close()  # who closes first waits
            assert client.recv(1) == b""
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port))
    bound("SERVICE_", "127.0.0.1", port).close()


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(Unavailable, match=r"SERVICE_HOST 192\.0\.2\.1 SERVICE_PORT 1234"):
        bound("SERVICE_", "192.0.2.1", 1234)
    with pytest.raises(Unavailable, match=r"SERVICE_HOST no-such-host\.invalid"):
        bound("SERVICE_", "no-such-host.invalid", 1234)
