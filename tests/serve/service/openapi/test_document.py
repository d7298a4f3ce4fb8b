"""The document is true: whatever it allows and whatever it forbids, the service answers by it."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import schemathesis
from hypothesis import given, settings
from prometheus_client import CollectorRegistry
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from werkzeug.exceptions import ServiceUnavailable

from serve.http.answer import OVERLOADED
from serve.kafka import KafkaSettings
from serve.peers import Peer
from serve.service.app import create_app
from serve.service.openapi.document import document
from serve.service.page.events import EVENTS
from serve.settings import ServiceSettings
from tests.inputs.models import SmallLoaded
from tests.serve.conftest import Lines
from tests.serve.service.test_reasons import PLUS, USERS

ALONE = ServiceSettings(Path("m"), model_version="svd@v1.4.0", git_commit="c0ffee")
WHOLE = replace(
    ALONE, page=True, page_events=True, history=True, kafka=KafkaSettings(("127.0.0.1:1",))
)
SCALE = (1.0, 5.0)
EXAMPLES = 25


def app_of(given):
    return create_app(given, SmallLoaded(), registry=CollectorRegistry(), served=Lines())


@cache
def service(whole: bool):
    """The document of a service, as schemathesis reads it."""
    app = app_of(WHOLE if whole else ALONE)
    if whole:
        app.extensions[EVENTS].send = lambda user, line: None  # no broker is asked here
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    refusals = schema.config.checks.negative_data_rejection.expected_statuses
    refusals.append("413")  # chance makes long bodies
    return schema


def operations(whole: bool):
    return {o.ok().label: o.ok() for o in service(whole).get_all_operations()}


LABELS = sorted(
    [(False, label) for label in operations(False)]
    + [(True, label) for label in operations(True).keys() - operations(False).keys()]
)
FORBIDS = [
    (whole, label)
    for whole, label in LABELS
    if ("{" in label or label.startswith("POST")) and not label.startswith("HEAD")
]
"""Operations of which something can be asked that the document forbids."""


def hold(whole, label, mode, *excluded):
    operation = operations(whole)[label]

    @settings(max_examples=EXAMPLES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        case.validate_response(case.call(), excluded_checks=list(excluded))

    holds()


@pytest.mark.parametrize(("whole", "label"), LABELS)
def test_what_the_document_allows_is_answered_as_it_says(whole, label):
    # That a rating is on the scale, and a movie rated once, no pattern says.
    untold = [positive_data_acceptance] if "/recommend/" in label else []
    hold(whole, label, GenerationMode.POSITIVE, *untold)


@pytest.mark.parametrize(("whole", "label"), FORBIDS)
def test_what_the_document_forbids_is_refused_as_it_says(whole, label):
    # `watched=false` is no list to the document, and a movie's id to us.
    untold = [negative_data_rejection] if "/recommend/" in label or "/similar/" in label else []
    hold(whole, label, GenerationMode.NEGATIVE, *untold)


@pytest.mark.parametrize("given", [ALONE, replace(ALONE, page=True), WHOLE])
def test_it_has_the_service_s_routes_and_no_other(given):
    app = app_of(given)
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
    }
    if not given.page:
        routes -= {("/", "get"), ("/", "head")}  # it only says how the page is switched on
    told = app.test_client().get("/openapi.json").get_json()["paths"]
    assert {(path, method) for path, operations in told.items() for method in operations} == routes


def test_the_arms_are_those_of_the_settings():
    peers = (Peer("svdpp", "b", 1), Peer("als", "c", 2))
    told = document(replace(WHOLE, peers=peers), "svd", SCALE)
    arm, _ = told["paths"]["/arms/{arm}/version"]["get"]["parameters"]
    assert arm["schema"] == {"enum": ["svd", "svdpp", "als"]}


@pytest.mark.parametrize("label", ["GET /", "HEAD /"])
def test_a_page_that_is_known_is_a_304_that_the_document_tells(label):
    operation = operations(True)[label]
    tag = operation.Case().call().headers["etag"][0]
    known = operation.Case(headers={"If-None-Match": tag}).call()
    assert known.status_code == 304
    operation.validate_response(known)


def test_an_event_that_is_not_taken_is_a_503_that_the_document_tells(monkeypatch):
    operation = operations(True)["POST /events"]

    def refuse(user, line):
        raise ServiceUnavailable("no broker", retry_after=1)

    monkeypatch.setattr(operation.app.extensions[EVENTS], "send", refuse)
    event = {"user": 7, "movie": "movie+03+2001", "rating": 5}
    given = operation.Case(body=event, media_type="application/json").call()
    assert given.status_code == 503
    operation.validate_response(given)


def test_overload_is_a_503_that_the_document_tells():
    """The server refuses it before the application sees it."""
    head, _, body = OVERLOADED[False, False].decode().partition("\r\n\r\n")
    told = document(ALONE, "svd", SCALE)["components"]["responses"]["503"]
    status, *fields = head.split("\r\n")
    assert status.startswith("HTTP/1.1 503")
    assert told["headers"].keys() <= {field.partition(":")[0] for field in fields}
    assert len(body.splitlines()) == 1


def test_a_rating_of_an_event_has_the_model_s_scale():
    kinds = document(WHOLE, "svd", (0.5, 4.5))["components"]["schemas"]["Event"]["oneOf"]
    rating = kinds[0]["properties"]["rating"]
    assert (rating["minimum"], rating["maximum"]) == (0.5, 4.5)


def untold(schema, value, schemas):
    """The properties of a value that its schema does not have, anywhere in it."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    for one in (*schema.get("oneOf", []), *schema.get("allOf", [])):
        if one != {"type": "null"}:
            schema = schema | {
                "items": one.get("items", schema.get("items")),
                "properties": schema.get("properties", {}) | one.get("properties", {}),
            }
            if "$ref" in one:
                target = schemas[one["$ref"].rsplit("/", 1)[1]]
                schema["properties"] |= target.get("properties", {})
    if isinstance(value, list):
        return {name for item in value for name in untold(schema["items"], item, schemas)}
    if not isinstance(value, dict):
        return set()
    known = schema["properties"]
    deeper = {n for name in value.keys() & known for n in untold(known[name], value[name], schemas)}
    return (value.keys() - known.keys()) | deeper


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (f"/recommend/{USERS - 1}", "Answer"),
        ("/recommend/999", "Answer"),
        ("/similar/m00", "Neighbours"),
        ("/version", "Version"),
        ("/history/11", "History"),
        ("/users/random", "SomeUser"),
    ],
)
def test_nothing_is_answered_that_the_document_does_not_tell(path, schema):
    """Of a model with all there is to tell: uptake, and what SVD++ has of watching."""
    model = PLUS["float32"].model
    client = create_app(WHOLE, model, registry=CollectorRegistry(), served=Lines()).test_client()
    value = client.get(path, headers={"Accept": "application/json"}).get_json()
    schemas = client.get("/openapi.json").get_json()["components"]["schemas"]
    assert untold({"$ref": f"/{schema}"}, value, schemas) == set()
