"""What the simulated site answered: texts that the parser takes, oddities included."""

import re

from infra.simulator.answers import HOST, LIST, request_text, request_texts
from infra.simulator.exact import stream
from infra.simulator.world import make_world
from movierec.lines.events import REQUEST, Request, parse
from serve.metrics import DEADLINE_MS


def fields(text):
    match = re.fullmatch(REQUEST, text)
    assert match, text
    return match


def test_every_text_is_a_request_of_contract_and_names_the_sites_host():
    world = make_world(3, users=20, movies=90)
    late = failed = 0
    for text in request_texts(stream(1), world, 3000):
        line = b"2025-11-01T10:00,7,recommendation request " + text.encode()
        assert isinstance(parse(line), Request)
        said = fields(text)
        assert said["host"] == HOST
        ids = re.split(", ?", said["result"])
        if set(ids) <= set(world.movies):
            assert 1 <= len(ids) <= LIST
            assert (said["status"] == "0") == (int(said["ms"]) > DEADLINE_MS)
            late += said["status"] == "0"
        else:
            assert said["status"] == "0" and "Exception" in said["result"]
            failed += 1
    assert 10 < late < 60 and 10 < failed < 60


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
