"""The HTTP contract, header by header."""

import json
import re
import subprocess
import sys
from time import monotonic, sleep, time_ns

import numpy as np
import pytest

from movierec.lines.served import Served, parse_served
from movierec.models.topn import recommend
from movierec.times import parse_time
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, SERVED_LOG, create_app
from serve.service.served_log import KafkaServedLog, NoServedLog
from serve.settings import ServiceSettings
from tests.brokers.embedded import embedded_broker, send
from tests.inputs.models import N_USERS, SEEN_EVERYTHING, SmallLoaded

KNOWN = 4  # row 1
UNKNOWN = 999_999_999


def test_a_known_user_gets_the_best_unseen_movies_as_plain_text(client, model):
    response = client.get(f"/recommend/{KNOWN}")
    assert response.status_code == 200
    assert response.content_type == "text/plain; charset=utf-8"
    ids = response.text.split(",")
    best = recommend(model.model.scores(1), model.seen_of(1), 20)
    assert ids == [model.movies[i].decode() for i in best]
    assert len(set(ids)) == len(ids) == 20


def test_the_headers_say_who_answered(client):
    headers = client.get(f"/recommend/{KNOWN}").headers
    assert headers["X-Model"] == "svd@v1.4.0"
    assert headers["X-Git-Commit"] == "c0ffee"
    assert headers["X-Data-Hash"] == "d" * 64
    assert headers["X-Answer-Tier"] == "model"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-Id"])


def test_an_unknown_user_gets_the_popular_movies(client, model):
    response = client.get(f"/recommend/{UNKNOWN}")
    assert response.status_code == 200
    assert response.headers["X-Answer-Tier"] == "popular"
    assert response.text.split(",") == [m.decode() for m in model.movies[::-1][:20]]


def test_a_user_who_has_seen_everything_still_gets_movies(client):
    response = client.get(f"/recommend/{SEEN_EVERYTHING}")
    assert response.headers["X-Answer-Tier"] == "model"
    assert len(response.text.split(",")) == 20


def test_no_answer_is_ever_empty(client):
    for user in range(3 * N_USERS):
        response = client.get(f"/recommend/{user}")
        assert response.status_code == 200
        ids = response.text.split(",")
        assert all(ids)
        assert 1 <= len(set(ids)) == len(ids) <= 20


def test_json_has_the_ids_of_the_text_with_scores_tier_and_provenance(client):
    plain = client.get(f"/recommend/{KNOWN}").text
    accept = {"Accept": "application/json", "X-Request-Id": "abc-1"}
    response = client.get(f"/recommend/{KNOWN}", headers=accept)
    assert response.content_type == "application/json"
    body = response.get_json()
    assert ",".join(body["ids"]) == plain
    assert body["scores"] == sorted(body["scores"], reverse=True)
    assert len(body["scores"]) == len(body["ids"])
    assert (body["tier"], body["unknown"]) == ("model", [])
    assert body["provenance"] == {
        "model": "svd@v1.4.0",
        "kind": "svd",
        "arm": "svd",
        "git_commit": "c0ffee",
        "data_hash": "d" * 64,
        "request_id": "abc-1",
    }


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "", "text/html", "text/*;q=0.5"])
def test_anything_but_a_wish_for_json_gets_text(client, accept):
    response = client.get(f"/recommend/{KNOWN}", headers={"Accept": accept})
    assert response.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "user",
    ["abc", "-1", "1.5", "007", "1e3", "+1", "%20", "1%0a2", "٣", "1" * 19, "1 2", "a" * 500],
)
def test_a_malformed_id_is_a_400_with_one_line_that_says_why(client, user):
    response = client.get(f"/recommend/{user}")
    assert response.status_code == 400
    assert response.content_type.startswith("text/plain")
    assert "user id" in response.text
    assert "whole number" in response.text
    assert len(response.text.splitlines()) == 1
    assert len(response.text) < 300
    assert response.headers["X-Request-Id"]


