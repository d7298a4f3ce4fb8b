"""Recent events: what they change in an answer, and that they stay bounded."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from prometheus_client import CollectorRegistry

import serve.service.history
from infra.processes import free_port
from serve.kafka import KafkaSettings
from serve.metrics import ServiceMetrics
from serve.service.brokers import Brokers
from serve.service.history import MOVIES_A_USER, SEEN, Follower, Histories, history_of, pairs_of
from serve.service.recommender import Recommender
from tests.brokers.embedded import embedded_broker, send
from tests.inputs.models import SmallLoaded, SmallModel
from tests.serve.said import said

AT = b"2026-11-01T19:03:07.250"
NEW = 999_999
ROOT = Path(__file__).parents[3]


def watch(user: int, movie: int) -> bytes:
    return AT + f",{user},GET /data/m/movie+{movie:02d}+2001/1.mpg".encode()


def rate(user: int, movie: int, rating: int) -> bytes:
    return AT + f",{user},GET /rate/movie+{movie:02d}+2001={rating}".encode()


def brokers(address: str) -> Brokers:
    return Brokers(KafkaSettings((address,)))


def histories(most_bytes: int = 1 << 20) -> Histories:
    return Histories(SmallLoaded(), most_bytes, ServiceMetrics(CollectorRegistry()))


def test_nobody_has_a_history_at_first_and_other_lines_give_none() -> None:
    known = histories()
    for line in (b"junk", AT + b",7,GET /create_account", watch(7, 99)):
        known.add(line)
    assert known.of(7) is None


def test_the_last_rating_counts_and_a_watch_does_not_undo_it() -> None:
    known = histories()
    for line in (watch(7, 1), rate(7, 1, 2), rate(7, 1, 5), watch(7, 1), watch(7, 3)):
        known.add(line)
    history = history_of(known.of(7))
    assert history is not None
    assert history.items.tolist() == [1]
    assert history.ratings.tolist() == [5.0]
    assert sorted(history.watched.tolist()) == [1, 3]


@pytest.mark.parametrize("rating", [0, 6, 10])
def test_a_rating_off_the_models_scale_tells_nothing(rating: int) -> None:
    known = histories()
    known.add(rate(7, 1, rating))
    assert known.of(7) is None


def test_a_new_user_with_a_history_is_folded_in_and_not_offered_it_again() -> None:
    known, model = histories(), SmallLoaded()
    assert Recommender(model).answer(NEW, history_of(known.of(NEW))).tier == "popular"
    known.add(rate(NEW, 4, 5))
    given = Recommender(model).answer(NEW, history_of(known.of(NEW)))
    assert given.tier == "fold-in"
    assert "movie+04+2001" not in given.ids


def test_a_rating_off_the_model_s_scale_is_passed_over() -> None:
    model = SmallLoaded(SmallModel(scale=(2.0, 3.0)))
    known = Histories(model, 1 << 20, ServiceMetrics(CollectorRegistry()))
    for movie, rating in [(1, 1), (2, 2), (3, 3), (4, 4)]:
        known.add(rate(7, movie, rating))
    history = history_of(known.of(7))
    assert history is not None
    assert history.items.tolist() == history.watched.tolist() == [2, 3]


def test_the_gauges_say_what_is_held() -> None:
    registry = CollectorRegistry()
    one = cost_of(1)
    known = Histories(SmallLoaded(), 2 * one, ServiceMetrics(registry))
    for user, count in [(1, 1), (1, 1), (2, 2), (3, 2)]:
        known.add(watch(user, 1))
        assert registry.get_sample_value("movierec_history_users") == count
        assert registry.get_sample_value("movierec_history_bytes") == count * one


def cost_of(movies: int) -> int:
    """Bytes that a user of so many movies is counted as."""
    registry = CollectorRegistry()
    known = Histories(SmallLoaded(), 1 << 20, ServiceMetrics(registry))
    for movie in range(movies):
        known.add(watch(1, movie))
    held = registry.get_sample_value("movierec_history_bytes")
    assert held is not None
    return int(held)


def test_a_movie_more_costs_its_bytes_and_a_quarter_for_the_allocator() -> None:
    assert cost_of(40) - cost_of(20) == 20 * SEEN.itemsize * 5 / 4
    assert cost_of(1) > 300, "a user of one movie is an entry, a key and an object above all"


def test_users_are_bounded_in_bytes_and_the_longest_without_an_event_go() -> None:
    known = histories(most_bytes=2 * cost_of(1))
    for user in (1, 2, 1, 3):
        known.add(watch(user, 1))
    assert [known.of(user) is None for user in (1, 2, 3)] == [False, True, False]
    known.add(watch(3, 2))  # who does more needs more
    assert [known.of(user) is None for user in (1, 2, 3)] == [True, True, False]


def test_movies_of_a_user_are_bounded_oldest_first() -> None:
    movies = np.array([f"movie+{i:03d}".encode() for i in range(MOVIES_A_USER + 5)])
    model = SmallLoaded(movies=movies)
    many = Histories(model, 1 << 20, ServiceMetrics(CollectorRegistry()))
    for movie in range(MOVIES_A_USER + 5):
        many.add(AT + f",1,GET /data/m/movie+{movie:03d}/1.mpg".encode())
    history = history_of(many.of(1))
    assert history is not None
    assert history.watched.tolist() == list(range(5, MOVIES_A_USER + 5))


def test_a_rating_comes_back_to_the_digit() -> None:
    known = histories()
    texts = [f"{i // 100}.{i % 100:02d}" for i in range(100, 501)]
    for text in texts:
        known.add(AT + f",7,GET /rate/movie+01+2001={text}".encode())
        history = history_of(known.of(7))
        assert history is not None and history.ratings.tolist() == [float(text)]


MEMORY = """
import sys
from prometheus_client import CollectorRegistry
from serve.metrics import ServiceMetrics
from serve.service.history import Histories
from tests.inputs.models import SmallLoaded
from tests.serve.service.test_history import watch

