"""What the simulated site answered: texts that the parser takes, oddities included."""

import re

import numpy as np

from infra.simulator.answers import HOST, LIST, SHELF, Asked, Site, recommendations, request_text
from infra.simulator.exact import stream
from infra.simulator.world import make_world
from movierec.lines.events import REQUEST, Request, parse
from serve.metrics import DEADLINE_MS


def fields(text):
    match = re.fullmatch(REQUEST, text)
    assert match, text
    return match


def asked_by(world, count, seen=False):
    """Requests of as many users as there are, one after the other, who watch a popular movie."""
    users = np.arange(count) % len(world.users)
    shelf = len(world.popularity[SHELF])
    return Asked(users, np.arange(count) % 30, np.full((count, shelf), seen))


def test_every_text_is_a_request_of_contract_and_names_the_sites_host():
    world = make_world(3, users=20, movies=90)
    late = failed = 0
    site = Site(world)
    texts = site.answer(stream(1), 0, asked_by(world, 3000))
    for text, answer in zip(texts, site.answers, strict=True):
        line = b"2025-11-01T10:00,7,recommendation request " + text.encode()
        assert isinstance(parse(line), Request)
        said = fields(text)
        assert said["host"] == HOST
        ids = re.split(", ?", said["result"])
        if set(ids) <= set(world.movies):
            assert 1 <= len(ids) <= LIST
            assert (said["status"] == "0") == (int(said["ms"]) > DEADLINE_MS)
            assert answer.ids == (ids if said["status"] == "200" else [])
            late += said["status"] == "0"
        else:
            assert said["status"] == "0" and "Exception" in said["result"]
            assert answer.ids == []
            failed += 1
    assert 10 < late < 60 and 10 < failed < 60


def test_the_lists_of_one_arm_follow_taste_and_nobody_is_offered_what_they_have_seen():
    world = make_world(3, users=400, movies=90)
    asked = asked_by(world, 400)
    liking = {}
    for name in ("svd", "svdpp"):
        lists = recommendations(stream(1), world, asked, np.full(400, name))
        liking[name] = np.take_along_axis(world.taste(asked.users), lists, axis=1).mean()
    assert abs(liking["svd"]) < 0.05 < 0.2 < liking["svdpp"]
    asked.seen[:, 10:] = True
    lists = recommendations(stream(1), world, asked, np.full(400, "svd"))
    assert (np.sort(lists[:, :10], axis=1) == np.arange(10)).all(), "the unseen ones first"


def test_what_an_arm_predicts_is_near_what_its_user_thinks():
    world = make_world(3, users=400, movies=90)
    site = Site(world)
    site.answer(stream(1), 0, asked_by(world, 400))
    columns = {movie: column for column, movie in enumerate(world.movies)}
    error = {"svd": [], "svdpp": []}
    for user, answer in enumerate(site.answers):
        liking = np.clip(world.liking(np.array([user]))[0], 1, 5)
        error[answer.arm] += [
            predicted - liking[columns[movie]]
            for movie, predicted in zip(answer.ids, answer.predicted, strict=True)
        ]
    spread = {name: np.std(values) for name, values in error.items()}
    assert 0.3 < spread["svdpp"] < spread["svd"] < 0.6


def test_a_plain_answer():
    text = request_text(["a+1990", "b+1991"], 200, 14, host="a.example:80")
    assert text == "a.example:80, status 200, result: a+1990, b+1991, 14 ms"


def test_requests_have_the_oddities_of_real_ones(small_log):
    texts = small_log.requests
    lists = [t.split("result: ")[1].rsplit(", ", 1)[0].split(", ") for t in texts]
    ids = [[i for i in many if "+" in i or "-" in i] for many in lists]
    assert any("status 0" in t and "Exception" in t for t in texts)
    assert any("status 0" in t and "Exception" not in t for t in texts)
    assert any(t[-3].isdigit() for t in texts)  # 12ms
    assert any(1 < len(many) < 20 for many in ids)
    assert any(len(set(many)) < len(many) for many in ids)
