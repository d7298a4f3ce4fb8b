"""A WSGI application's answer → the bytes that go out, and refusals that it never sees."""

import logging
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from http.client import responses
from typing import Any

from serve.http.request import Request

log = logging.getLogger("serve.http")

RETRY_SECONDS = 1
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_BODY = ("1", "204", "304")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def refusal(status: int, line: str, *, close: bool, head: bool = False) -> bytes:
    """An answer of one line of text, without its body for HEAD."""
    names = [f"HTTP/1.1 {status} {responses.get(status, '')}"]
    names += ["Content-Type: text/plain; charset=utf-8"]
    names += [f"Retry-After: {RETRY_SECONDS}"] if status == 503 else []
    names += ["Connection: close"] if close else []
    body = line.encode("utf-8", "replace")
    names += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(names).encode("latin-1", "replace") + (b"" if head else body)


OVERLOADED = {
    (close, head): refusal(503, "overloaded: try again in a second", close=close, head=head)
    for close in (False, True)
    for head in (False, True)
}
"""By whether the connection ends with it and whether HEAD asked: made once, as it must be cheap."""


def respond(application: Application, request: Request, port: str, close: bool) -> bytes:
    """Ask the application. What it raises, or a header that would be two, is a 500 of one line."""
    try:
        return _respond(application, request, port, close)
    except Exception:
        log.exception("request failed")
        return refusal(500, "internal error", close=close, head=request.method == "HEAD")


def _respond(application: Application, request: Request, port: str, close: bool) -> bytes:
    status, headers = "", list[tuple[str, str]]()

    def start(given: str, names: list[tuple[str, str]], error: Any = None) -> None:
        nonlocal status, headers
        status, headers = given, names

    iterable = application(request.environ(port), start)
    try:
        body = b"".join(iterable)
    finally:
        if hasattr(iterable, "close"):
            iterable.close()
    lines = [f"HTTP/1.1 {status}", f"Date: {date(int(time.time()))}"]
    counted = request.method != "HEAD" and not status.startswith(NO_BODY)
    for name, value in headers:
        if (key := name.lower()) != "date" and not (counted and key == "content-length"):
            lines.append(f"{name}: {value}")
    if counted:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    elif request.version == "1.0":
        lines.append("Connection: keep-alive")
    lines += ["", ""]
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header of the answer has a line break")
    return head.encode("latin-1") + (body if counted else b"")


@lru_cache(1)
def date(second: int) -> str:
    """A moment as HTTP writes it.

    >>> date(0)
    'Thu, 01 Jan 1970 00:00:00 GMT'
    """
    return formatdate(second, usegmt=True)
