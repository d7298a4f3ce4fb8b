"""Histories of the page: of the package and of the log, each movie once."""

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from serve.metrics import ServiceMetrics
from serve.service.history import Histories
from serve.service.page import people
from serve.service.page.people import People
from serve.service.recommender import Recommender
from tests.inputs.models import N_MOVIES, N_USERS, SEEN_EVERYTHING, WATCHER, SmallLoaded

AT = b"2026-11-01T19:03:07.250"
KNOWN, NEW = 4, 999_999


@pytest.fixture
def histories():
    return Histories(SmallLoaded(), 1 << 20, ServiceMetrics(CollectorRegistry()))


def ids(history):
    return [movie["id"] for movie in history["movies"]]


def test_nothing_is_known_of_a_stranger(histories):
    for known in (None, histories):
        told = People(Recommender(SmallLoaded()), known).history(NEW)
        assert told == {"user": NEW, "movies": [], "total": 0}


def test_the_package_s_movies_are_told_the_most_popular_first(histories):
    told = People(Recommender(SmallLoaded()), histories).history(KNOWN)
    assert ids(told) == ["movie+02+2001", "movie+01+2001"]  # 59 is the most popular, 0 the least
    assert {(movie["source"], movie["rating"]) for movie in told["movies"]} == {("model", None)}


def test_who_only_watched_has_a_history_too(histories):
    told = People(Recommender(SmallLoaded()), histories).history(WATCHER)
    assert ids(told) == ["movie+59+2001", "movie+05+2001"]


def test_the_log_comes_first_the_last_event_before_all_and_no_movie_twice(histories):
    for line in (b"GET /rate/movie+07+2001=3.25", b"GET /data/m/movie+01+2001/9.mpg"):
        histories.add(AT + b",%d," % KNOWN + line)
    told = People(Recommender(SmallLoaded()), histories).history(KNOWN)
    assert told["movies"] == [
        {"id": "movie+01+2001", "source": "log", "rating": None},
        {"id": "movie+07+2001", "source": "log", "rating": 3.25},
        {"id": "movie+02+2001", "source": "model", "rating": None},
    ]
    assert told["total"] == 3


def test_a_long_history_is_cut_and_counted(histories, monkeypatch):
    monkeypatch.setattr(people, "MOST_SHOWN", 7)
    told = People(Recommender(SmallLoaded()), histories).history(SEEN_EVERYTHING)
    assert (len(told["movies"]), told["total"]) == (7, N_MOVIES)


def test_a_random_user_is_any_of_those_who_rated_or_watched(histories):
    model = SmallLoaded(users=np.array([3, 5]))
    asked = People(Recommender(model), histories)
    assert {asked.random() for _ in range(200)} == {3, 5, WATCHER}


def test_a_model_that_knows_nobody_has_no_random_user(histories):
    nobody = np.array([], np.int64)
    assert (
        People(Recommender(SmallLoaded(users=nobody, watchers=nobody)), histories).random() is None
    )
    assert People(Recommender(SmallLoaded()), None).random() in {
        *(3 * u + 1 for u in range(N_USERS)),
        WATCHER,
    }
