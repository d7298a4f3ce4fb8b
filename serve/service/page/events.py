"""`POST /events`: what somebody did on the page, as a line of the event log.

    {"user": 7, "movie": "jaws+1975", "rating": 4.5}
    {"user": 7, "movie": "jaws+1975", "watch": 0}

202 with the line when the broker has it, 503 when it does not say so in time. Off unless switched
on: whoever reaches the port writes what any user did, which belongs into a demo. A page of another
site must not do it by a visitor's browser, so browsers have to come from our own.
"""

import json
import re
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import KafkaError, Message, Producer
from flask import Flask, Response, request
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    NotFound,
    ServiceUnavailable,
    UnsupportedMediaType,
)

from movierec.dataset.vocabulary import Vocabulary
from movierec.lines.events import (
    MAX_MINUTE_DIGITS,
    MAX_USER_DIGITS,
    RATING,
    Rating,
    Watch,
    format_event,
)
from movierec.models.modelfile import LoadedModel
from serve.service.brokers import Brokers
from serve.service.lean import Line
from serve.service.request import movie_of, quoted
from serve.service.served_log import now

EVENTS = "events"
"""An extension of the application that connects to Kafka, as the served log is."""
BODY_BYTES = 1024
SEND_SECONDS = 3.0
POLL_SECONDS = 0.05
AT_A_TIME = 2
"""Events that may wait for the broker: each holds a thread, and others are for answers."""
DIGITS, MILLISECOND = 3, 1_000_000
SHAPE = "expected user, movie, and rating or watch, and nothing else"


class EventLog:
    """Writes events to their topic, one after the other, and says whether the broker has them."""

    def __init__(self, brokers: Brokers, topic: str) -> None:
        self._brokers, self._topic = brokers, topic
        self._producer: Producer | None = None
        self._room = threading.BoundedSemaphore(AT_A_TIME)

    def start(self) -> None:
        """Connect in the background, in the process that will send."""
        self._producer = Producer(
            {
                **self._brokers.options(),
                "acks": "all",
                "linger.ms": 0,
                "message.timeout.ms": int(SEND_SECONDS * 1000),
                "allow.auto.create.topics": False,
            }
        )

    def close(self) -> None:
        """Nothing is held: who sends waits for it."""
        self._producer = None

    def send(self, user: int, line: bytes) -> None:
        """Send a line and wait until the brokers have it. Raises ServiceUnavailable (503)."""
        if self._producer is None or not self._room.acquire(blocking=False):
            raise _not_now("others wait for the brokers already")
        try:
            self._send(self._producer, user, line)
        finally:
            self._room.release()

    def _send(self, producer: Producer, user: int, line: bytes) -> None:
        done: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            done.append(error)

        producer.produce(self._topic, line, str(user).encode(), on_delivery=delivered)
        deadline = time.monotonic() + SEND_SECONDS + 1
        while not done and time.monotonic() < deadline:
            producer.poll(POLL_SECONDS)
        if not done:
            raise _not_now("the brokers do not answer")
        if done[0] is not None:
            raise _not_now(f"the brokers did not take it ({done[0].name()})")


def add_events(app: Flask, brokers: Brokers, topic: str, model: LoadedModel) -> None:
    """The route, and what it sends by."""
    events = app.extensions[EVENTS] = EventLog(brokers, topic)
    movies, scale = Vocabulary(model.movies), model.model.scale

    @app.post("/events", provide_automatic_options=False)
    def happened() -> Response:
        refuse_other_sites()
        request.max_content_length = BODY_BYTES
        if request.mimetype != "application/json":
            raise UnsupportedMediaType("expected Content-Type: application/json")
        event = event_of(request.get_data(), now(), scale)
        if movies.find(event.movie.encode()) is None:
            raise NotFound(f"movie {quoted(event.movie)} is not in the model")
        line = format_event(event)
        events.send(event.user, line)
        return Line(line.decode(), 202)


def refuse_other_sites() -> None:
    """Raises Forbidden (403) when a browser asks for a page that is not ours. What is no browser
    sends neither header, and has no visitor's rights to abuse."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin"):
        raise Forbidden("events are taken from this service's own page alone")
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden("events are taken from this service's own page alone")


def event_of(body: bytes, time_ns: int, scale: tuple[float, float]) -> Rating | Watch:
    """The event that `body` tells. Raises BadRequest, saying what is wrong with it."""
    told = _object(body)
    kind = told.keys() - {"user", "movie"}
    if kind not in ({"rating"}, {"watch"}) or len(told) != 3:
        raise BadRequest(SHAPE)
    user, movie = _whole("user", told["user"], MAX_USER_DIGITS), told["movie"]
    if not isinstance(movie, str):
        raise BadRequest("movie: expected the id of a movie")
    moment = time_ns - time_ns % MILLISECOND, DIGITS, user, movie_of(movie)
    if "watch" in told:
        return Watch(*moment, _whole("watch", told["watch"], MAX_MINUTE_DIGITS))
    return Rating(*moment, _rating(told["rating"], scale))


def _object(body: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise BadRequest("a name stands twice")
        return dict(pairs)

    try:
        told = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(told, dict):
        raise BadRequest(SHAPE)
    return told


def _whole(name: str, value: Any, digits: int) -> int:
    """A whole number, which JSON may write as 7.0 too."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value < 10**digits:
        raise BadRequest(f"{name}: expected a whole number of at most {digits} digits")
    return value


def _rating(value: Any, scale: tuple[float, float]) -> str:
    low, high = scale
    if type(value) not in (int, float) or not low <= value <= high:
        raise BadRequest(f"rating: expected a number from {low:g} to {high:g}")
    text = f"{value:g}"
    if float(text) != value or not re.fullmatch(RATING, text):
        raise BadRequest("rating: expected at most two decimals")
    return text


def _not_now(why: str) -> ServiceUnavailable:
    return ServiceUnavailable(f"the event was not taken: {why}", retry_after=1)
