"""The two questions that a caller may ask: movies for a user, and movies for a movie."""

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from flask import Flask, Response, g, jsonify, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.http import parse_accept_header

from movierec.lines.events import USER
from serve.http.request import HURRIED
from serve.service.cache import Answers, Written
from serve.service.history import Histories, history_of, pairs_of
from serve.service.http_metrics import TIER
from serve.service.lean import Line
from serve.service.provenance import Provenance
from serve.service.reasons import figures, numbers, predicted
from serve.service.recommender import NOTHING, Answer, Columns, History, Recommender
from serve.service.request import Reader, movie_of, quoted
from serve.service.served_log import history_said, ratings_said
from serve.service.similar import Neighbours

FORMATS = ["text/plain", "application/json"]


def add_recommend(
    app: Flask,
    provenance: Provenance,
    recommender: Recommender,
    reader: Reader,
    histories: Histories | None,
    answers: Answers,
    log_answer: Callable[[int, Written, bool], None],
) -> None:
    """Movies for a user."""

    def written(given: Answer, followed: bytes | None) -> Written:
        """An answer as it is sent and logged."""
        history = b""
        if followed is not None:
            columns, ratings = zip(*pairs_of(followed), strict=True)
            history = history_said(zip(recommender.ids(np.array(columns)), ratings, strict=True))
        expected = predicted(recommender, given)
        said = b"" if expected is None else ratings_said(expected)
        return Written(given.tier, ",".join(given.ids).encode(), history, said)

    def made(user: int, history: History | None, exclude: Columns = NOTHING) -> Answer:
        """The answer, or the quickest there is."""
        ask = recommender.popular if request.environ.get(HURRIED) else recommender.answer
        return ask(user, history, exclude)

    def by_query(user: int, followed: bytes | None, history: History | None) -> Response:
        """The answer where a query has a part in it, or JSON is wanted."""
        asked = reader.read(request.query_string)
        if asked.history is not None:
            history = history.then(asked.history) if history else asked.history
        given = made(user, history, asked.exclude)
        log_answer(user, written(given, followed), bool(request.query_string))
        if not wants_json():
            return line_of(given.tier, ",".join(given.ids))
        more = figures(recommender, given) | {"tier": given.tier, "unknown": asked.unknown}
        response = jsonify(ids=given.ids, provenance=_signed(provenance), **more)
        response.headers[TIER] = given.tier
        return response

    @app.get("/recommend/<userid>", provide_automatic_options=False)
    def recommend(userid: str) -> Response:
        user = user_of(userid)
        followed = histories.of(user) if histories else None
        if request.query_string or wants_json():
            return by_query(user, followed, history_of(followed))
        given = answers.get(user, followed)
        if given is None:
            answer = made(user, history_of(followed))
            given = written(answer, followed)
            if not request.environ.get(HURRIED):
                answers.put(user, followed, given)
        log_answer(user, given, False)
        return line_of(given.tier, given.body)


def add_similar(
    app: Flask, provenance: Provenance, recommender: Recommender, reader: Reader
) -> None:
    """Movies for a movie; no answer to a user, so it is not logged as one."""
    uptake = recommender.ranker.uptake
    neighbours = None if uptake is None else Neighbours(uptake)

    @app.get("/similar/<movieid>", provide_automatic_options=False)
    def similar(movieid: str) -> Response:
        i = reader.find(movie_of(movieid))
        asked = reader.read(request.query_string, takes=["exclude"])
        if i is None:
            raise NotFound(f"movie {quoted(movieid)} is not in the model")
        if neighbours is None:
            raise NotFound("this model has no uptake (train.uptake.n_factors: 0), so no neighbours")
        if not neighbours.knows(i):
            raise NotFound(f"nobody took up {quoted(movieid)}, so it has no neighbours")
        near = neighbours.of(i, asked.exclude)
        if not len(near.movies):
            raise NotFound(f"no neighbour of {quoted(movieid)} is left")
        ids = recommender.ids(near.movies)
        if wants_json():
            more = {"scores": numbers(near.cosines), "unknown": asked.unknown}
            return jsonify(ids=ids, provenance=_signed(provenance), **more)
        return Line(",".join(ids))


def wants_json() -> bool:
    """Whether this request's caller prefers JSON to the text of the contract."""
    return _prefers_json(request.environ.get("HTTP_ACCEPT"))


@lru_cache(maxsize=64)
def _prefers_json(accept: str | None) -> bool:
    """The like of a header's value: there are few, and one takes 10 µs to parse."""
    welcome = parse_accept_header(accept, MIMEAccept)
    return welcome.best_match(FORMATS, "text/plain") == "application/json"


def line_of(tier: str, ids: str | bytes) -> Line:
    """An answer as text."""
    response = Line(ids)
    response.headers[TIER] = tier
    return response


def _signed(provenance: Provenance) -> dict[str, str]:
    """Who answers this request."""
    return {**provenance.labels(), "request_id": g.request_id}


def user_of(text: str) -> int:
    """The user id that `text` is. Raises BadRequest (400), saying what an id looks like."""
    if not re.fullmatch(USER, text):
        raise BadRequest(
            f"user id {text[:40]!r} is malformed: expected a whole number of at most 18 digits"
        )
    return int(text)
