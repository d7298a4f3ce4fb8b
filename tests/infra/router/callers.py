"""Who asks the router, and what an error of its own looks like."""

import re
import socket

from movierec.routing import arm
from tests.infra.router.routers import EVEN, Answer, Router

AT_SVD, AT_SVDPP = (
    next(user for user in range(99) if arm(user, "1", EVEN) == name) for name in ("svd", "svdpp")
)
HEX = re.compile(r"[0-9a-f]{32}")


def one_line(answer: Answer, status: int) -> None:
    """An error: one line of text, with an id, and when to come again."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.count("\n") == 1 and answer.text.endswith("\n") and "<" not in answer.text
    assert HEX.fullmatch(answer.headers["X-Request-Id"])
    assert answer.headers.get("Retry-After") == ("1" if status in (429, 503) else None)


def line_to(router: Router) -> socket.socket:
    """A connection that says what it likes."""
    return socket.create_connection(("127.0.0.1", router.port), timeout=120)
