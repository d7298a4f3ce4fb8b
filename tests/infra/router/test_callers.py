"""Callers that press, dawdle or lie, before the real nginx."""

import contextlib
import json
import re
import resource
import socket

import pytest

from tests.infra.router.arms import Arm
from tests.infra.router.callers import AT_SVD, line_to, one_line
from tests.infra.router.routers import EVEN, PATIENT, Router, router
from tests.waiting import until

pytestmark = pytest.mark.slow


def test_who_asks_too_often_is_told_so_and_probes_are_not(both: dict[str, Arm]) -> None:
    with router(both, EVEN, ROUTER_RATE="1", ROUTER_BURST="1", **PATIENT) as made:
        answers = made.together([f"/recommend/{AT_SVD}"] * 30)
        refused = [answer for answer in answers if answer.status == 429]
        assert refused and len(refused) + both["svd"].asked == 30
        one_line(refused[0], 429)
        assert {made.get("/healthz").status for _ in range(30)} == {200}
        until(lambda: made.get("/arms/svd/recommend/7").status == 200)


def test_behind_a_proxy_each_client_has_its_own_rate(both: dict[str, Arm]) -> None:
    """Of a chain the last one counts that is no proxy: what a client says itself it may make up."""
    told = {"ROUTER_RATE": "1", "ROUTER_BURST": "1", **PATIENT}
    chains = [f"{made_up}, 192.0.2.1, 10.9.9.9" for made_up in ("198.51.100.1", "198.51.100.2")]
    with router(both, EVEN, ROUTER_PROXIES="127.0.0.0/8,10.0.0.0/8", **told) as made:
        path = f"/recommend/{AT_SVD}"
        for n in range(30):
            assert made.get(path, X_Forwarded_For=f"192.0.2.{n + 10}").status == 200
        pressed = [made.get(path, X_Forwarded_For=chains[n % 2]).status for n in range(60)]
        assert {200, 429} == set(pressed)
        clients = [line["client"] for line in made.lines(90)]
        assert clients[:30] == [f"192.0.2.{n + 10}" for n in range(30)]
        assert set(clients[30:]) == {"192.0.2.1"}


def test_nobody_else_is_believed(both: dict[str, Arm]) -> None:
    with router(both, EVEN, ROUTER_PROXIES="192.0.2.1", **PATIENT) as made:
        made.get(f"/recommend/{AT_SVD}", X_Forwarded_For="198.51.100.1")
        assert made.lines(1)[0]["client"] == "127.0.0.1"


def test_it_opens_as_many_files_as_it_may(both: dict[str, Arm]) -> None:
    """A shell's soft limit is for people."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
    try:
        with router(both, EVEN) as made:
            pid = made.processes.running["router"].pid
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def test_who_dawdles_holds_nobody_up_and_is_sent_away(patient: Router) -> None:
    halves = [
        b"GET /recommend/7 HTTP/1.1\r\nHost: r\r\nX-Half",
        b"POST /events HTTP/1.1\r\nHost: r\r\nContent-Length: 100\r\n\r\n{",
        b"",
    ]
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(line_to(patient)) for _ in range(300)]
        for number, one in enumerate(slow):
            one.sendall(halves[number % 3])
        for user in range(100):
            assert patient.get(f"/recommend/{user}").status == 200
        for one in slow[:3]:
            with contextlib.suppress(ConnectionResetError):
                assert b"200" not in one.recv(1000)


SMUGGLED = b"GET /recommend/666 HTTP/1.1\r\nHost: r\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 45\r\nTransfer-Encoding: chunked",
        b"Content-Length: 0\r\nContent-Length: 45",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:\x0bchunked",
        b"X: a\rTransfer-Encoding: chunked",
        b"Content-Length: +45",
        b"Content-Length: -1",
        b"Content-Length: 4 5",
        b"X: y\r\n Content-Length: 45",
        b"Host: other",
    ],
)
def test_no_second_request_is_smuggled_in(
    patient: Router, both: dict[str, Arm], head: bytes
) -> None:
    """What is refused closes the connection. What is read as two requests, both sides read so."""
    sent = b"POST /events HTTP/1.1\r\nHost: r\r\n" + head + b"\r\n\r\n0\r\n\r\n" + SMUGGLED
    with line_to(patient) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while more := line.recv(65536):
            answer += more
    statuses = re.findall(rb"^HTTP/1.1 (\d+)", answer, re.MULTILINE)
    assert statuses.count(b"200") == sum(one.asked for one in both.values())
    assert statuses and statuses[0] in (b"200", b"400", b"501")
    assert patient.get("/recommend/7").told["target"] == "/recommend/7"


def test_who_speaks_http_1_0_need_name_no_host(patient: Router) -> None:
    """The arms are asked in HTTP/1.1, where a request without one is none."""
    for path in (b"/recommend/7", b"/arms/svd/recommend/7"):
        with line_to(patient) as line:
            line.sendall(b"GET " + path + b" HTTP/1.0\r\n\r\n")
            answer = b""
            while more := line.recv(65536):
                answer += more
        assert answer.startswith(b"HTTP/1.1 200")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]["host"] == "router"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /recommend/7?watched=" + b"a" * 9000 + b" HTTP/1.1\r\nHost: r\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: r\r\nX: " + b"a" * 65536 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: r\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x00", 400),
        (b"POST /events HTTP/1.1\r\nHost: r\r\nContent-Length: 65537\r\n\r\n", 413),
    ],
)
def test_what_is_too_large_or_malformed_is_refused_in_one_line(
    patient: Router, both: dict[str, Arm], sent: bytes, status: int
) -> None:
    with line_to(patient) as line:
        line.sendall(sent)
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.endswith(b"\n"):
            answer += (more := line.recv(65536))
            assert more
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert body.count("\n") == 1 and "<" not in body
    assert "Server: nginx\r\n" in head
    assert not any(one.asked for one in both.values())
