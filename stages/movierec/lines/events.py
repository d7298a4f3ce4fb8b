"""One log line → a typed event, or BadLine(reason). Pure: no files, no clock, no scale.

The grammar, one UTF-8 line a Kafka message:

    <time>,<userid>,GET /data/m/<movieid>/<minute>.mpg
    <time>,<userid>,GET /rate/<movieid>=<rating>
    <time>,<userid>,recommendation request <host:port>, status <code>, result: <answer>, <n> ms
    <time>,<userid>,GET /create_account

Malformed lines are refused and never repaired. What is accepted can be given back to the
byte: `format_event(parse(line)) == line`.

>>> parse(b"2022-11-14T12:24,7,GET /rate/jaws+1975=4.5")
Rating(time=1668428640000000000, digits=255, user=7, movie='jaws+1975', text='4.5')
>>> parse(b"2022-11-14T12:24,7,GET /rate/jaws 1975=4.5")
BadLine(reason='bad-rating')
>>> format_event(Watch(0, 3, 7, "jaws+1975", 12))
b'1970-01-01T00:00:00.000,7,GET /data/m/jaws+1975/12.mpg'

`python -m movierec.lines.check < capture` counts the lines of a capture by kind and by reason.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from movierec.lines.kinds import Kind
from movierec.times import Nanoseconds, format_time, parse_time

MAX_LINE_BYTES = 64 * 1024
"""Longer lines are refused: a request line with 20 ids has about 700 bytes."""
MAX_USER_DIGITS = 18
MAX_MOVIE_BYTES = 128
MAX_MINUTE_DIGITS = 5
MOVIE_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789+-._*"

# Strict ASCII: [0-9] and not \d, which takes other scripts' digits too.
USER = rf"(?:0|[1-9][0-9]{{0,{MAX_USER_DIGITS - 1}}})"
MOVIE = rf"[{re.escape(MOVIE_LETTERS)}]{{1,{MAX_MOVIE_BYTES}}}"
MINUTE = rf"(?:0|[1-9][0-9]{{0,{MAX_MINUTE_DIGITS - 1}}})"
RATING = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?"
REQUEST = (
    r"(?P<host>[A-Za-z0-9.\-]+:[0-9]{1,5}), status (?P<status>[0-9]{1,3}), "
    r"result: (?P<result>.*), (?P<ms>[0-9]{1,9}) ?ms"
)
"""The text of a request: a pattern of Python's `re` and of RE2."""
RATES = r"(?:^|[^m])/rate/"
"""Shows of a refused line that it was to be a rating, whatever is wrong with it; a watch of a movie
called `rate` has `/m/rate/`. For both, too."""


def request_text(host: str, status: int, result: str, ms: int, unit: str = " ms") -> str:
    """A text that REQUEST takes.

    >>> request_text("a.example:8082", 200, "jaws+1975, alien+1979", 14)
    'a.example:8082, status 200, result: jaws+1975, alien+1979, 14 ms'
    """
    return f"{host}, status {status}, result: {result}, {ms}{unit}"


@dataclass(frozen=True, slots=True)
class Watch:
    """A user watched one minute of a movie. `time` is since 1970 in UTC; `digits` is how many
    fractional digits it was written with, or NO_SECONDS."""

    KIND: ClassVar = Kind.WATCH
    START: ClassVar = "GET /data/m/"
    PATTERN: ClassVar = re.compile(rf"{START}({MOVIE})/({MINUTE})\.mpg")
    FAULT: ClassVar = "bad-watch"

    time: Nanoseconds
    digits: int
    user: int
    movie: str
    minute: int

    @classmethod
    def of(cls, time: Nanoseconds, digits: int, user: int, match: re.Match[str]) -> "Watch":
        """The event of an action that PATTERN took."""
        return cls(time, digits, user, match[1], int(match[2]))

    @property
    def action(self) -> str:
        """What the line says after time and user."""
        return f"{self.START}{self.movie}/{self.minute}.mpg"


@dataclass(frozen=True, slots=True)
class Rating:
    """A user rated a movie; `text` is the rating as it was written, on whatever scale."""

    KIND: ClassVar = Kind.RATING
    START: ClassVar = "GET /rate/"
    PATTERN: ClassVar = re.compile(rf"{START}({MOVIE})=({RATING})")
    FAULT: ClassVar = "bad-rating"

    time: Nanoseconds
    digits: int
    user: int
    movie: str
    text: str

    @classmethod
    def of(cls, time: Nanoseconds, digits: int, user: int, match: re.Match[str]) -> "Rating":
        """The event of an action that PATTERN took."""
        return cls(time, digits, user, match[1], match[2])

    @property
    def rating(self) -> float:
        """The rating as a number."""
        return float(self.text)

    @property
    def action(self) -> str:
        """What the line says after time and user."""
        return f"{self.START}{self.movie}={self.text}"