def test_a_long_id_is_quoted_by_its_head(client):
    assert client.get(f"/recommend/{'a' * 41}").text == (
        f"user id '{'a' * 40}' is malformed: expected a whole number of at most 18 digits"
    )


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("application/json, text/plain", False),  # as welcome: text is what the contract names
        ("application/json;q=0.9, text/plain;q=0.5", True),
        ("application/json;q=0.5, text/plain;q=0.9", False),
        ("application/*", True),
    ],
)
def test_the_form_that_is_more_welcome_is_given(client, accept, json):
    response = client.get(f"/recommend/{KNOWN}", headers={"Accept": accept})
    assert response.is_json == json


def test_the_largest_id_of_the_log_is_fine(client):
    assert client.get(f"/recommend/{10**18 - 1}").status_code == 200


def test_a_well_formed_request_id_is_kept_and_any_other_replaced(client):
    for given in ["a", "6f1c-44.x_Y", "x" * 64]:
        response = client.get("/healthz", headers={"X-Request-Id": given})
        assert response.headers["X-Request-Id"] == given
    for given in ["", "x" * 65, "a b", "a;b", 'a"', "ü".encode().decode("latin-1")]:
        response = client.get("/healthz", headers={"X-Request-Id": given})
        assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-Id"])


def test_the_probes_answer_in_a_word(client):
    assert client.get("/healthz").text == "ok"
    assert client.get("/readyz").text == "ready"


def test_version_names_model_code_and_data(client):
    assert client.get("/version").get_json() == {
        "model": "svd@v1.4.0",
        "kind": "svd",
        "arm": "svd",
        "git_commit": "c0ffee",
        "data_hash": "d" * 64,
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/recommend", 404),
        ("GET", "/recommend/", 404),
        ("GET", "/recommend/1/2", 404),
        ("POST", "/recommend/1", 405),
        ("DELETE", "/healthz", 405),
        ("BREW", "/recommend/1", 501),
    ],
)
def test_an_error_is_one_line_of_text(client, method, path, status):
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.content_type.startswith("text/plain")
    assert len(response.text.splitlines()) == 1
    assert "<" not in response.text
    if status == 404 and path != "/":  # the page, which is switched off
        assert response.text == "nothing is here: /openapi.json tells what there is"
    if status == 405:
        assert "GET" in response.headers["Allow"]


def test_a_defect_is_a_500_that_names_the_request_and_nothing_else(settings, served, caplog):
    class Broken(SmallLoaded):
        def seen_of(self, u):
            raise RuntimeError("secret detail")

    app = create_app(settings, Broken(), served=served)
    response = app.test_client().get(f"/recommend/{KNOWN}", headers={"X-Request-Id": "q1"})
    assert response.status_code == 500
    assert response.text == "internal error; request id q1"
    assert "secret detail" in caplog.text
    assert served.lines == []


def test_every_answer_is_logged_as_a_served_line(client, served):
    before = time_ns()
    response = client.get(f"/recommend/{KNOWN}", headers={"X-Request-Id": "r-9"})
    [(user, line)] = served.lines
    document = json.loads(line)
    assert user == document["user"] == KNOWN
    stamp = parse_time(document.pop("time"))
    assert stamp is not None
    time, digits = stamp
    assert before // 1000 * 1000 <= time <= time_ns() and digits == 6
    assert document == {
        "v": 1,
        "request_id": "r-9",
        "user": KNOWN,
        "model": "svd@v1.4.0",
        "arm": "svd",
        "tier": "model",
        "ids": response.text.split(","),
        "ratings": document["ratings"],
    }
    assert b"\n" not in line
    assert b": " not in line
    assert isinstance(parse_served(line), Served)


def test_a_head_request_has_the_headers_of_an_answer_and_is_none(client, served, registry):
    response = client.head(f"/recommend/{KNOWN}")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["X-Answer-Tier"] == "model"
    assert served.lines == []
    assert registry.get_sample_value("movierec_answers_total", {"tier": "model"}) == 0


