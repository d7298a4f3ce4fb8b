"""`/arms/<arm>/…`: the own arm by its prefix, another by asking its one address."""

import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from serve.peers import Peer
from serve.service.app import create_app
from serve.service.page import arms
from tests.inputs.models import SmallLoaded

KNOWN = 4
JSON = {"Accept": "application/json"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serving(app):
    """The port of an application that answers on a thread."""
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def other(settings):
    """Another arm, which has no page."""
    named = replace(settings, model_version="b@v2", arm="b", git_commit="beef")
    return create_app(named, SmallLoaded(data_hash="e" * 64))


@pytest.fixture
def client(page_settings, model, other):
    with serving(other) as port:
        settings = replace(page_settings, peers=(Peer("b", "127.0.0.1", port),))
        yield create_app(settings, model).test_client()


def test_the_own_arm_answers_below_its_name_as_above_it(client):
    for path in (f"recommend/{KNOWN}?exclude=movie+03+2001", "version", f"history/{KNOWN}", ""):
        below, above = client.get(f"/arms/svd/{path}"), client.get(f"/{path}")
        assert below.status_code == above.status_code == 200
        assert below.headers["X-Model"] == "svd@v1.4.0"
        if not path.startswith("history"):  # which bears its request's id
            assert below.data == above.data


def test_another_arm_s_answer_is_its_own_with_its_provenance(client, other):
    path = f"recommend/{KNOWN}?exclude=movie+59+2001&rated=movie+03+2001:5"
    given = client.get(f"/arms/b/{path}", headers={**JSON, "X-Request-Id": "abc-1"})
    expected = other.test_client().get(path, headers={**JSON, "X-Request-Id": "abc-1"})
    assert given.status_code == expected.status_code == 200
    assert given.get_json() == expected.get_json()
    for name in ("X-Model", "X-Git-Commit", "X-Data-Hash", "X-Answer-Tier", "X-Request-Id"):
        assert given.headers[name] == expected.headers[name]
    assert given.headers["X-Model"] == "b@v2"
    assert client.get(f"/arms/b/recommend/{KNOWN}").content_type.startswith("text/plain")


def test_another_arm_s_refusal_is_passed_on(client, other):
    for path in ("recommend/4?nonsense=1", "similar/nothing+of+the+kind"):
        given, expected = client.get(f"/arms/b/{path}"), other.test_client().get(f"/{path}")
        assert given.status_code == expected.status_code >= 400
        assert given.data == expected.data


def test_version_names_the_arm(client):
    assert client.get("/arms/b/version").get_json()["arm"] == "b"


@pytest.mark.parametrize(
    "path",
    [
        "/arms/c/recommend/4",
        "/arms/b/metrics",
        "/arms/b/readyz",
        "/arms/b/history/4",
        "/arms/b/users/random",
        "/arms/b/",
        "/arms/b/arms/b/version",
        "/arms/b/recommend/4/../../metrics",
        "/arms/b@127.0.0.1/recommend/4",
        "/arms/127.0.0.1:80/version",
    ],
)
def test_nothing_else_is_asked_of_anybody(client, path, monkeypatch):
    monkeypatch.setattr(arms, "ask", lambda *_: pytest.fail("somebody was asked"))
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/arms/b/recommend/4%2f..%2f..%2fmetrics", "GET"),
        ("/arms/b/recommend/4?x=1", "POST"),
        ("/arms/b/recommend/4%3fx=1", "GET"),
        ("/arms/b/similar/a%0d%0aHost:%20evil", "GET"),
        ("/arms/b/similar/..%5c", "GET"),
        ("/arms/b/version", "DELETE"),
    ],
)
def test_a_malformed_id_and_another_method_reach_no_peer(client, path, method, monkeypatch):
    monkeypatch.setattr(arms, "ask", lambda *_: pytest.fail("somebody was asked"))
    assert client.open(path, method=method).status_code in (400, 404, 405)


