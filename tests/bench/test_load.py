"""The generator counts what there is: every answer once, refusals apart, probes apart."""

import itertools
from dataclasses import replace

import pytest

from tests.bench.load import closed, opened
from tests.serve.http.running import LIMITS, running


@pytest.fixture
def asks():
    return itertools.repeat(b"/recommend/1")


def test_a_closed_load_counts_every_answer(asks) -> None:
    with running() as server:
        outcome = closed(server.port, asks, 4, 0.2)
        assert outcome.statuses == {200: len(server.paths)}
        assert len(outcome.took) == len(server.paths) >= 4
        assert outcome.good == pytest.approx(len(server.paths) / outcome.seconds)
        assert outcome.unanswered == 0


def test_an_open_load_asks_at_its_rate_whatever_becomes_of_it(asks) -> None:
    with running(replace(LIMITS, connections=500, in_flight=1, queue=1)) as server:
        outcome = opened(server.port, asks, 2000, 0.5)
        paths = [path for path in server.paths if path == "/recommend/1"]
        assert outcome.statuses[200] == len(paths)
        assert outcome.statuses[503] == server.refused["overload"]
        assert sum(outcome.statuses.values()) <= 2000 * outcome.seconds
        assert len(outcome.probes) == server.paths.count("/healthz") > 0
        assert outcome.unanswered == 0


def test_a_server_that_closes_ends_the_measurement(asks) -> None:
    with running(replace(LIMITS, connections=4)) as server, pytest.raises(ConnectionError):
        closed(server.port, asks, 40, 0.5)
