"""POST /events: what is taken, what is refused, and that the broker has what was taken."""

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from movierec.lines.events import Rating, Watch, format_event, parse
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, create_app
from serve.service.page import events
from serve.service.page.events import BODY_BYTES, EVENTS, event_of
from tests.brokers.embedded import embedded_broker, held

MOVIE = "movie+03+2001"
RATED = {"user": 7, "movie": MOVIE, "rating": 4.5}
SCALE = (1.0, 5.0)
NOW = 1_795_786_185_123_456_789
NEW = 999_999_999


def told(**event) -> bytes:
    return json.dumps(RATED | event).encode()


@pytest.fixture
def page_settings(page_settings):
    """A service that takes events, whose broker is not there."""
    kafka = KafkaSettings(("127.0.0.1:1",))
    return replace(page_settings, page_events=True, history=True, kafka=kafka)


@pytest.fixture
def sent(client, monkeypatch):
    """The lines that were taken, in place of a broker."""
    lines = []
    log = client.application.extensions[EVENTS]
    monkeypatch.setattr(log, "send", lambda user, line: lines.append((user, line)))
    return lines


# What a body says


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (told(), Rating(NOW - NOW % 1_000_000, 3, 7, MOVIE, "4.5")),
        (told(rating=5), Rating(NOW - NOW % 1_000_000, 3, 7, MOVIE, "5")),
        (told(user=7.0), Rating(NOW - NOW % 1_000_000, 3, 7, MOVIE, "4.5")),
        (told(rating=3.25), Rating(NOW - NOW % 1_000_000, 3, 7, MOVIE, "3.25")),
        (b'{"user":999999999999999999,"movie":"a","watch":0}', None),
    ],
)
def test_an_event_is_a_line_of_the_log_in_milliseconds(body, event):
    read = event_of(body, NOW, SCALE)
    if event is None:
        event = Watch(NOW - NOW % 1_000_000, 3, 10**18 - 1, "a", 0)
    assert read == event
    assert parse(format_event(read)) == read


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 1000, "no JSON"),
        (b"[]", "expected user, movie, and rating or watch, and nothing else"),
        (b"{}", "expected user, movie"),
        (told(more=1), "expected user, movie"),
        (told(watch=1), "expected user, movie"),
        (b'{"user":7,"user":8,"movie":"a","watch":1}', "twice"),
        (told(user="7"), "user: expected a whole number of at most 18 digits"),
        (told(user=True), "user:"),
        (told(user=7.5), "user:"),
        (told(user=-1), "user:"),
        (told(user=10**18), "user:"),
        (told(movie=7), "movie: expected the id"),
        (told(movie="a,b\nc"), "movie: id"),
        (told(movie="a/../b"), "movie: id"),
        (told(rating="5"), "rating: expected a number from 1 to 5"),
        (told(rating=None), "rating:"),
        (told(rating=True), "rating:"),
        (told(rating=0.99), "rating: expected a number from 1 to 5"),
        (told(rating=5.01), "rating: expected a number from 1 to 5"),
        (told(rating=3.333), "rating: expected at most two decimals"),
        (b'{"user":7,"movie":"a","rating":NaN}', "rating: expected a number"),
        (b'{"user":7,"movie":"a","rating":1e999}', "rating: expected a number"),
        (
            b'{"user":7,"movie":"a","watch":1.5}',
            "watch: expected a whole number of at most 5 digits",
        ),
        (
            b'{"user":7,"movie":"a","watch":100000}',
            "watch: expected a whole number of at most 5 digits",
        ),
        (
            b'{"user":7,"movie":"a","watch":true}',
            "watch: expected a whole number of at most 5 digits",
        ),
    ],
)
def test_anything_else_is_refused_with_its_reason(body, why):
    with pytest.raises(BadRequest) as refusal:
        event_of(body, NOW, SCALE)
    assert why in refusal.value.description


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.binary()
    | st.fixed_dictionaries(
        {"user": JSON | st.integers(0, 20), "movie": JSON | st.just(MOVIE)},
        optional={"rating": JSON | st.floats(1, 5), "watch": JSON | st.integers(0, 100), "x": JSON},
    ).map(lambda told: json.dumps(told).encode())
)
def test_whatever_comes_is_an_event_of_the_log_or_refused(body):
    try:
        event = event_of(body, NOW, SCALE)
    except BadRequest:
        return
    assert parse(format_event(event)) == event


# Who may say it


def test_a_taken_event_is_a_202_with_its_line(client, sent):
    given = client.post("/events", json=RATED)
    assert (given.status_code, given.content_type) == (202, "text/plain; charset=utf-8")
    assert sent == [(7, given.data)]
    event = parse(given.data)
    assert isinstance(event, Rating) and (event.movie, event.text) == (MOVIE, "4.5")
    assert abs(event.time - time.time_ns()) < 60e9


