"""Closing days beside the loop: on a thread, in good time, and never in silence."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import BadInput, Unavailable
from movierec.store.closing import Closer
from movierec.store.tail import claim_partition
from serve.collector.closer import CHECK_SECONDS, DayCloser
from tests.movierec.store.filling import rows, watch
from tests.serve.collector.member import HERE, Member

ENDS = {0: 3}
LINES = [watch(1, 1), b"junk", watch(2, 30)]


@pytest.fixture
def member(tmp_path: Path) -> Member:
    """A store where one day is due."""
    member = Member(tmp_path / "store")
    claim_partition(member.root, "movielog", 0).write(3, rows(LINES))
    return member


def last_closing(member: Member) -> float | None:
    name = "collector_last_closing_timestamp_seconds"
    return member.registry.get_sample_value(name, {"topic": "movielog"})


def test_when_a_day_was_closed_last_is_told_by_every_member_and_after_a_restart(
    member: Member, closer: DayCloser, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_800_000_000 * 10**9]
    monkeypatch.setattr("time.time_ns", lambda: now[0])
    closer.close_now("movielog", ENDS)
    assert last_closing(member) == 1_800_000_000
    now[0] += 10**12
    closer.close_now("movielog", ENDS)
    assert last_closing(member) == 1_800_000_000
    other = Member(member.root)
    DayCloser(other.settings, other.metrics, other.collector.writer).close_now("movielog", ENDS)
    assert last_closing(other) == 1_800_000_000
    assert sample(other, "days_closed") is None
    assert sample(other, "late_lines") == 0  # there from the start: it can be seen to grow


def test_a_store_without_a_closed_day_is_as_old_as_its_first_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in (1_800_000_000, 1_800_000_900):
        monkeypatch.setattr("time.time_ns", lambda now=now: now * 10**9)
        member = Member(tmp_path / "store")
        closer = DayCloser(member.settings, member.metrics, member.collector.writer)
        closer.close_now("movielog", {0: 0})
        assert last_closing(member) == 1_800_000_000


def test_no_day_closes_before_its_end_by_the_machines_clock(
    member: Member, closer: DayCloser, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = 1_793_577_600 + member.settings.grace_seconds  # 2026-11-02 and the grace
    for now, days in ((end - 1, 0), (end, 1)):
        monkeypatch.setattr("time.time_ns", lambda now=now: now * 10**9)
        closer.close_now("movielog", ENDS)
        assert closer.totals["days"] == days


def test_the_evidence_is_that_of_the_settings(member: Member) -> None:
    settings = replace(member.settings, evidence_lines=2)
    closer = DayCloser(settings, member.metrics, member.collector.writer)
    closer.close_now("movielog", ENDS)
    assert closer.totals["days"] == 0


@pytest.fixture
def closer(member: Member) -> DayCloser:
    return DayCloser(member.settings, member.metrics, member.collector.writer)


def sample(member: Member, name: str) -> float | None:
    return member.registry.get_sample_value(f"collector_{name}_total", {"topic": "movielog"})


def test_a_closed_day_is_counted_and_told(
    member: Member, closer: DayCloser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "serve.collector"):
        closer.close_now("movielog", ENDS)
    (told,) = caplog.records
    said = {"day": "2026-11-01", "stored": 1, "rejected": 1, "late": 0}
    assert told.message == "day closed" and said.items() <= vars(told).items()
    tail = claim_partition(member.root, "movielog", 0)
    tail.write(5, rows([watch(1, 9), watch(3, 30)], 3))
    closer.close_now("movielog", {0: 5})
    assert closer.totals == {"days": 2, "late": 1}
    assert sample(member, "days_closed") == 2
    assert (
        member.registry.get_sample_value("collector_late_lines_total", {"topic": "movielog"}) == 1
    )


def test_a_check_runs_on_a_thread_and_not_too_often(
    member: Member, closer: DayCloser, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    checks: list[tuple[str, bool]] = []
    original = Closer.close_due_days

    def noted(*a: Any) -> Any:
        checks.append((threading.current_thread().name, threading.current_thread().daemon))
        return original(*a)

    monkeypatch.setattr(Closer, "close_due_days", noted)
    for passed in (0.0, 1.0, CHECK_SECONDS - 1.1, 0.2):
        now[0] += passed
        closer.consider("movielog", ENDS)
        closer.wait()
    assert checks == [("days", True)] * 2  # a process that ends does not wait for a big day
    assert sample(member, "days_closed") == 1


def test_a_folder_of_no_partition_is_told_once_and_again_when_it_changes(
    member: Member,
    closer: DayCloser,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    folder = member.root / "movielog/segments"

    def told() -> list[Any]:
        """What three checks say."""
        caplog.clear()
        for _ in range(3):
            now[0] += CHECK_SECONDS
            closer.consider("movielog", ENDS)
            closer.wait()
        said = [vars(record) for record in caplog.records if "close" in record.message]
        return [(line["message"], line.get("folders")) for line in said]

    with caplog.at_level("INFO", "serve.collector"):
        (folder / "7").mkdir()
        assert told() == [("no day closes", ["movielog/segments/7"])]
        assert "move it out of the store" in vars(caplog.records[-1])["what_to_do"]
        assert last_closing(member) is not None  # and the alert has what it counts from
        (folder / "9").mkdir()
        both = ["movielog/segments/7", "movielog/segments/9"]
        assert told() == [("no day closes", both)]
        assert told() == []
        for name in ("7", "9"):
            (folder / name).rmdir()
        assert told() == [("day closed", None), ("days close again", None)]
        assert told() == []


def test_a_partition_that_is_added_meanwhile_is_no_stray(
    member: Member,
    closer: DayCloser,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another member has begun it before Kafka told us of it."""
    monkeypatch.setattr("serve.collector.closer.CHECK_SECONDS", 0.0)
    claim_partition(member.root, "movielog", 1).write(1, rows(LINES[:1]))
    for ends in (ENDS, {0: 3, 1: 1}):
        closer.consider("movielog", ends)
        closer.wait()
    assert closer.totals["days"] == 1
    assert [r for r in caplog.records if r.levelname == "ERROR"] == []


