"""Flask without what this service never uses: half of what a request costs in it.

Everything here overrides what Flask and Werkzeug document as overridable; routes, hooks, error
handlers and the test client are Flask's own. What each part saves is measured by
`python -m tests.bench.bench_request`.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Header = tuple[str, str]
TEXT = "text/plain; charset=utf-8"


class NoSessions(SessionInterface):
    """There are no cookies, so all requests share the session that nobody may write to."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """The one that says, when written to, that there is none."""
        return self._none


class Lean(Flask):
    """An application of plain functions: no sessions, no coroutines, no redirects."""

    session_interface = NoSessions()

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        # `/recommend//7` is 404: a redirect would have to name a host, and a client names ours.
        self.url_map.merge_slashes = False

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """`func` itself: no hook and no route of ours is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Matches by path and method alone: there are no subdomains, and no redirect asks for
        the host. Outside of a request no URL is built."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", "/", "", "http", request.path, request.method)


class Line(Response):
    """One line of text. Werkzeug would look through its headers for what it never has: a
    Location, a stream, something to close."""

    signed: Iterable[Header] = ()
    """Headers that are the same in every response, which need not be looked through either."""

    def __init__(self, line: str | bytes, status: int = 200) -> None:
        super().__init__(line, status, content_type=TEXT)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        """Answer; the body of HEAD is only counted."""
        start_response(self.status, [*self.headers, *self.signed])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self.response