def test_it_stands_below_the_own_arm_too_and_no_other(client, sent):
    assert client.post("/arms/svd/events", json=RATED).status_code == 202
    assert client.post("/arms/b/events", json=RATED).status_code == 404
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"Origin": "http://localhost"}, 202),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, 202),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none", "Origin": "http://localhost"}, 403),
    ],
)
def test_a_browser_must_come_from_our_own_page(client, sent, headers, status):
    assert client.post("/events", json=RATED, headers=headers).status_code == status
    assert len(sent) == (status == 202)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_what_a_form_of_another_site_can_send_is_refused(client, sent, kind):
    assert client.post("/events", data=told(), content_type=kind).status_code == 415
    assert not sent


def test_a_body_has_its_limit(client, sent):
    large = told() + b" " * BODY_BYTES
    given = client.post("/events", data=large, content_type="application/json")
    assert given.status_code == 413
    whole = told() + b" " * (BODY_BYTES - len(told()))
    assert client.post("/events", data=whole, content_type="application/json").status_code == 202


def test_a_movie_that_the_model_does_not_know_is_refused(client, sent):
    given = client.post("/events", json=RATED | {"movie": "nothing+2001"})
    assert (given.status_code, given.text) == (404, "movie 'nothing+2001' is not in the model")
    assert not sent


def test_get_is_not_allowed(client):
    given = client.get("/events")
    assert (given.status_code, given.headers["Allow"]) == (405, "POST")


# What becomes of it


def test_an_event_that_no_broker_takes_is_a_503_that_says_so(client, monkeypatch):
    monkeypatch.setattr(events, "SEND_SECONDS", 0.2)
    log = client.application.extensions[EVENTS]
    log.start()
    given = client.post("/events", json=RATED)
    assert given.status_code == 503
    assert given.text == "the event was not taken: the brokers did not take it (_MSG_TIMED_OUT)"
    assert given.headers["Retry-After"] == "1"


def test_few_wait_for_the_broker_at_a_time(client):
    log = client.application.extensions[EVENTS]
    log.start()
    for _ in range(events.AT_A_TIME):
        assert log._room.acquire(blocking=False)
    given = client.post("/events", json=RATED)
    assert given.status_code == 503
    assert given.text == "the event was not taken: others wait for the brokers already"


def taken_and_known(app, address, topic, partitions):
    """Post events of a newcomer to a running service, and wait until its answers know of them."""
    for name in (HISTORY, EVENTS):
        app.extensions[name].start()
    client = app.test_client()
    try:
        before = client.get(f"/recommend/{NEW}")
        assert before.headers["X-Answer-Tier"] == "popular"
        best = before.text.split(",")[0]
        lines = []
        while client.get(f"/recommend/{NEW}").headers["X-Answer-Tier"] == "popular":
            # Again, as the follower reads from the end that it finds, perhaps after the first.
            given = client.post("/events", json={"user": NEW, "movie": best, "rating": 5})
            assert given.status_code == 202, given.text
            lines.append(given.data)
        second = client.get(f"/recommend/{NEW}").text.split(",")[0]
        given = client.post("/events", json={"user": NEW, "movie": second, "watch": 3})
        lines.append(given.data)
        while second in client.get(f"/recommend/{NEW}").text:
            pass
        after = client.get(f"/recommend/{NEW}")
        assert after.headers["X-Answer-Tier"] == "fold-in"
        assert not {best, second} & set(after.text.split(","))
        movies = client.get(f"/history/{NEW}").get_json()["movies"]
        assert movies == [
            {"id": second, "source": "log", "rating": None},
            {"id": best, "source": "log", "rating": 5.0},
        ]
    finally:
        for name in (HISTORY, EVENTS):
            app.extensions[name].close()
    found = [kept for kept in held(address, topic, partitions) if kept.key == str(NEW).encode()]
    assert [kept.line for kept in found] == lines
    times = [parse(kept.line).time for kept in found]
    assert times == sorted(times)


def test_an_event_changes_the_next_list(page_settings, model, served, tmp_path):
    with embedded_broker(tmp_path) as address:
        settings = replace(page_settings, kafka=KafkaSettings((address,)))
        taken_and_known(create_app(settings, model, served=served), address, "movielog", 4)


@pytest.mark.broker
def test_an_event_changes_the_next_list_on_real_kafka(page_settings, model, served, kafka):
    topic = kafka.create_topic()
    settings = replace(page_settings, kafka=KafkaSettings((kafka.address,)), event_topic=topic)
    taken_and_known(create_app(settings, model, served=served), kafka.address, topic, 1)
