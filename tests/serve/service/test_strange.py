"""Whatever is asked: no failure, no series of somebody's choosing, no line that is not ours."""

import io
import json
import logging

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from movierec.lines.served import Served, parse_served
from serve.logs import JsonFormatter
from serve.service.app import create_app
from serve.service.page.events import EVENTS
from tests.inputs.models import SmallLoaded
from tests.serve.conftest import Lines
from tests.serve.service.openapi.test_document import WHOLE

TEXT = st.text(st.characters(max_codepoint=255), max_size=60)
"""Of bytes, as WSGI hands them on: any of them, decoded as Latin-1."""
HOSTILE = TEXT | st.sampled_from(
    [
        "\r\n",
        '{"v":1}\n',
        "%0d%0a",
        "../..",
        "\x00",
        "\x1b[31m",
        "\xd9\xa3",
        "7\n8",
        "a" * 5000,
        "{{7*7}}",
    ]
)
PATHS = st.one_of(
    HOSTILE,
    st.builds("/recommend/{}".format, HOSTILE | st.integers(0, 200)),
    st.builds("/similar/{}".format, HOSTILE | st.just("movie+03+2001")),
    st.builds("/history/{}".format, HOSTILE),
    st.builds("/arms/{}/recommend/{}".format, HOSTILE | st.just("svd"), HOSTILE),
    st.sampled_from(["/", "/version", "/metrics", "/openapi.json", "/events", "/users/random"]),
)
QUERIES = st.one_of(TEXT, st.builds("watched={}&rated={}:5&exclude={}".format, TEXT, TEXT, TEXT))
HEADERS = st.dictionaries(
    st.sampled_from(
        ["X_REQUEST_ID", "ACCEPT", "HOST", "ORIGIN", "SEC_FETCH_SITE", "IF_NONE_MATCH", "RANGE"]
    ),
    HOSTILE,
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "BREW"]) | TEXT


@pytest.fixture(scope="module")
def written():
    """What the process logs, as its programs write it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.fixture(scope="module")
def app():
    served = Lines()
    made = create_app(WHOLE, SmallLoaded(), registry=CollectorRegistry(), served=served)
    made.extensions[EVENTS].send = lambda user, line: None
    return made, served, made.test_client()


def series(client):
    """The names and labels of everything that is counted."""
    lines = client.get("/metrics").text.splitlines()
    return {line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")}


@settings(max_examples=300)
@given(METHODS, PATHS, QUERIES, HEADERS, st.binary(max_size=2000))
@example("GET", "/recommend/7\n{}", "", {"X_REQUEST_ID": 'a"}\n{"event":"mine"}'}, b"")
def test_it_is_answered_or_refused(app, written, method, path, query, headers, body):
    _, served, client = app
    environ = {f"HTTP_{name}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    response = client.open(environ_overrides=environ, data=body)
    assert response.status_code < 500 or response.status_code == 501
    for name, value in response.headers.items():
        assert not {"\r", "\n"} & set(name + value)
    assert len(response.headers["X-Request-Id"]) <= 64
    if response.status_code >= 400:
        assert len(response.data) < 400 and len(response.text.splitlines()) <= 1
    for _, line in served.lines:
        assert b"\n" not in line and isinstance(parse_served(line), Served)
    served.lines.clear()
    for line in written.getvalue().splitlines():
        assert json.loads(line)["event"]


def ask_in_vain(client, numbers):
    """Requests whose paths, methods and hosts nobody has seen before."""
    for number in numbers:
        client.get(f"/recommend/{number}")
        client.get(f"/recommend/x{number}")
        client.get(f"/{number}/nowhere")
        client.open("/", method=f"BREW{number}")
        client.get(f"/arms/{number}/version", headers={"Host": f"h{number}"})


def test_what_is_counted_is_as_much_as_before(app):
    """Series are methods × rules × statuses: all that there are, whoever asks for what."""
    made, _, client = app
    rules = {rule.rule for rule in made.url_map.iter_rules()}
    found = series(client)
    named = {part.split('url_rule="')[1].split('"')[0] for part in found if "url_rule=" in part}
    assert named <= rules | {"None"}
    ask_in_vain(client, range(5))
    known = series(client)
    ask_in_vain(client, range(5, 50))
    assert series(client) == known