@dataclass(frozen=True, slots=True)
class Request:
    """A user asked for recommendations; `text` is what follows `recommendation request `."""

    KIND: ClassVar = Kind.REQUEST
    START: ClassVar = "recommendation request "
    PATTERN: ClassVar = re.compile(rf"{START}(?P<text>{REQUEST})")
    FAULT: ClassVar = "bad-request"

    time: Nanoseconds
    digits: int
    user: int
    text: str

    @classmethod
    def of(cls, time: Nanoseconds, digits: int, user: int, match: re.Match[str]) -> "Request":
        """The event of an action that PATTERN took."""
        return cls(time, digits, user, match["text"])

    @property
    def action(self) -> str:
        """What the line says after time and user."""
        return f"{self.START}{self.text}"


@dataclass(frozen=True, slots=True)
class Account:
    """A user signed up."""

    KIND: ClassVar = Kind.ACCOUNT
    START: ClassVar = "GET /create_account"
    PATTERN: ClassVar = re.compile(START)
    FAULT: ClassVar = "unknown-action"

    time: Nanoseconds
    digits: int
    user: int

    @classmethod
    def of(cls, time: Nanoseconds, digits: int, user: int, match: re.Match[str]) -> "Account":
        """The event of an action that PATTERN took."""
        return cls(time, digits, user)

    @property
    def action(self) -> str:
        """What the line says after time and user."""
        return self.START


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event, and why: one of REASONS."""

    reason: str


TOO_LONG = BadLine("too-long")

Event: TypeAlias = Watch | Rating | Request | Account
EVENTS: tuple[type[Event], ...] = (Watch, Rating, Request, Account)
EVENT_OF: dict[int, type[Event]] = {event.KIND: event for event in EVENTS}

REASONS = {
    "no-value": "the record has no value",
    "too-long": f"longer than {MAX_LINE_BYTES} bytes",
    "not-utf8": "not UTF-8",
    "control-character": "holds a control character",
    "bad-time": "the time is not YYYY-MM-DDTHH:MM[:SS[.fff[fff[fff]]]] of the years 1970–2261",
    "bad-user": f"the user id is not a number of at most {MAX_USER_DIGITS} digits",
    "bad-watch": "not GET /data/m/<movieid>/<minute>.mpg",
    "bad-rating": "not GET /rate/<movieid>=<rating>",
    "bad-request": "not a recommendation request's host, status, result and ms",
    "unknown-action": "none of the four actions",
    "time-ahead": "the time is more than an hour ahead of the record's timestamp",
    "time-ahead-of-clock": "the time is more than an hour ahead of the collector's own clock",
    "not-json": "not one JSON object on one line",
    "bad-served": "not the seven fields of a served answer, each of its type",
}


def parse(line: bytes) -> Event | BadLine:
    """The event of one line (without its newline). Every rating that is a number stands."""
    text = text_of(line)
    if isinstance(text, BadLine):
        return text
    if not text.isprintable():
        return BadLine("control-character")
    when, _, rest = text.partition(",")
    moment = parse_time(when)
    if moment is None:
        return BadLine("bad-time")
    user, _, action = rest.partition(",")
    if not re.fullmatch(USER, user):
        return BadLine("bad-user")
    for event in EVENTS:
        if action.startswith(event.START):
            match = event.PATTERN.fullmatch(action)
            return event.of(*moment, int(user), match) if match else BadLine(event.FAULT)
    return BadLine("unknown-action")


def shows_rating(line: bytes | None) -> bool:
    """Whether a refused line, or the head of one, was to be a rating.

    >>> shows_rating(b"yesterday,7,GET /rate/jaws+1975=4"), shows_rating(b"yesterday,7,GET /")
    (True, False)
    """
    return line is not None and re.search(RATES.encode(), line) is not None


def text_of(line: bytes) -> str | BadLine:
    """The text of a line of either log, or why it is none."""
    if len(line) > MAX_LINE_BYTES:
        return TOO_LONG
    try:
        return line.decode()
    except UnicodeDecodeError:
        return BadLine("not-utf8")


def format_event(event: Event) -> bytes:
    """The line of an event, to the byte."""
    return f"{format_time(event.time, event.digits)},{event.user},{event.action}".encode()
