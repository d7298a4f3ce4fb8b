"""The operations, and the document that they make. Tests hold it against the service."""

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, jsonify

from serve.service.openapi.schemas import (
    HEADERS,
    PAGE_SCHEMAS,
    PARAMETERS,
    RETRY_AFTER,
    SCHEMAS,
    TIER,
    Schema,
    event,
    ref,
)
from serve.settings import ServiceSettings

LINE = {"text/plain": {"schema": ref("Line")}}
REFUSALS = {
    "400": "Malformed: which part of the request, and why.",
    "403": "From a page of another site.",
    "404": "There is no such thing: what, and why.",
    "405": "Not by this method; Allow names those that are.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "500": "Failed: the request id, under which the log has the cause.",
    "501": "A method that HTTP does not know.",
    "502": "The arm does not answer.",
    "503": "Not now: try again after Retry-After seconds.",
}
ALWAYS = ("500", "501")


def document(settings: ServiceSettings, arm: str, scale: tuple[float, float]) -> Schema:
    """The OpenAPI document of a service: what it offers by its settings, and no more."""
    paths = dict(_contract())
    schemas = dict(SCHEMAS)
    if settings.page:
        paths |= dict(_page([arm, *(peer.arm for peer in settings.peers or ())]))
        schemas |= PAGE_SCHEMAS
    if settings.page_events:
        paths["/events"] = {"post": _post_event()}
        schemas["Event"] = event(scale)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "movierec",
            "version": "1",
            "summary": "Movies for a user, by one model.",
            "description": "What is no request is refused before it is one: 400, 413, 431, 501 and "
            "505, one line, without the headers of an answer; so is 503 when too many wait.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": {status: _refusal(status) for status in REFUSALS},
        },
    }


def add_openapi(
    app: Flask, settings: ServiceSettings, arm: str, scale: tuple[float, float]
) -> None:
    """`GET /openapi.json`."""
    made = document(settings, arm, scale)

    @app.get("/openapi.json", provide_automatic_options=False)
    def openapi() -> Response:
        return jsonify(made)


def _contract() -> Iterable[tuple[str, Schema]]:
    answer = {"text/plain": ref("List"), "application/json": ref("Answer")}
    near = {"text/plain": ref("List"), "application/json": ref("Neighbours")}
    told = ("watched", "rated", "exclude")
    yield (
        "/recommend/{userid}",
        _get("Up to 20 movies for a user.", answer, ("userid", *told), "400", "503", tier=True),
    )
    yield (
        "/similar/{movieid}",
        _get("Up to 20 movies near a movie.", near, ("movieid", "exclude"), "400", "404", "503"),
    )
    yield "/version", _get("Who answers here.", {"application/json": ref("Version")}, (), "503")
    yield "/healthz", _get("Alive.", {"text/plain": {"const": "ok"}})
    yield "/readyz", _get("The model is verified.", {"text/plain": {"const": "ready"}})
    yield "/metrics", _get("For Prometheus.", {"text/plain": {"type": "string"}})
    yield "/openapi.json", _get("This document.", {"application/json": {"type": "object"}})


def _page(arms: list[str]) -> Iterable[tuple[str, Schema]]:
    """Of the page for people: what it is, and what it asks."""
    contract = dict(_contract())
    page = _get("The page for people.", {"text/html": {"type": "string"}})
    for operation in page.values():
        operation["responses"]["304"] = {"description": "As If-None-Match has it."}
    yield "/", page
    history = {"application/json": ref("History")}
    yield (
        "/history/{userid}",
        _get("What is known of a user.", history, ("userid",), "400", "503"),
    )
    some = {"application/json": ref("SomeUser")}
    yield "/users/random", _get("A user whom the model knows.", some, (), "404", "503")
    arm = {"name": "arm", "in": "path", "required": True, "schema": {"enum": arms}}
    for path in ("/recommend/{userid}", "/similar/{movieid}", "/version"):
        yield f"/arms/{{arm}}{path}", {m: _of_arm(o, arm) for m, o in contract[path].items()}


def _of_arm(operation: Schema, arm: Schema) -> Schema:
    refused = {status: _refused(status) for status in ("400", "404", "502")}
    return operation | {
        "summary": f"{operation['summary']} By this arm.",
        "parameters": [arm, *operation["parameters"]],
        "responses": operation["responses"] | refused,
    }


def _get(
    summary: str,
    answers: dict[str, Schema],
    parameters: Iterable[str] = (),
    *refusals: str,
    tier: bool = False,
) -> Schema:
    """GET, and HEAD beside it: the same without a body, and no answer to a user."""
    headers = _headers() | ({"X-Answer-Tier": TIER} if tier else {})
    content = {kind: {"schema": schema} for kind, schema in answers.items()}
    given = {"description": "OK", "headers": headers}
    common = {
        "summary": summary,
        "parameters": [_parameter(name) for name in (*parameters, "request_id")],
    }
    refused = {status: _refused(status) for status in (*refusals, *ALWAYS)}
    bodiless = {
        status: {name: part for name, part in _refusal(status).items() if name != "content"}
        for status in refused
    }
    return {
        "get": {**common, "responses": {"200": {**given, "content": content}, **refused}},
        "head": {**common, "responses": {"200": given, **bodiless}},
    }


def _post_event() -> Schema:
    refusals = ("400", "403", "404", "413", "415", "503", *ALWAYS)
    line = {"text/plain": {"schema": {"type": "string", "pattern": r"^[^\r\n]+$"}}}
    taken = {"description": "The line that the brokers have.", "content": line}
    return {
        "summary": "Somebody rated or watched a movie, on the page.",
        "parameters": [_parameter("request_id")],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ref("Event")}},
        },
        "responses": {
            "202": {**taken, "headers": _headers()},
            **{status: _refused(status) for status in refusals},
        },
    }


def _headers() -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}


def _parameter(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/parameters/{name}"}


def _refused(status: str) -> Schema:
    return {"$ref": f"#/components/responses/{status}"}


def _refusal(status: str) -> Schema:
    headers = {"Retry-After": RETRY_AFTER} if status == "503" else _headers()
    return {"description": REFUSALS[status], "headers": headers, "content": LINE}
