"""One line of the `served` topic → what a service answered, or BadLine(reason). Pure.

    {"v": 1, "time": "2022-11-14T12:24:01.123", "request_id": "…", "user": 7,
     "model": "svd@v1.4.0", "arm": "svd", "tier": "model", "ids": ["jaws+1975", …]}

and, where they apply, the ratings that the model predicts, and what else it takes to make the list
again:

    "ratings": [4.12, …]                                    one for each of the ids
    "history": [["heat+1995", 4.5], ["up+2009", null], …]    movie, rating: in the order of events
    "told": true                                            a query had a part in it, unknown here

One compact JSON object. Fields that this reader does not know are none of its business, so that
a writer may add one before its readers are new; a change of what a field means raises `v`, and a
line without it has the meaning of 1. The line itself is what is kept, and what other readers of
JSON refuse is refused here: one such line would end every evaluation of its day.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from movierec.lines.events import MOVIE, BadLine, text_of
from movierec.times import parse_time

TIERS = ("model", "fold-in", "popular")
MAX_IDS = MAX_HISTORY = 1000
MAX_RATING = 1e6
VERSION = 1
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
FIELDS = {"time": str, "request_id": str, "user": int, "model": str, "arm": str, "tier": str}


@dataclass(frozen=True, slots=True)
class Served:
    """An answer: when, to whom, and the line it was logged with. `time` and `digits` are
    as in `events`; the other fields are `json.loads(text)`."""

    time: int
    digits: int
    user: int
    text: str


def parse_served(line: bytes) -> Served | BadLine:
    """The answer of one line (without its newline)."""
    text = text_of(line)
    if isinstance(text, BadLine):
        return text
    if "\n" in text or "\r" in text:
        return BadLine("not-json")
    try:
        document = json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_finite
        )
        if SURROGATE.search(text):  # Python reads half of a pair, which is no Unicode
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return BadLine("not-json")
    if not isinstance(document, dict) or not _is_answer(document):
        return BadLine("bad-served")
    moment = parse_time(document["time"])
    if moment is None:
        return BadLine("bad-time")
    return Served(*moment, document["user"], text)


def _is_answer(document: dict[str, Any]) -> bool:
    ids = document.get("ids")
    return (
        type(version := document.get("v", VERSION)) is int
        and version == VERSION
        and all(type(document.get(name)) is kind for name, kind in FIELDS.items())
        and 0 <= document["user"] < 10**18
        and document["tier"] in TIERS
        and type(ids) is list
        and 1 <= len(ids) <= MAX_IDS
        and all(map(_is_movie, ids))
        and _are_ratings(document.get("ratings", [0] * len(ids)), len(ids))
        and type(document.get("told", False)) is bool
        and _is_history(document.get("history", []))
    )


def _is_movie(value: Any) -> bool:
    return type(value) is str and re.fullmatch(MOVIE, value) is not None


def _are_ratings(value: Any, count: int) -> bool:
    return (
        type(value) is list
        and len(value) == count
        and all(rating is not None and _is_rating(rating) for rating in value)
    )


def _is_history(value: Any) -> bool:
    return (
        type(value) is list
        and len(value) <= MAX_HISTORY
        and all(type(pair) is list and len(pair) == 2 for pair in value)
        and all(_is_movie(movie) and _is_rating(rating) for movie, rating in value)
    )


def _is_rating(value: Any) -> bool:
    """A number that a rating can be on any scale, or None: watched and not rated."""
    return value is None or (type(value) in (int, float) and abs(value) <= MAX_RATING)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys are distinct; readers differ in which of two they take."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice")
    return document


def _finite(digits: str) -> float:
    """A number with a fraction or an exponent, within what a double holds."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits[:20]} is past a double")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