def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

users, movies, most = map(int, sys.argv[1:])
known = Histories(SmallLoaded(), most, ServiceMetrics(CollectorRegistry()))
known.add(watch(1, 1))
before = rss()
for movie in range(movies):
    for user in range(users):
        known.add(watch(user, movie))
print(rss() - before)
"""


@pytest.mark.parametrize(("users", "movies"), [(40_000, 1), (9_000, 10)])
def test_the_bound_is_that_of_the_memory_that_the_kernel_measures(users: int, movies: int) -> None:
    most = 8_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(users), str(movies), str(most)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}"},
        capture_output=True,
        check=True,
    )
    assert int(done.stdout) < 1.25 * most


def send_until_known(address: str, known: Histories, user: int) -> None:
    """A watch of a user, again and again: the follower begins at the end of the log."""
    deadline = time.monotonic() + 15
    while known.of(user) is None:
        assert time.monotonic() < deadline
        send(address, "movielog", [watch(user, user)])
        time.sleep(0.1)


def test_the_follower_reads_from_now_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "serve.service.history")
    with embedded_broker(tmp_path) as address:
        send(address, "movielog", [watch(1, 1)])
        known = histories()
        follower = Follower(brokers(address), "movielog", known)
        follower.start()
        send_until_known(address, known, 2)
        assert known.of(1) is None
        follower.close()
    told = ("history follows", {"topic": "movielog", "partitions": 4})
    assert told in said(caplog, "serve.service.history")


def test_a_record_without_a_value_does_not_end_the_following(tmp_path: Path) -> None:
    with embedded_broker(tmp_path, partitions=1) as address:
        known = histories()
        follower = Follower(brokers(address), "movielog", known)
        follower.start()
        producer = Producer({"bootstrap.servers": address, "linger.ms": 0})
        deadline = time.monotonic() + 15
        for user in (1, 2):  # the second one is sent after a tombstone that was read for sure
            while known.of(user) is None:
                assert time.monotonic() < deadline
                for value in (None, watch(user, 1)):
                    producer.produce("movielog", value, partition=0)
                producer.flush(5)
                time.sleep(0.1)
        follower.close()


def test_a_follower_without_a_broker_ends_when_it_is_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serve.service.history, "RETRY_SECONDS", 0.2)
    threads = {thread for thread in threading.enumerate() if thread.name == "history"}
    nobody = f"127.0.0.1:{free_port()}"
    follower = Follower(brokers(nobody), "movielog", histories())
    follower.start()
    [thread] = {t for t in threading.enumerate() if t.name == "history"} - threads
    deadline = time.monotonic() + 15
    while "no history yet" not in caplog.messages:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    follower.close()
    thread.join(5)
    assert not thread.is_alive()
    assert ("no history yet", {"topic": "movielog"}) in said(caplog, "serve.service.history")
    told = [facts["error"] for _, facts in said(caplog, "serve.service.brokers")]
    assert any("Local: Broker transport failure" in error or nobody in error for error in told)


def test_a_broker_that_answers_later_is_followed_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The service may start first."""

    class Early(Consumer):
        def list_topics(self, *asked: Any, **how: Any) -> Any:
            if "no history yet" not in caplog.messages:
                raise KafkaException(KafkaError(KafkaError._TRANSPORT))
            return super().list_topics(*asked, **how)

    monkeypatch.setattr(serve.service.history, "RETRY_SECONDS", 0.2)
    monkeypatch.setattr(serve.service.history, "Consumer", Early)
    with embedded_broker(tmp_path) as address:
        known = histories()
        follower = Follower(brokers(address), "movielog", known)
        follower.start()
        send_until_known(address, known, 1)
        assert "no history yet" in caplog.messages
        follower.close()


