"""What answers hold, and what requests may say: the parts that operations are made of."""

from typing import Any

from movierec.lines.events import MAX_MINUTE_DIGITS, MAX_USER_DIGITS, MOVIE, RATING, USER
from serve.metrics import TIERS
from serve.service.recommender import K
from serve.service.request import MOST

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Any) -> Schema:
    """An object of these properties; those whose names end in `_` may be left out."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in properties.items()},
        "required": [name for name in properties if not name.endswith("_")],
    }


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


def _one_an_id(schema: Schema) -> Schema:
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": K}


NUMBER = {"type": "number"}
TEXT = {"type": "string"}
USER_NUMBER = {"type": "integer", "minimum": 0, "maximum": 10**MAX_USER_DIGITS - 1}

SCHEMAS: dict[str, Schema] = {
    "Line": {"type": "string", "pattern": r"^[^\r\n]+$", "description": "One line that says why."},
    "UserId": {"type": "string", "pattern": f"^{USER}$", "examples": ["7"]},
    "MovieId": {"type": "string", "pattern": f"^{MOVIE}$", "examples": ["jaws+1975"]},
    "RatedMovie": {
        "type": "string",
        "pattern": f"^{MOVIE}:{RATING}$",
        "examples": ["jaws+1975:4.5"],
        "description": "A movie and its rating, on the model's scale. No movie twice.",
    },
    "List": {
        "type": "string",
        "pattern": f"^{MOVIE}(,{MOVIE}){{0,{K - 1}}}$",
        "description": "Movie ids, best first, no repeats.",
        "examples": ["jaws+1975,alien+1979"],
    },
    "Ids": _one_an_id(ref("MovieId")) | {"uniqueItems": True},
    "Version": _object(model=TEXT, kind=TEXT, arm=TEXT, git_commit=TEXT, data_hash=TEXT),
    "Provenance": {"allOf": [ref("Version"), _object(request_id=TEXT)]},
    "Sum": _object(
        value=NUMBER,
        others=NUMBER,
        **{"from": {"type": "array", "items": _object(id=ref("MovieId"), weight=NUMBER)}},
    ),
    "Reason": _object(
        uptake=_or_null(ref("Sum")),
        implicit=_or_null(ref("Sum")),
        floor_=NUMBER,
        trend_=NUMBER,
        liking_=NUMBER,
    ),
    "Answer": _object(
        ids=ref("Ids"),
        tier={"enum": list(TIERS)},
        scores=_or_null(_one_an_id(NUMBER)),
        ratings=_or_null(_one_an_id(NUMBER)),
        because=_or_null(_one_an_id(ref("Reason"))),
        unknown={"type": "array", "items": ref("MovieId")},
        provenance=ref("Provenance"),
    ),
    "Neighbours": _object(
        ids=ref("Ids"),
        scores=_one_an_id(NUMBER),
        unknown={"type": "array", "items": ref("MovieId")},
        provenance=ref("Provenance"),
    ),
}
PAGE_SCHEMAS: dict[str, Schema] = {
    "History": _object(
        user=USER_NUMBER,
        total={"type": "integer", "minimum": 0},
        movies={
            "type": "array",
            "items": _object(
                id=ref("MovieId"), source={"enum": ["log", "model"]}, rating=_or_null(NUMBER)
            ),
        },
        provenance=ref("Provenance"),
    ),
    "SomeUser": _object(user=USER_NUMBER, provenance=ref("Provenance")),
}


def event(scale: tuple[float, float]) -> Schema:
    """What POST /events takes."""
    low, high = scale
    rating = {"type": "number", "minimum": low, "maximum": high, "multipleOf": 0.01}
    minute = {"type": "integer", "minimum": 0, "maximum": 10**MAX_MINUTE_DIGITS - 1}
    both = {"user": USER_NUMBER, "movie": ref("MovieId")}
    kinds = [_object(**both, rating=rating), _object(**both, watch=minute)]
    return {"oneOf": [kind | {"additionalProperties": False} for kind in kinds]}


def _listed(name: str, items: Schema, description: str) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "style": "form",
        "explode": False,  # joined by commas
        "schema": {"type": "array", "items": items, "maxItems": MOST[name]},
    }


def _in_path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


PARAMETERS: dict[str, Schema] = {
    "userid": _in_path("userid", ref("UserId")),
    "movieid": _in_path("movieid", ref("MovieId")),
    "watched": _listed("watched", ref("MovieId"), "Watched, for this answer alone."),
    "rated": _listed("rated", ref("RatedMovie"), "Rated, for this answer alone."),
    "exclude": _listed("exclude", ref("MovieId"), "Not to be offered."),
    "request_id": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "Kept when it is 1 to 64 of A-Z a-z 0-9 . _ -, else replaced.",
        "schema": TEXT,
    },
}


def _header(pattern: str, description: str) -> Schema:
    return {
        "description": description,
        "required": True,
        "schema": {"type": "string", "pattern": pattern},
    }


LABEL = r"^[A-Za-z0-9@._+/#-]{1,128}$"
HEADERS: dict[str, Schema] = {
    "X-Model": _header(LABEL, "Version of the model."),
    "X-Git-Commit": _header(LABEL, "Of the code and of what trained it."),
    "X-Data-Hash": _header("^.+$", "Of the data that trained it."),
    "X-Request-Id": _header(r"^[A-Za-z0-9._-]{1,64}$", "The caller's, or our own."),
}
RETRY_AFTER = _header("^[0-9]+$", "Seconds.")
TIER = _header(f"^({'|'.join(TIERS)})$", "Who gets which list: serve/README.md.")
