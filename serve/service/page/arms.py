"""`/arms/<arm>/<path>`: one arm of the experiment, whoever is asked, so that a page shows them all.

The service's own arm is the path behind the prefix. Another is asked on the caller's behalf, at the
address that the settings name and at no other, and only what a page needs: the path is made anew
from an id that was checked.
"""

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadGateway, BadRequest, NotFound

from movierec.lines.events import MOVIE_LETTERS
from serve.metrics import DEADLINE_MS
from serve.peers import Peer
from serve.service.request import movie_of, quoted
from serve.service.routes import user_of, wants_json

PEER_SECONDS = DEADLINE_MS / 1000
"""To connect, and from there to the last byte: a peer that drips must not hold a thread."""
MOST_BYTES = 1 << 20
"""Of a peer's answer: 20 ids with their reasons have some 20 KB."""
PASSED_ON = (
    *("Content-Type", "Retry-After"),
    *("X-Model", "X-Git-Commit", "X-Data-Hash", "X-Answer-Tier"),
)


class OwnArm:
    """An application that also answers below `/arms/<its own arm>`."""

    def __init__(self, app: WSGIApplication, arm: str) -> None:
        self.app, self.prefix = app, f"/arms/{arm}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Take the prefix off the path."""
        path = environ["PATH_INFO"]
        if path.startswith(self.prefix + "/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self.prefix
            environ["PATH_INFO"] = path[len(self.prefix) :]
        return self.app(environ, start_response)


def add_arms(app: Flask, own: str, peers: Iterable[Peer]) -> None:
    """The arms of a service: its own and its peers'."""
    at = {peer.arm: peer for peer in peers if peer.arm != own}
    app.wsgi_app = OwnArm(app.wsgi_app, own)  # type: ignore[method-assign]

    def peer_of(arm: str) -> Peer:
        if arm not in at:
            raise NotFound(f"no arm {quoted(arm)} here: there are {', '.join([own, *at])}")
        return at[arm]

    def asked(arm: str, path: str) -> Response:
        return ask(peer_of(arm), path, request.query_string, dict(_passed()))

    @app.get("/arms/<arm>/recommend/<userid>", provide_automatic_options=False)
    def recommend_of_arm(arm: str, userid: str) -> Response:
        return asked(arm, f"/recommend/{user_of(userid)}")

    @app.get("/arms/<arm>/similar/<movieid>", provide_automatic_options=False)
    def similar_of_arm(arm: str, movieid: str) -> Response:
        return asked(arm, f"/similar/{quote(movie_of(movieid), safe=MOVIE_LETTERS)}")

    @app.get("/arms/<arm>/version", provide_automatic_options=False)
    def version_of_arm(arm: str) -> Response:
        return asked(arm, "/version")


def _passed() -> Iterable[tuple[str, str]]:
    """What a peer is told of the request beside its path."""
    yield "X-Request-Id", g.request_id
    yield "Accept", "application/json" if wants_json() else "text/plain"


class Given(NamedTuple):
    """What a peer answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(peer: Peer, path: str, query: bytes, headers: dict[str, str]) -> Response:
    """A peer's answer, whatever it refuses. Raises BadGateway (502) when there is no whole one."""
    if not re.fullmatch(rb"[!-~]*", query):
        raise BadRequest("the query holds what is not printable ASCII: encode it")
    target = f"{path}?{query.decode()}" if query else path
    try:
        given = _given(peer, target, headers)
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BadGateway(f"the arm {peer.arm} does not answer: {why}") from None
    if given.status != 200 and not 400 <= given.status < 600:
        raise BadGateway(f"the arm {peer.arm} gives no answer, but status {given.status}")
    found = [(n, " ".join(given.headers[n].split())) for n in PASSED_ON if n in given.headers]
    response = Response(given.body, given.status, found)
    if request.method == "HEAD" and (length := given.headers["Content-Length"]):
        response.headers["Content-Length"] = length  # of the body that is not there
    return response


def _given(peer: Peer, target: str, headers: dict[str, str]) -> Given:
    """What a peer answers. Raises OSError and HTTPException when that is not whole, or too long."""
    connection = http.client.HTTPConnection(peer.host, peer.port, timeout=PEER_SECONDS)
    try:
        connection.connect()
        with _ended_after(PEER_SECONDS, connection.sock):
            connection.request(request.method, target, headers=headers)
            given = connection.getresponse()
            body = given.read(MOST_BYTES)
    finally:
        connection.close()
    if given.length or len(body) == MOST_BYTES:  # a part of a list would pass for a list
        raise http.client.HTTPException("its answer is not whole")
    return Given(given.status, given.headers, body)


@contextlib.contextmanager
def _ended_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """For so long there is a connection. Raises TimeoutError when that was not long enough."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with contextlib.suppress(OSError):  # it has ended already
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not over.is_set():
            raise
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError("timed out")
