"""What may be asked with a question, and what is told of it to nobody else."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, generate_latest

from serve.http.request import HURRIED
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, create_app
from serve.service.similar import Neighbours
from serve.settings import ServiceSettings
from tests.inputs.models import N_MOVIES, N_USERS, WATCHER, SmallLoaded, SmallModel
from tests.inputs.uptake import fitted, taken_up

KNOWN, STRANGER = 4, 999_999_999
JSON = {"Accept": "application/json"}
HEAD = fitted(taken_up(N_USERS, N_MOVIES, 0.1), N_MOVIES)
ASKED = "watched=movie%2B11%2B2001,movie+12+2001,nowhere+1&rated=movie+13+2001:4.25"


def name(i: int) -> str:
    return f"movie+{i:02d}+2001"


@pytest.fixture
def model() -> SmallLoaded:
    movie = HEAD.movie.copy()
    movie[:, 7] = 0  # nobody took it up
    return SmallLoaded(SmallModel(scale=(-6.0, 6.0)), uptake=replace(HEAD, movie=movie))


def ids(client: FlaskClient, path: str) -> list[str]:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return response.text.split(",")


# A history and exclusions


def test_a_history_makes_a_stranger_s_list_and_is_not_in_it(client) -> None:
    response = client.get(f"/recommend/{STRANGER}?{ASKED}")
    assert response.headers["X-Answer-Tier"] == "fold-in"
    assert not {name(11), name(12), name(13)} & set(response.text.split(","))
    assert response.text != client.get(f"/recommend/{STRANGER}").text


@pytest.mark.parametrize("user", [KNOWN, WATCHER])
def test_a_history_moves_the_list_of_who_is_known(client, user: int) -> None:
    before = ids(client, f"/recommend/{user}")
    query = "&".join([f"watched={','.join(before[:2])}", f"rated={before[2]}:5"])
    response = client.get(f"/recommend/{user}?{query}")
    assert response.headers["X-Answer-Tier"] == "model"
    after = response.text.split(",")
    assert not set(before[:3]) & set(after)
    assert after[:17] != before[3:]  # not the old order with three left out


def test_json_says_which_ids_the_model_does_not_know(client) -> None:
    body = client.get(f"/recommend/{STRANGER}?{ASKED}", headers=JSON).get_json()
    assert body["unknown"] == ["nowhere+1"]
    assert set(body) == {
        "because", "ids", "provenance", "ratings", "scores", "tier", "unknown",
    }  # fmt: skip
    assert len(body["because"]) == len(body["ratings"]) == len(body["scores"]) == 20
    reasons = {reason["id"] for why in body["because"] for reason in why["uptake"]["from"]}
    assert reasons == {name(11), name(12), name(13)}


def test_in_a_hurry_the_popular_tier_answers_and_is_logged_as_such(client, served) -> None:
    given = client.get("/recommend/4", environ_overrides={HURRIED: True})
    assert given.headers["X-Answer-Tier"] == "popular"
    assert json.loads(served.lines[-1][1])["tier"] == "popular"
    assert client.get("/recommend/4").headers["X-Answer-Tier"] == "model"
    forged = client.get("/recommend/4", headers={"movierec.hurried": "1", "Movierec-Hurried": "1"})
    assert forged.headers["X-Answer-Tier"] == "model"


@pytest.mark.parametrize("user", [KNOWN, WATCHER])
def test_the_ratings_that_it_predicts_are_logged_to_a_hundredth(client, served, user: int) -> None:
    told = client.get(f"/recommend/{user}", headers=JSON).get_json()["ratings"]
    client.get(f"/recommend/{user}")
    client.get(f"/recommend/{user}")  # as it was kept
    logged = [json.loads(line)["ratings"] for _, line in served.lines]
    assert logged == [pytest.approx(told, abs=0.00501)] * 3
    assert len(set(logged[0])) > 1


def test_what_is_excluded_is_not_offered(client) -> None:
    first, *rest = ids(client, f"/recommend/{STRANGER}")
    assert ids(client, f"/recommend/{STRANGER}?exclude={first}")[:19] == rest


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("rated=movie+13+2001:9", "off the scale"),
        ("watched=" + ",".join(["a"] * 201), "too many"),
        ("watched=a&watched=b", "twice"),
        ("since=yesterday", "unknown"),
        ("watched=a%20b", "malformed"),
        ("watched=" + "a" * 8000, "8008 bytes"),
    ],
)
def test_a_bad_query_is_a_400_with_one_line(client, served, query: str, why: str) -> None:
    response = client.get(f"/recommend/{KNOWN}?{query}")
    assert (response.status_code, response.content_type) == (400, "text/plain; charset=utf-8")
    assert why in response.text and len(response.text.splitlines()) == 1
    assert served.lines == []


def test_text_costs_no_reasons(client, monkeypatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("serve.service.routes.figures", fail)
    assert ids(client, f"/recommend/{KNOWN}?{ASKED}")
    assert client.get(f"/recommend/{KNOWN}", headers=JSON).status_code == 500


def test_a_request_s_words_are_told_to_nobody(tmp_path, model, served, caplog) -> None:
    """Neither kept for the next answer, nor logged, nor counted, in any form."""
    caplog.set_level(logging.DEBUG)
    registry = CollectorRegistry()
    kafka = KafkaSettings(("127.0.0.1:1",))
    settings = ServiceSettings(tmp_path, kafka=kafka, history=True)
    app = create_app(settings, model, registry=registry, served=served)
    client, histories = app.test_client(), app.extensions[HISTORY]._histories
    plain, offered = [], set[str]()
    for user in (KNOWN, WATCHER, STRANGER):
        plain.append(client.get(f"/recommend/{user}").text)
        body = client.get(f"/recommend/{user}?{ASKED}&exclude={name(14)}", headers=JSON).get_json()
        assert client.get(f"/recommend/{user}?{ASKED},b!").status_code == 400
        offered |= set(body["ids"])
        assert client.get(f"/recommend/{user}").text == plain[-1]
        assert histories.of(user) is None
    lines = [json.loads(line) for _, line in served.lines]
    assert len(lines) == 9
    fields = {"v", "time", "request_id", "user", "model", "arm", "tier", "ids"}
    # That a query was given is told, as then nobody can make the list again; not what it said, and
    # not the ratings that it would show in.
    predicted = [{"ratings"}, {"told"}, {"ratings"}]
    assert [set(line) - fields for line in lines] == [*predicted * 2, set(), {"told"}, set()]
    assert all(line.get("told", True) is True and fields <= set(line) for line in lines)
    asked = {name(11), name(12), name(13), name(14)}
    assert not asked & {movie for line in lines[1::3] for movie in line["ids"]}
    told = generate_latest(registry).decode() + caplog.text
    assert not [word for word in (*asked, "nowhere", "movie%2B", "4.25") if word in told]


# Neighbours


def test_neighbours_are_the_nearest_by_h(client, model) -> None:
    near = Neighbours(model.uptake).of(3)
    expected = [name(i) for i in near.movies]
    response = client.get(f"/similar/{name(3)}")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.text.split(",") == expected and len(expected) == 20
    assert name(3) not in expected
    body = client.get(f"/similar/{name(3)}", headers=JSON).get_json()
    assert set(body) == {"ids", "scores", "unknown", "provenance"}
    assert body["ids"] == expected
    assert body["scores"] == pytest.approx(near.cosines, rel=1e-8)
    assert body["provenance"]["model"] == "svd@v1.4.0"


def test_neighbours_may_be_excluded(client) -> None:
    first, second, *rest = ids(client, f"/similar/{name(3)}")
    path = f"/similar/{name(3)}?exclude={first},heat+1995,{second}"
    assert ids(client, path)[:18] == rest
    assert client.get(path, headers=JSON).get_json()["unknown"] == ["heat+1995"]


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("A", 400, "id 'A' is malformed: expected 1 to 128 of"),
        ("a%20b", 400, "id 'a b' is malformed"),
        ("a" * 129, 400, "malformed"),
        (f"{name(3)}?watched=a", 400, "parameter 'watched' is unknown: there are exclude"),
        ("heat+1995", 404, "movie 'heat+1995' is not in the model"),
        (name(7), 404, f"nobody took up '{name(7)}', so it has no neighbours"),
        (
            f"{name(3)}?exclude={','.join(map(name, range(N_MOVIES)))}",
            404,
            f"no neighbour of '{name(3)}' is left",
        ),
    ],
)
def test_what_has_no_neighbours_says_why(client, path: str, status: int, why: str) -> None:
    response = client.get(f"/similar/{path}")
    assert (response.status_code, response.content_type) == (status, "text/plain; charset=utf-8")
    assert why in response.text and len(response.text.splitlines()) == 1


def test_a_model_without_uptake_has_no_neighbours(settings, served) -> None:
    client = create_app(settings, SmallLoaded(), served=served).test_client()
    response = client.get(f"/similar/{name(3)}")
    assert response.status_code == 404
    assert response.text == (
        "this model has no uptake (train.uptake.n_factors: 0), so no neighbours"
    )


def test_neighbours_are_counted_by_their_rule_and_are_no_answers(client, served, registry) -> None:
    client.get(f"/similar/{name(3)}")
    head = client.head(f"/similar/{name(3)}")
    assert (head.status_code, head.data) == (200, b"")
    assert "X-Answer-Tier" not in head.headers and head.headers["X-Model"] == "svd@v1.4.0"
    assert served.lines == []
    counted = "flask_http_request_duration_seconds_count"
    for method in ("GET", "HEAD"):
        labels = {"method": method, "status": "200", "url_rule": "/similar/<movieid>"}
        assert registry.get_sample_value(counted, labels) == 1
    assert name(3) not in generate_latest(registry).decode()
    for tier in ("model", "fold-in", "popular"):
        assert registry.get_sample_value("movierec_answers_total", {"tier": tier}) == 0
    assert client.post(f"/similar/{name(3)}").status_code == 405
