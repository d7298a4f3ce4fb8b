"""GET / and what the page asks."""

from dataclasses import replace

import numpy as np

from serve.peers import Peer
from serve.service.app import create_app
from serve.service.page.document import document
from tests.inputs.models import SmallLoaded

KNOWN = 4


def test_the_page_is_served_with_its_policy_and_again_only_when_it_changed(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
    for name, value in document({}).headers.items():
        assert page.headers[name] == value
    assert page.headers["X-Model"] == "svd@v1.4.0"
    again = client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_is_told_the_arms_the_scale_and_whether_events_are_taken(page_settings, model):
    peers = (Peer("svdpp", "b", 1), Peer("als", "c", 2))
    with_peers = create_app(replace(page_settings, peers=peers), model).test_client()
    told = 'data-home="svd" data-arms="als svd svdpp" data-scale="1 5" data-events="off"'
    assert f"<html {told} lang" in with_peers.get("/").text


def test_without_the_setting_there_is_no_page_and_no_history(settings, model):
    off = create_app(settings, model).test_client()
    refused = off.get("/")
    assert refused.status_code == 404
    assert refused.text == "no page here: SERVICE_PAGE=on serves one, with everybody's history"
    for path in (f"/history/{KNOWN}", "/users/random", f"/arms/svd/recommend/{KNOWN}"):
        assert off.get(path).status_code == 404
    assert off.post("/events", json={}).status_code == 404


def test_a_history_is_private_and_signed(client):
    response = client.get(f"/history/{KNOWN}", headers={"X-Request-Id": "abc-1"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    told = response.get_json()
    assert (told["user"], told["total"]) == (KNOWN, 2)
    assert told["provenance"]["request_id"] == "abc-1"
    refused = client.get("/history/x7")
    assert (refused.status_code, refused.text.split(":")[0]) == (400, "user id 'x7' is malformed")


def test_a_random_user_has_a_history(client):
    user = client.get("/users/random").get_json()["user"]
    assert client.get(f"/history/{user}").get_json()["total"] > 0


def test_nobody_to_choose_from_is_a_404(page_settings):
    nobody = np.array([], np.int64)
    lonely = create_app(page_settings, SmallLoaded(users=nobody, watchers=nobody)).test_client()
    refused = lonely.get("/users/random")
    assert (refused.status_code, refused.text) == (404, "the model knows nobody yet")


def test_events_are_taken_only_where_they_are_switched_on(client):
    assert client.post("/events", json={"user": 1}).status_code == 404