def test_a_query_of_no_characters_of_a_url_is_refused_and_not_sent(client):
    given = client.get(
        "/arms/b/recommend/4", environ_overrides={"QUERY_STRING": "watched=a b\r\nX: y"}
    )
    assert given.status_code == 400
    assert given.text == "the query holds what is not printable ASCII: encode it"


def test_an_arm_that_is_not_there_is_a_502_that_names_it_and_no_address(page_settings, model):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        settings = replace(page_settings, peers=(Peer("b", "127.0.0.1", bound.getsockname()[1]),))
        given = create_app(settings, model).test_client().get("/arms/b/recommend/4")
    assert given.status_code == 502
    assert given.text == "the arm b does not answer: Connection refused"


def test_an_arm_that_is_silent_is_given_up(page_settings, model, monkeypatch):
    monkeypatch.setattr(arms, "PEER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = replace(page_settings, peers=(Peer("b", "127.0.0.1", silent.getsockname()[1]),))
        given = create_app(settings, model).test_client().get("/arms/b/recommend/4")
    assert (given.status_code, given.text) == (502, "the arm b does not answer: timed out")


@contextmanager
def saying(*pieces):
    """The port of what sends these bytes to each who asks, a hundredth of a second apart, until
    it is no longer read."""

    def answer():
        with suppress(OSError):
            while True:
                with odd.accept()[0] as connection, suppress(OSError):
                    connection.recv(1000)
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as odd:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield odd.getsockname()[1]
        finally:
            odd.shutdown(socket.SHUT_RDWR)
            thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def asked(page_settings, model, *pieces):
    """What comes of a peer that says these bytes."""
    with saying(*pieces) as port:
        settings = replace(page_settings, peers=(Peer("b", "127.0.0.1", port),))
        return create_app(settings, model).test_client().get("/arms/b/recommend/4")


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0\r\n\r\n",
        HEAD + b"Content-Length: 500\r\n\r\njaws+1975,heat",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n500\r\njaws+1975,heat",
        HEAD + b"Content-Length: 2000000\r\n\r\n" + b"a" * 2_000_000,
        HEAD + b"\r\n" + b"a" * 2_000_000,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["no http", "cut", "a cut chunk", "long", "endless", "101", "204", "302", "999"],
)
def test_what_is_no_whole_answer_is_a_502(page_settings, model, said):
    given = asked(page_settings, model, said)
    assert given.status_code == 502
    assert given.text.startswith("the arm b ")
    assert len(given.text.splitlines()) == 1


@pytest.mark.parametrize("start", [HEAD, HEAD + b"Content-Length: 10000\r\n\r\n"])
def test_an_arm_that_drips_is_given_up_too(page_settings, model, monkeypatch, start):
    monkeypatch.setattr(arms, "PEER_SECONDS", 0.1)
    drops = [b"X-A: b\r\n"] * 90 if start == HEAD else [b"a"] * 10_000
    given = asked(page_settings, model, start, *drops)
    assert (given.status_code, given.text) == (502, "the arm b does not answer: timed out")


def test_a_folded_header_is_one_line(page_settings, model):
    given = asked(page_settings, model, HEAD + b"X-Model: b\r\n @v2\r\nContent-Length: 2\r\n\r\nok")
    assert (given.status_code, given.text, given.headers["X-Model"]) == (200, "ok", "b @v2")


def test_head_has_the_length_of_the_other_arm_s_answer(client):
    for path in ("/arms/b/recommend/4", "/arms/b/version", "/arms/b/similar/nothing"):
        given, head = client.get(path), client.head(path)
        assert head.status_code == given.status_code
        assert head.headers["Content-Length"] == given.headers["Content-Length"] != "0"


def test_a_peer_of_the_own_name_is_never_asked(page_settings, model):
    settings = replace(page_settings, peers=(Peer("svd", "127.0.0.1", 1),))
    assert create_app(settings, model).test_client().get("/arms/svd/version").status_code == 200
