"""What a request says beside its path, for this answer alone: it is not stored, logged or counted.

    ?watched=<id>,…&rated=<id>:<rating>,…&exclude=<id>,…

Ids and ratings are written as in the event log. `+` is itself: ids hold it, and in a query it would
else be a space.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import numpy as np
from werkzeug.exceptions import BadRequest

from movierec.dataset.vocabulary import Vocabulary
from movierec.lines.events import MAX_MOVIE_BYTES, MOVIE, MOVIE_LETTERS, RATING
from serve.service.recommender import NOTHING, Columns, History

QUERY_BYTES = 7 * 1024
"""A head of 8 KiB is what proxies commonly take."""
MOST = {"watched": 200, "rated": 100, "exclude": 200}
"""Ids of each parameter. Folding in a hundred ratings takes some 1 ms (100 epochs), and 40 ms where
many factors meet rates that decay, so fewer of those."""
QUOTED = 40


@dataclass(frozen=True)
class Asked:
    """A request's own words."""

    history: History | None = None
    exclude: Columns = field(default_factory=lambda: NOTHING)
    unknown: list[str] = field(default_factory=list)
    """Ids that the model does not know, as they came, each once: passed over."""


class Reader:
    """Reads queries in terms of one model."""

    def __init__(self, movies: Vocabulary, scale: tuple[float, float]) -> None:
        self._movies, self._scale = movies, scale

    def read(self, query: bytes, takes: Sequence[str] = tuple(MOST)) -> Asked:
        """What `query`, the part of a URL behind `?`, says in the parameters `takes`.

        Raises BadRequest (400), naming the parameter and what is wrong with it.
        """
        if not query:
            return Asked()
        given = _parameters(query, takes)
        rated = dict(self._ratings(given.get("rated", "")))
        watched, exclude = (_ids(name, given.get(name, "")) for name in ("watched", "exclude"))
        unknown = [i for i in dict.fromkeys([*watched, *rated, *exclude]) if self.find(i) is None]
        known = [movie for movie in rated if movie not in unknown]
        history = History(
            self._columns(known),
            np.array([rated[movie] for movie in known]),
            self._columns(watched),
        )
        told = len(history.items) + len(history.watched)
        return Asked(history if told else None, self._columns(exclude), unknown)

    def find(self, movie: str) -> int | None:
        """The column of a movie, or None."""
        return self._movies.find(movie.encode())

    def _columns(self, ids: Sequence[str]) -> Columns:
        """Those that the model knows."""
        found = map(self.find, ids)
        return np.array([column for column in found if column is not None], np.int64)

    def _ratings(self, text: str) -> Iterator[tuple[str, float]]:
        low, high = self._scale
        before = set[str]()
        for item in _items("rated", text):
            movie, _, rating = item.partition(":")
            if not (re.fullmatch(MOVIE, movie) and re.fullmatch(RATING, rating)):
                raise BadRequest(f"rated: {quoted(item)} is malformed: expected <movieid>:<rating>")
            if not low <= float(rating) <= high:
                raise BadRequest(f"rated: {quoted(item)} is off the scale, {low:g} to {high:g}")
            if movie in before:
                raise BadRequest(f"rated: {quoted(movie)} has two ratings")
            before.add(movie)
            yield movie, float(rating)


def movie_of(text: str, where: str = "movie") -> str:
    """`text`, which must be a movie id. Raises BadRequest, saying what one looks like."""
    if not re.fullmatch(MOVIE, text):
        raise BadRequest(
            f"{where}: id {quoted(text)} is malformed: "
            f"expected 1 to {MAX_MOVIE_BYTES} of {MOVIE_LETTERS}"
        )
    return text


def quoted(text: str) -> str:
    """The head of what somebody sent, on one line."""
    return repr(text[:QUOTED])


def _parameters(query: bytes, takes: Sequence[str]) -> dict[str, str]:
    """Name → value of each parameter."""
    if len(query) > QUERY_BYTES:
        raise BadRequest(f"the query has {len(query)} bytes: at most {QUERY_BYTES} are taken")
    given: dict[str, str] = {}
    for part in query.split(b"&"):
        try:
            name, value = (unquote(side.decode("ascii"), errors="strict") for side in _sides(part))
        except UnicodeError:
            raise BadRequest(f"the query has what is no text in {quoted(repr(part))}") from None
        if name not in takes:
            known = ", ".join(takes)
            raise BadRequest(f"parameter {quoted(name)} is unknown: there are {known}")
        if name in given:
            raise BadRequest(f"parameter {name} is given twice: join its ids by ','")
        given[name] = value
    return given


def _sides(part: bytes) -> tuple[bytes, bytes]:
    name, _, value = part.partition(b"=")
    return name, value


def _items(name: str, text: str) -> list[str]:
    """What is joined by commas; nothing in an empty text."""
    count = text.count(",") + 1
    if count > MOST[name]:
        raise BadRequest(f"{name}: {count} ids are too many: at most {MOST[name]}")
    return text.split(",") if text else []


def _ids(name: str, text: str) -> list[str]:
    return [movie_of(item, name) for item in dict.fromkeys(_items(name, text))]
