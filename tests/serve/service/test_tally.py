"""Metrics of several processes as one: sums that do not fall, and memory that is there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, values

from serve.metrics import ServiceMetrics, replaced_workers
from serve.service import tally as module
from serve.service.board import Board
from serve.service.tally import FOLDER, Tally


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tally]:
    monkeypatch.setenv(FOLDER, "")
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    made = Tally()
    yield made
    made.close()


def worker(tally: Tally, who: str) -> ServiceMetrics:
    """The metrics of a worker's process."""
    tally.count_as(who)
    return ServiceMetrics(CollectorRegistry())


def told(tally: Tally, metrics: ServiceMetrics, name: str, **labels: str) -> float | None:
    return tally.registry(Board(1), metrics.registry).get_sample_value(name, labels)


def test_whoever_is_asked_tells_of_all(tally: Tally) -> None:
    tally.count_as("parent")
    replaced = replaced_workers(CollectorRegistry())
    one, two = worker(tally, "0"), worker(tally, "1")
    replaced.inc()
    one.answers.labels("model").inc(3)
    two.answers.labels("model").inc(4)
    one.http_seconds.labels("GET", "/x", "200").observe(0.3)
    two.http_seconds.labels("GET", "/x", "200").observe(0.7)
    rule = {"method": "GET", "url_rule": "/x", "status": "200"}
    for metrics in (one, two):
        assert told(tally, metrics, "movierec_answers_total", tier="model") == 7
        assert told(tally, metrics, "movierec_answers_total", tier="popular") == 0
        assert told(tally, metrics, "movierec_workers_replaced_total") == 1
        bucket = "flask_http_request_duration_seconds_bucket"
        assert told(tally, metrics, bucket, le="0.6", **rule) == 1
        assert told(tally, metrics, bucket, le="+Inf", **rule) == 2


def test_memory_adds_up_and_what_all_of_them_hold_does_not(tally: Tally) -> None:
    one, two = worker(tally, "0"), worker(tally, "1")
    for metrics, users in ((one, 30), (two, 31)):
        metrics.history_users.set(users)
        metrics.history_bytes.set(100 * users)
        metrics.cache_bytes.set(5)
        metrics.model.labels("m", "k", "a", "g", "d").set(1)
    assert told(tally, one, "movierec_history_users") == 31
    assert told(tally, one, "movierec_history_bytes") == 6100
    assert told(tally, one, "movierec_cache_bytes") == 10
    labels = {"model": "m", "kind": "k", "arm": "a", "git_commit": "g", "data_hash": "d"}
    assert told(tally, one, "movierec_model_info", **labels) == 1


def test_who_takes_another_s_place_goes_on_counting_and_holds_nothing(tally: Tally) -> None:
    first = worker(tally, "0")
    first.answers.labels("model").inc(5)
    first.cache_bytes.set(77)
    first.history_users.set(9)
    second = worker(tally, "0")
    second.answers.labels("model").inc()
    assert told(tally, second, "movierec_answers_total", tier="model") == 6
    assert told(tally, second, "movierec_cache_bytes") == 0
    assert told(tally, second, "movierec_history_users") == 0


def test_a_part_can_be_asked_for_before_anything_was_counted(tally: Tally) -> None:
    metrics = worker(tally, "0")
    registry = tally.registry(Board(1), metrics.registry)
    asked = ["movierec_answers_total", "flask_http_request_duration_seconds_count"]
    names = {
        sample.name for m in registry.restricted_registry(asked).collect() for sample in m.samples
    }
    assert names == {"movierec_answers_total"}
    metrics.http_seconds.labels("GET", "/x", "200").observe(0.3)
    found = [m.name for m in registry.restricted_registry(asked).collect() if m.samples]
    assert sorted(found) == ["flask_http_request_duration_seconds", "movierec_answers"]


def test_every_series_of_one_process_is_one_of_several(tally: Tally) -> None:
    metrics = worker(tally, "0")
    registry = tally.registry(Board(1), metrics.registry)
    alone, together = (
        {(s.name, tuple(s.labels.items())) for m in one.collect() for s in m.samples}
        for one in (metrics.registry, registry)
    )
    assert {(name, of) for name, of in alone if not name.endswith("_created")} == together


@pytest.mark.parametrize("there", [True, False], ids=["memory", "no-memory"])
def test_files_are_in_memory_where_that_can_be_had_and_gone_at_the_end(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, "")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    shared = tmp_path / "shm"
    if there:
        shared.mkdir()
    monkeypatch.setattr(module, "SHARED_MEMORY", shared)
    tally = Tally()
    assert tally.folder.parent == (shared if there else tmp_path)
    assert os.environ[FOLDER] == str(tally.folder)
    assert tally.folder.stat().st_mode & 0o077 == 0
    tally.close()
    tally.close()  # by the parent, and by those whom it left
    assert not tally.folder.exists()
