"""An application's answer as bytes."""

import logging
from typing import Any

import pytest

from serve.http.answer import OVERLOADED, refusal, respond
from serve.http.request import Request


@pytest.fixture(autouse=True)
def the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.9)


class Application:
    """Answers as it is told; `closed` counts its iterables that were."""

    def __init__(self, status: str, headers: list[tuple[str, str]], *pieces: bytes) -> None:
        self.status, self.headers, self.pieces, self.closed = status, headers, pieces, 0

    def __call__(self, environ: dict[str, Any], start: Any) -> "Application":
        start(self.status, self.headers)
        return self

    def __iter__(self):
        return iter(self.pieces)

    def close(self) -> None:
        self.closed += 1


def asked(method: str = "GET", version: str = "1.1") -> Request:
    return Request(method, "/", "", version, {}, True, b"")


@pytest.mark.parametrize(
    ("request_", "close", "end"),
    [
        (asked(), False, "Content-Length: 2\r\n\r\nok"),
        (asked(), True, "Content-Length: 2\r\nConnection: close\r\n\r\nok"),
        (asked(version="1.0"), False, "Content-Length: 2\r\nConnection: keep-alive\r\n\r\nok"),
        (asked("HEAD"), False, "content-length: 77\r\n\r\n"),
    ],
)
def test_an_answer_is_whole_whatever_the_application_counted(request_, close, end) -> None:
    application = Application("200 OK", [("A", "b"), ("content-length", "77")], b"o", b"k")
    start = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nA: b\r\n"
    assert respond(application, request_, "80", close) == (start + end).encode()
    assert application.closed == 1


def test_there_is_one_date() -> None:
    application = Application("304 Not Modified", [("date", "then"), ("ETag", "a")])
    data = respond(application, asked(), "80", close=False)
    assert data.lower().count(b"\r\ndate: ") == 1 and b"then" not in data


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_what_has_no_body_has_none(status: str) -> None:
    data = respond(Application(status, [], b"ok"), asked(), "80", close=False)
    assert data.endswith(b" GMT\r\n\r\n") and b"Content-Length" not in data


@pytest.mark.parametrize(
    "headers",
    [
        [("A", "b\r\nX-Model: evil")],
        [("A", "b\nc")],
        [("A", "b\rc")],
        [("A\r\nB", "c")],
        [("A", "€")],
    ],
)
def test_a_header_that_would_be_two_is_an_error_and_is_not_sent(headers, caplog) -> None:
    with caplog.at_level(logging.ERROR):
        data = respond(Application("200 OK", headers, b"ok"), asked(), "80", close=False)
    assert data == refusal(500, "internal error", close=False)
    assert [record.name for record in caplog.records] == ["serve.http"]


def test_what_an_application_raises_is_one_line_and_logged(caplog) -> None:
    def fails(environ: dict[str, Any], start: Any) -> list[bytes]:
        raise RuntimeError("secret")

    data = respond(fails, asked("HEAD"), "80", close=True)
    assert data == refusal(500, "internal error", close=True, head=True)
    assert data.endswith(b"Content-Length: 14\r\n\r\n") and b"secret" in caplog.text.encode()


def test_a_refusal_is_one_line() -> None:
    assert OVERLOADED[True, False] == (
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Retry-After: 1\r\nConnection: close\r\nContent-Length: 33\r\n\r\n"
        b"overloaded: try again in a second"
    )
    assert b"Retry-After" not in refusal(400, "no", close=True)
