"""What Flask was relieved of is not missed."""

import pytest
from flask import Response, session
from werkzeug.test import create_environ, run_wsgi_app

from serve.service.lean import TEXT, Lean, Line


def application() -> Lean:
    app = Lean("lean")

    @app.get("/of/<user>")
    def of(user: str) -> Line:
        return Line(f"of {user}")

    return app


def test_a_route_finds_its_argument_whatever_the_host() -> None:
    client = application().test_client()
    for host in ("localhost", "a.b:8080", "[::1]", "x" * 300, "a b", ""):
        response = client.get("/of/a%20b", headers={"Host": host})
        assert (response.status_code, response.text) == (200, "of a b")


@pytest.mark.parametrize("path", ["//of/7", "/of//7", "/of/7/", "//evil.example/of/7"])
def test_nobody_is_sent_elsewhere(path: str) -> None:
    response = application().test_client().get("/", environ_overrides={"PATH_INFO": path})
    found = path == "//of/7"  # as Werkzeug reads a path: it has one slash at its head
    assert (response.status_code, "Location" in response.headers) == (200 if found else 404, False)


def test_there_is_no_session_to_write_to() -> None:
    app = application()

    @app.get("/write")
    def write() -> Line:
        session["user"] = 7
        return Line("written")

    app.testing = True
    with pytest.raises(RuntimeError, match="session is unavailable"):
        app.test_client().get("/write")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("text", "status"), [("", 200), ("ok", 200), ("jäws", 404), ("x", 503)])
def test_a_line_is_the_response_that_werkzeug_would_make(
    method: str, text: str, status: int
) -> None:
    environ = create_environ(method=method)
    line, usual = Line(text, status), Response(text, status, content_type=TEXT)
    line.headers["Allow"] = usual.headers["Allow"] = "GET"
    got, wanted = (run_wsgi_app(response, environ) for response in (line, usual))
    assert (b"".join(got[0]), got[1], list(got[2])) == (
        b"".join(wanted[0]),
        wanted[1],
        list(wanted[2]),
    )


def test_what_it_is_signed_with_comes_last() -> None:
    line = Line("ok")
    line.signed = [("X-Model", "svd@v1")]
    _, _, headers = run_wsgi_app(line, create_environ())
    assert list(headers)[-1] == ("X-Model", "svd@v1")