def test_only_answers_are_logged(client, served):
    for path in ["/recommend/abc", "/healthz", "/readyz", "/metrics", "/version", "/nothing"]:
        client.get(path)
    assert served.lines == []


def test_without_a_version_the_model_says_that_it_is_unreleased(tmp_path, model):
    client = create_app(ServiceSettings(tmp_path), model).test_client()
    assert client.get("/version").get_json()["model"] == "svd@unreleased"


def test_a_short_list_is_better_than_none(settings, served):
    model = SmallLoaded(popular=np.array([2, 1], dtype=np.int32))
    client = create_app(settings, model, served=served).test_client()
    assert client.get(f"/recommend/{UNKNOWN}").text == "movie+02+2001,movie+01+2001"


def test_there_are_no_other_routes_than_the_contract_s(settings, model, served):
    app = create_app(settings, model, served=served)
    assert sorted(rule.rule for rule in app.url_map.iter_rules()) == [
        "/",
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/readyz",
        "/recommend/<userid>",
        "/similar/<movieid>",
        "/version",
    ]


def test_the_service_imports_nothing_that_trains_or_collects():
    code = "import serve.service.app, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "serve.service.app" in modules.split()
    heavy = {"numba", "llvmlite", "pyarrow", "pandas", "surprise", "dvc", "kafka", "scipy"}
    assert not heavy & {name.partition(".")[0] for name in modules.split()}
    assert not [name for name in modules.split() if name.startswith("serve.collector")]


def test_what_is_allowed_of_a_probe_can_be_asked(client, registry):
    response = client.options("/healthz")
    assert response.status_code == 200
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}
    labels = {"method": "OPTIONS", "status": "200"}
    assert registry.get_sample_value("flask_http_request_total", labels) == 1


def test_our_metrics_stand_beside_http_s_without_a_registry_given(settings, model, served):
    client = create_app(settings, model, served=served).test_client()
    client.get(f"/recommend/{KNOWN}")
    text = client.get("/metrics").text
    assert 'movierec_answers_total{tier="model"} 1.0' in text
    assert "process_resident_memory_bytes" in text


def test_with_a_broker_alone_answers_are_logged_and_no_history_is_followed(tmp_path, model):
    kafka = KafkaSettings(("localhost:1",))
    app = create_app(ServiceSettings(tmp_path, kafka=kafka, served_topic="answers"), model)
    log = app.extensions[SERVED_LOG]
    assert isinstance(log, KafkaServedLog)
    assert (log.brokers.kafka, log.topic) == (kafka, "answers")
    assert HISTORY not in app.extensions


def test_without_a_broker_nothing_is_logged(tmp_path, model):
    app = create_app(ServiceSettings(tmp_path), model)
    assert isinstance(app.extensions[SERVED_LOG], NoServedLog)
    assert app.test_client().get(f"/recommend/{KNOWN}").status_code == 200


def test_with_history_on_an_event_changes_the_next_answer(tmp_path, model, served):
    with embedded_broker(tmp_path) as address:
        settings = ServiceSettings(tmp_path, kafka=KafkaSettings((address,)), history=True)
        app = create_app(settings, model, served=served)
        client, follower = app.test_client(), app.extensions[HISTORY]
        best = client.get(f"/recommend/{KNOWN}").text.split(",")[0]
        follower.start()
        line = f"2026-11-01T19:03:07.250,{KNOWN},GET /data/m/{best}/1.mpg".encode()
        deadline = monotonic() + 15
        while best in client.get(f"/recommend/{KNOWN}").text.split(","):
            assert monotonic() < deadline
            send(address, "movielog", [line])
            sleep(0.2)
        follower.close()


def test_the_topics_are_those_of_the_settings(tmp_path, model) -> None:
    kafka = KafkaSettings(("127.0.0.1:1",))
    named = {"served_topic": "answers", "event_topic": "events", "history": True}
    app = create_app(ServiceSettings(tmp_path, kafka=kafka, **named), model)
    assert app.extensions[SERVED_LOG].topic == "answers"
    assert app.extensions[HISTORY]._topic == "events"