def test_due_days_that_cannot_be_closed_end_a_run_with_the_reason(
    member: Member, closer: DayCloser
) -> None:
    (member.root / "movielog/segments/7").mkdir()
    with pytest.raises(BadInput, match=r"segments/7: Kafka knows no such .* are not closed"):
        closer.close_now("movielog", ENDS)
    (member.root / "movielog/segments/7").rmdir()
    closer.close_now("movielog", ENDS)
    assert closer.totals["days"] == 1


def failing(error: BaseException) -> Callable[..., Any]:
    def fails(*_: Any) -> Any:
        raise error

    return fails


def test_a_failure_on_the_thread_is_raised_at_the_next_call(
    closer: DayCloser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Closer, "close_due_days", failing(OSError(5, "EIO")))
    closer.consider("movielog", ENDS)
    for call in (closer.wait, lambda: closer.consider("movielog", ENDS)):
        with pytest.raises(Unavailable, match="no day of movielog was closed"):
            call()


def test_one_thread_at_a_time(closer: DayCloser, monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), []

    def slow(*a: Any) -> list[Any]:
        begun.append(a)
        go.wait(30)
        return []

    monkeypatch.setattr(Closer, "close_due_days", slow)
    closer.consider("movielog", ENDS)
    closer.consider("served", ENDS)
    go.set()
    closer.wait()
    assert len(begun) == 1
    closer.consider("served", ENDS)
    closer.wait()
    assert len(begun) == 2


def test_the_days_of_a_topic_are_the_business_of_who_has_its_first_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    considered: list[tuple[int, str, dict[int, int]]] = []
    for number in (1, 0):
        member = Member(tmp_path / "two").start(HERE._replace(partition=number))
        member.consumer.partitions = {0, 1}
        days = member.collector._days
        monkeypatch.setattr(days, "consider", lambda *a, n=number: considered.append((n, *a)))
        member.collector._observe()
    assert considered == [(0, "movielog", {0: 1000, 1: 1000})]
