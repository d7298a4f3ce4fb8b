"""One log line → a typed event, or BadLine(reason). Pure: no files, no clock.

The grammar (contract 1), one UTF-8 line a Kafka message:

    <time>,<userid>,GET /data/m/<movieid>/<minute>.mpg
    <time>,<userid>,GET /rate/<movieid>=<rating>
    <time>,<userid>,recommendation request <host:port>, status <code>, result: <answer>, <n> ms
    <time>,<userid>,GET /create_account

Malformed lines are refused and never repaired. What is accepted can be given back to the
byte: `format_event(parse(line)) == line`.

`python -m movierec.lines.events < lines` counts the lines of a capture by kind and by reason.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from movierec.times import format_time, parse_time

MAX_LINE_BYTES = 64 * 1024
"""Longer lines are refused: a request line with 20 ids has about 700 bytes."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A user watched one minute of a movie. `time` is nanoseconds since 1970 in UTC;
    `digits` is how many fractional digits it was written with, or NO_SECONDS."""

    time: int
    digits: int
    user: int
    movie: str
    minute: int


@dataclass(frozen=True, slots=True)
class Rating:
    """A user rated a movie; `text` is the rating as it was written."""

    time: int
    digits: int
    user: int
    movie: str
    text: str

    @property
    def rating(self) -> float:
        """The rating as a number."""
        return float(self.text)


@dataclass(frozen=True, slots=True)
class Request:
    """A user asked for recommendations; `text` is what follows `recommendation request `."""

    time: int
    digits: int
    user: int
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """A user signed up."""

    time: int
    digits: int
    user: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event, and why: one of REASONS."""

    reason: str


Event = Watch | Rating | Request | Account
KINDS = {Watch: "watch", Rating: "rating", Request: "request", Account: "account"}

# Strict ASCII: [0-9] and not \d, which takes other scripts' digits too.
USER = r"(?:0|[1-9][0-9]{0,17})"
MOVIE = r"[a-z0-9+\-._*]{1,128}"
MINUTE = r"(?:0|[1-9][0-9]{0,4})"
RATING = r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?"
WATCH_ACTION = re.compile(rf"GET /data/m/({MOVIE})/({MINUTE})\.mpg")
RATE_ACTION = re.compile(rf"GET /rate/({MOVIE})=({RATING})")
REQUEST_ACTION = re.compile(
    r"recommendation request ([A-Za-z0-9.\-]+:[0-9]{1,5}, "
    r"status [0-9]{1,3}, result: .*, [0-9]{1,9} ?ms)"
)
ACCOUNT_ACTION = "GET /create_account"

REASONS = {
    "no-value": "the record has no value",
    "too-long": f"longer than {MAX_LINE_BYTES} bytes",
    "not-utf8": "not UTF-8",
    "control-character": "holds a control character",
    "bad-time": "the time is not YYYY-MM-DDTHH:MM[:SS[.fff[fff[fff]]]] of the years 1970–2261",
    "bad-user": "the user id is not a number of at most 18 digits",
    "bad-watch": "not GET /data/m/<movieid>/<minute>.mpg",
    "bad-rating": "not GET /rate/<movieid>=<rating>",
    "rating-off-scale": "the rating is outside the scale",
    "bad-request": "not a recommendation request's host, status, result and ms",
    "unknown-action": "none of the four actions",
    "time-ahead": "the time is more than a day ahead of the record's timestamp",
    "not-json": "not one JSON object on one line",
    "bad-served": "not the seven fields of a served answer, each of its type",
}


def parse(line: bytes, low: float = 1.0, high: float = 5.0) -> Event | BadLine:
    """The event of one line (without its newline). Ratings must lie in [low, high]."""
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
    return _action(*moment, int(user), action, low, high)


def text_of(line: bytes) -> str | BadLine:
    """The text of a line of either log, or why it is none."""
    if len(line) > MAX_LINE_BYTES:
        return BadLine("too-long")
    try:
        return line.decode()
    except UnicodeDecodeError:
        return BadLine("not-utf8")


def _action(
    time: int, digits: int, user: int, action: str, low: float, high: float
) -> Event | BadLine:
    """The event of an action whose time and user are good."""
    if action.startswith("GET /data/m/"):
        if match := WATCH_ACTION.fullmatch(action):
            return Watch(time, digits, user, match[1], int(match[2]))
        return BadLine("bad-watch")
    if action.startswith("GET /rate/"):
        match = RATE_ACTION.fullmatch(action)
        if not match:
            return BadLine("bad-rating")
        if not low <= float(match[2]) <= high:
            return BadLine("rating-off-scale")
        return Rating(time, digits, user, match[1], match[2])
    if action.startswith("recommendation request "):
        if match := REQUEST_ACTION.fullmatch(action):
            return Request(time, digits, user, match[1])
        return BadLine("bad-request")
    if action == ACCOUNT_ACTION:
        return Account(time, digits, user)
    return BadLine("unknown-action")


def format_event(event: Event) -> bytes:
    """The line of an event, to the byte."""
    match event:
        case Watch():
            action = f"GET /data/m/{event.movie}/{event.minute}.mpg"
        case Rating():
            action = f"GET /rate/{event.movie}={event.text}"
        case Request():
            action = f"recommendation request {event.text}"
        case Account():
            action = ACCOUNT_ACTION
    return f"{format_time(event.time, event.digits)},{event.user},{action}".encode()


def count(lines: Iterable[bytes], low: float = 1.0, high: float = 5.0) -> dict[str, Any]:
    """How many lines there are of each kind, and how many were rejected for each reason."""
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for line in lines:
        event = parse(line.removesuffix(b"\n").removesuffix(b"\r"), low, high)
        if isinstance(event, BadLine):
            reasons[event.reason] += 1
        else:
            kinds[KINDS[type(event)]] += 1
    rejected = sum(reasons.values())
    counts = {kind: kinds[kind] for kind in KINDS.values()}
    read = sum(counts.values()) + rejected
    return {"read": read, **counts, "rejected": rejected, "reasons": dict(sorted(reasons.items()))}


if __name__ == "__main__":
    print(json.dumps(count(sys.stdin.buffer)))