def test_a_follower_whose_broker_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve.service.history, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(serve.service.history, "RETRY_SECONDS", 3.0)
    follower = Follower(brokers(f"127.0.0.1:{free_port()}"), "movielog", histories())
    follower.start()
    assert all(t.daemon for t in threading.enumerate() if t.name == "history")  # nor at the end
    started = time.monotonic()
    follower.close()
    assert time.monotonic() - started < 1.5


def test_a_follower_looks_twice_a_second_whether_to_end() -> None:
    """A container is killed some seconds after it was asked to end."""
    assert 2 * serve.service.history.POLL_SECONDS <= 1


def test_a_follower_that_never_started_closes_at_once() -> None:
    started = time.monotonic()
    Follower(brokers("127.0.0.1:1"), "movielog", histories()).close()
    assert time.monotonic() - started < 0.5


def test_a_known_user_is_not_offered_what_was_watched_a_moment_ago() -> None:
    known, model = histories(), SmallLoaded()
    user = int(model.users[3])
    best = Recommender(model).answer(user).ids[0]
    known.add(AT + f",{user},GET /data/m/{best}/1.mpg".encode())
    given = Recommender(model).answer(user, history_of(known.of(user)))
    assert given.tier == "model"
    assert best not in given.ids


def test_it_can_be_told_in_the_order_of_the_last_events() -> None:
    known = histories()
    for line in (rate(7, 1, 2), watch(7, 3), rate(7, 5, 4), watch(7, 1)):
        known.add(line)
    followed = known.of(7)
    assert followed is not None
    assert pairs_of(followed) == [(3, None), (5, 4.0), (1, 2.0)]


def test_one_more_minute_of_a_movie_makes_no_other_history() -> None:
    known = histories()
    known.add(watch(7, 1))
    before = known.of(7)
    known.add(watch(7, 1))
    assert known.of(7) is before
    known.add(rate(7, 1, 3))
    assert known.of(7) not in (None, before)
