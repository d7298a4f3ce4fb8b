"""The two questions that a caller may ask: movies for a user, and movies for a movie."""

import re
from collections.abc import Callable

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from movierec.lines.events import USER
from serve.http.request import HURRIED
from serve.service.history import Histories
from serve.service.provenance import Provenance
from serve.service.reasons import figures, numbers
from serve.service.recommender import Answer, Recommender
from serve.service.request import Reader, movie_of, quoted
from serve.service.similar import Neighbours

FORMATS = ["text/plain", "application/json"]


def add_recommend(
    app: Flask,
    provenance: Provenance,
    recommender: Recommender,
    reader: Reader,
    histories: Histories | None,
    log_answer: Callable[[int, Answer], None],
) -> None:
    """Movies for a user."""

    @app.get("/recommend/<userid>", provide_automatic_options=False)
    def recommend(userid: str) -> Response:
        user = user_of(userid)
        asked = reader.read(request.query_string)
        history = histories.of(user) if histories else None
        if asked.history is not None:
            history = history.then(asked.history) if history else asked.history
        answer = recommender.popular if request.environ.get(HURRIED) else recommender.answer
        given = answer(user, history, asked.exclude)
        log_answer(user, given)
        if wants_json():
            more = figures(recommender, given) | {"tier": given.tier, "unknown": asked.unknown}
            response = jsonify(ids=given.ids, provenance=_signed(provenance), **more)
        else:
            response = plain(",".join(given.ids))
        response.headers["X-Answer-Tier"] = given.tier
        return response


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
        return plain(",".join(ids))


def wants_json() -> bool:
    """Whether this request's caller prefers JSON to the text of the contract."""
    return request.accept_mimetypes.best_match(FORMATS, "text/plain") == "application/json"


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


def plain(line: str, status: int = 200) -> Response:
    """A response of one line of text."""
    return Response(line, status, content_type="text/plain; charset=utf-8")
