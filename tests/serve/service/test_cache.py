"""Answers that are kept: the same to the byte, bounded, and gone with the next event."""

import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from serve.kafka import KafkaSettings
from serve.metrics import ServiceMetrics
from serve.service.app import HISTORY, create_app
from serve.service.cache import Answers, Written
from serve.settings import ServiceSettings
from tests.inputs.models import N_MOVIES, SEEN_EVERYTHING, WATCHER, SmallLoaded, SmallModel
from tests.inputs.uptake import fitted, taken_up
from tests.serve.conftest import Lines
from tests.serve.service.test_history import rate, watch

SOME = Written("model", b"jaws+1975", b"")
USERS = [1, 4, SEEN_EVERYTHING, WATCHER, 999_999_999]


class Kept:
    """A cache with its counts."""

    def __init__(self, most_bytes: int = 1 << 20) -> None:
        self.registry = CollectorRegistry()
        self.answers = Answers(most_bytes, ServiceMetrics(self.registry))

    def counts(self) -> tuple[float, float]:
        """Hits, misses."""
        name = "movierec_cached_answers_total"
        hit, miss = (self.registry.get_sample_value(name, {"outcome": o}) for o in ("hit", "miss"))
        return hit or 0, miss or 0

    def bytes(self) -> float:
        return self.registry.get_sample_value("movierec_cache_bytes") or 0


def test_an_answer_counts_while_the_very_history_it_was_made_with_is_held() -> None:
    kept = Kept()
    followed = bytes(bytearray(b"one"))
    kept.answers.put(7, followed, SOME)
    assert kept.answers.get(7, followed) is SOME
    for other in (None, bytes(bytearray(b"one")), b"two"):
        assert kept.answers.get(7, other) is None
    assert kept.answers.get(8, followed) is None
    assert kept.counts() == (1, 4)


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept = Kept(3 * 520)  # of answers of nine bytes
    for user in (1, 2, 3):
        kept.answers.put(user, None, SOME)
    assert kept.answers.get(1, None) is SOME
    kept.answers.put(4, None, SOME)
    assert [kept.answers.get(user, None) is SOME for user in (1, 2, 3, 4)] == [
        True,
        False,
        True,
        True,
    ]


def test_an_answer_takes_the_place_of_the_user_s_last(capsys: Any) -> None:
    kept = Kept()
    kept.answers.put(1, None, SOME)
    before = kept.bytes()
    kept.answers.put(1, b"x" * 8, Written("model", b"y" * 9, b"z" * 4, b"r" * 3))
    assert kept.bytes() == before + 15
    assert kept.answers.get(1, None) is None


def test_nothing_is_kept_without_memory() -> None:
    kept = Kept(0)
    kept.answers.put(1, None, SOME)
    assert (kept.answers.get(1, None), kept.bytes()) == (None, 0)


@pytest.mark.parametrize("sizes", [(340, 0, 0), (340, 480, 120), (20, 4000, 1200)])
def test_the_memory_that_it_counts_is_what_it_takes(sizes: tuple[int, int, int]) -> None:
    kept = Kept(1 << 30)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for user in range(10**6, 10**6 + 3000):
        body, history, followed = (b"%d" % user * (n // 7) for n in sizes)
        kept.answers.put(user, followed or None, Written("model", body, history))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert taken <= kept.bytes() <= 1.5 * taken


def test_threads_do_not_disturb_each_other() -> None:
    kept = Kept(50 * 600)

    def work(seed: int) -> None:
        random = np.random.default_rng(seed)
        for user in random.integers(0, 100, 3000).tolist():
            body = b"%d" % user
            found = kept.answers.get(user, None)
            assert found is None or found.body == body
            kept.answers.put(user, None, Written("model", body, b""))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sum(kept.counts()) == 4 * 3000
    held = [user for user in range(100) if kept.answers.get(user, None)]
    assert kept.bytes() == sum(500 + len(b"%d" % user) for user in held) <= 50 * 600


# The whole service: with a cache it says what it says without


def service(cache_bytes: int) -> tuple[Flask, Lines]:
    uptake = fitted(taken_up(50, N_MOVIES, 0.1), N_MOVIES)
    model = SmallLoaded(SmallModel(scale=(-6.0, 6.0)), uptake=uptake)
    kafka = KafkaSettings(("127.0.0.1:1",))
    wanted = ServiceSettings(Path("m"), kafka=kafka, history=True, cache_bytes=cache_bytes)
    lines = Lines()
    return create_app(wanted, model, served=lines), lines


WITH, KEPT_LINES = service(1 << 20)
WITHOUT, FRESH_LINES = service(0)

users = st.sampled_from(USERS)
columns = st.integers(0, N_MOVIES - 1)
asks = st.tuples(
    st.sampled_from(["GET", "HEAD"]),
    users.map(lambda user: f"/recommend/{user}"),
    st.sampled_from(["", "?exclude=movie%2B01%2B2001", "?watched=movie%2B02%2B2001"]),
    st.sampled_from(["*/*", "application/json"]),
)
events = st.builds(watch, users, columns) | st.builds(rate, users, columns, st.integers(1, 5))


@given(steps=st.lists(asks | events, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_kept_answer_is_the_one_that_would_be_made(steps: list[Any]) -> None:
    for step in steps:
        if isinstance(step, bytes):
            for app in (WITH, WITHOUT):
                app.extensions[HISTORY]._histories.add(step)
            continue
        method, path, query, accept = step
        headers = {"Accept": accept, "X-Request-Id": "r1"}
        kept, fresh = (
            app.test_client().open(path + query, method=method, headers=headers)
            for app in (WITH, WITHOUT)
        )
        assert (kept.status, kept.data, list(kept.headers)) == (
            fresh.status, fresh.data, list(fresh.headers),
        )  # fmt: skip
    timeless = [
        [(user, line[:16] + line[42:]) for user, line in lines.lines]
        for lines in (KEPT_LINES, FRESH_LINES)
    ]
    assert timeless[0] == timeless[1]
    assert all(line[:16] == b'{"v":1,"time":"2' for _, line in KEPT_LINES.lines)


def test_the_property_above_is_about_kept_answers() -> None:
    client, metrics = WITH.test_client(), WITH.extensions["metrics"]
    name, labels = "movierec_cached_answers_total", {"outcome": "hit"}
    before = metrics.registry.get_sample_value(name, labels)
    for _ in range(3):
        client.get("/recommend/4")
    assert metrics.registry.get_sample_value(name, labels) >= before + 2
