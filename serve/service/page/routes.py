"""`GET /`, and what the page asks beside the answers of the arms."""

from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import NotFound

from serve.service.brokers import Brokers
from serve.service.history import Histories
from serve.service.page.arms import add_arms
from serve.service.page.document import document
from serve.service.page.events import add_events
from serve.service.page.people import People
from serve.service.provenance import Provenance
from serve.service.recommender import Recommender
from serve.service.routes import user_of
from serve.settings import ServiceSettings


def add_page(
    app: Flask,
    settings: ServiceSettings,
    provenance: Provenance,
    recommender: Recommender,
    histories: Histories | None,
    brokers: Brokers | None,
) -> None:
    """The page, where the settings want one; else `GET /` says how it is switched on."""
    if not settings.page:
        _add_no_page(app)
        return
    peers = settings.peers or ()
    add_arms(app, provenance.arm, peers)
    model = recommender.model
    low, high = model.model.scale
    page = document(
        {
            "home": provenance.arm,
            "arms": " ".join(sorted({provenance.arm, *(peer.arm for peer in peers)})),
            "scale": f"{low:g} {high:g}",
            "events": "on" if settings.page_events else "off",
        }
    )
    people = People(recommender, histories)
    if settings.page_events and brokers is not None:
        add_events(app, brokers, settings.event_topic, model)

    @app.get("/", provide_automatic_options=False)
    def page_for_people() -> Response:
        response = Response(
            page.html, headers=page.headers, content_type="text/html; charset=utf-8"
        )
        response.add_etag()
        return response.make_conditional(request)  # type: ignore[return-value]

    @app.get("/history/<userid>", provide_automatic_options=False)
    def history(userid: str) -> Response:
        return _private(people.history(user_of(userid)), provenance)

    @app.get("/users/random", provide_automatic_options=False)
    def random_user() -> Response:
        user = people.random()
        if user is None:
            raise NotFound("the model knows nobody yet")
        return _private({"user": user}, provenance)


def _add_no_page(app: Flask) -> None:
    @app.get("/", provide_automatic_options=False)
    def no_page() -> Response:
        raise NotFound("no page here: SERVICE_PAGE=on serves one, with everybody's history")


def _private(told: dict[str, Any], provenance: Provenance) -> Response:
    """JSON that nobody keeps."""
    signed = {**provenance.labels(), "request_id": g.request_id}
    response = jsonify(**told, provenance=signed)
    response.headers["Cache-Control"] = "no-store"
    return response
