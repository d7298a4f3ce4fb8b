"""Closing days: when, with what, once, and whole after any crash."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.lines.rows import line_of
from movierec.store import closing
from movierec.store.closing import Closer
from movierec.store.days import closed_days, day_folder, read_day, read_manifest, verify_day
from movierec.store.decisions import is_done
from movierec.store.durable import Disk
from movierec.store.openrows import open_rejected, open_rows
from movierec.store.tail import claim_partition
from tests.movierec.store.filling import (
    GRACE,
    TOPIC,
    close,
    end_of,
    file_of,
    files,
    put,
    rows,
    segments,
    stored,
    watch,
)

DAY = "2026-11-01"


def test_a_day_closes_when_the_stream_has_passed_it_by_the_grace(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, GRACE // 60 - 1)])
    assert close(tmp_path, p0=2) == []
    put(tmp_path, [watch(2, GRACE // 60)], start=2)
    assert close(tmp_path, p0=3) == [DAY]
    assert close(tmp_path, p0=3) == []
    day = read_day(day_folder(tmp_path, TOPIC, DAY))
    assert [line_of(row) for row in day.to_pylist()] == [watch(1, 1)]
    assert stored(tmp_path) == [watch(2, GRACE // 60 - 1), watch(2, GRACE // 60)]


def test_a_partition_that_lags_keeps_the_day_open_and_a_silent_one_does_not(
    tmp_path: Path,
) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 30)])
    put(tmp_path, [watch(1, 5)], partition=1)
    assert close(tmp_path, p0=2, p1=2) == []  # Kafka has a line that the store lacks
    assert close(tmp_path, p0=2, p1=1) == [DAY]


def test_no_day_closes_without_a_partition_that_was_added_meanwhile(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 30)])
    put(tmp_path, [watch(1, 2)], partition=3)
    assert close(tmp_path, p0=2) == []
    assert close(tmp_path, p0=2, p3=1) == [DAY]
    assert read_manifest(tmp_path, TOPIC, DAY)["totals"]["stored"] == 2


def test_a_gap_is_part_of_the_manifest_of_the_day_that_closes_over_it(tmp_path: Path) -> None:
    claim_partition(tmp_path, TOPIC, 0).write_gap(40)
    put(tmp_path, [watch(1, 1), watch(2, 30)], start=40)
    assert close(tmp_path, p0=42) == [DAY]
    assert read_manifest(tmp_path, TOPIC, DAY)["gaps"] == [{"partition": 0, "start": 0, "end": 40}]


def test_a_closer_goes_on_from_one_check_to_the_next(tmp_path: Path) -> None:
    """What it remembers is never older than the disk, whoever else writes and closes."""
    closer, tail = Closer(tmp_path, TOPIC), claim_partition(tmp_path, TOPIC, 0)
    days = []
    for number in range(12):
        tail.write(number + 1, rows([watch(number // 3 + 1, number)], number))
        who = Closer(tmp_path, TOPIC) if number in (3, 7, 9) else closer
        days += [m["day"] for m in who.close_due_days({0: number + 1}, 0)]
    assert days == [f"2026-11-0{day}" for day in (1, 2, 3)]
    assert [segment.start for segment in segments(tmp_path)] == [9, 10, 11]
    # What is gone from the disk goes from memory: a closer lives for months.
    assert closer._chains[0].segments == segments(tmp_path)


def test_a_check_reads_no_segment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closer, tail = Closer(tmp_path, TOPIC), claim_partition(tmp_path, TOPIC, 0)
    for number in range(9):
        tail.write(number + 1, rows([watch(1, number)], number))
    closer.close_due_days({0: 9}, GRACE)
    tail.write(10, rows([watch(1, 9)], 9))
    asked: list[str] = []
    opened = Disk.open

    def noted(disk: Disk, name: str) -> Any:
        asked.append(name)
        return opened(disk, name)

    monkeypatch.setattr(Disk, "open", noted)
    closer.close_due_days({0: 10}, GRACE)
    assert asked == [str(file_of(Path(), start)) for start in (9, 10)]


def a_day_to_close(root: Path) -> None:
    """Two partitions; the day of the first line is due, and has rejected lines."""
    put(root, [watch(1, 1), b"junk"])
    put(root, [watch(1, 2), watch(2, 30)], 2)
    put(root, [watch(1, 3), b"\xff"], partition=1)


ENDS = {"p0": 4, "p1": 2}


class Crash(BaseException):
    """The process ends here."""


def calls_until(number: int) -> Callable[..., None]:
    """What raises Crash when it is called for the `number`th time."""
    left = iter(range(number - 1))

    def count(*_: Any) -> None:
        if next(left, None) is None:
            raise Crash

    return count


@pytest.mark.parametrize("verb", ["put_new", "remove", "names", "open"])
def test_a_closer_may_die_before_any_verb(
    tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole"
    a_day_to_close(whole)
    assert close(whole, **ENDS) == [DAY]
    original = getattr(Disk, verb)
    for number in range(1, 100):
        root = tmp_path / str(number)
        a_day_to_close(root)
        crash = calls_until(number)

        def dying(*a: Any, crash: Callable[..., None] = crash, **more: Any) -> Any:
            crash()
            return original(*a, **more)

        with monkeypatch.context() as patch:
            patch.setattr(Disk, verb, dying)
            try:
                close(root, **ENDS)
                break
            except Crash:
                pass
        for day in closed_days(root, TOPIC):
            verify_day(day_folder(root, TOPIC, day))
        close(root, **ENDS)
        for part in ("days", "closings"):
            assert files(root / TOPIC / part) == files(whole / TOPIC / part), f"{verb} {number}"
        assert stored(root) == stored(whole)
        assert (end_of(root), end_of(root, 1)) == (4, 2)
    assert number > 2


def test_a_segment_that_cannot_be_read_leaves_the_day_undone_and_all_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_to_close(tmp_path)
    before = files(tmp_path / TOPIC / "segments")
    opened = Disk.open

    def failing(disk: Disk, name: str) -> Any:
        if is_decided(tmp_path) and name.endswith("2.parquet"):
            raise FileNotFoundError(name)
        return opened(disk, name)

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "open", failing)
        with pytest.raises(FileNotFoundError):
            close(tmp_path, **ENDS)
    assert is_decided(tmp_path)
    assert closed_days(tmp_path, TOPIC) == []
    assert not is_done(Disk(tmp_path), TOPIC, 1)
    assert files(tmp_path / TOPIC / "segments") == before
    assert close(tmp_path, **ENDS) == [DAY]


@pytest.fixture
def before_deciding(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens, once each, between a closer's look at the chains and its decision."""
    waiting: list[Callable[[], object]] = []
    decide = closing.due_closing

    def later(*a: Any) -> Any:
        while waiting:
            waiting.pop()()
        return decide(*a)

    monkeypatch.setattr(closing, "due_closing", later)
    return waiting


def test_segments_that_another_closer_removed_before_the_decision_are_no_error(
    tmp_path: Path, before_deciding: list[Callable[[], object]]
) -> None:
    a_day_to_close(tmp_path)
    closer, theirs = Closer(tmp_path, TOPIC), []
    before_deciding.append(lambda: theirs.extend(close(tmp_path, **ENDS)))
    assert closer.close_due_days({0: 4, 1: 2}, GRACE) == []
    assert theirs == [DAY]
    put(tmp_path, [watch(3, 30)], 4)
    [second] = closer.close_due_days({0: 5, 1: 2}, GRACE)
    assert (second["day"], second["totals"]["stored"]) == ("2026-11-02", 1)


def test_a_segment_that_is_gone_without_a_closing_is_an_error(
    tmp_path: Path, before_deciding: list[Callable[[], object]]
) -> None:
    a_day_to_close(tmp_path)
    before_deciding.append(file_of(tmp_path).unlink)
    with pytest.raises(FileNotFoundError):
        close(tmp_path, **ENDS)
    assert not is_decided(tmp_path)


def is_decided(root: Path) -> bool:
    return (root / TOPIC / "closings/00000001.json").exists()


def test_a_segment_that_was_moved_away_after_the_decision_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_to_close(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr("movierec.store.closing.put_day", calls_until(1))
        close(tmp_path, **ENDS)
    file_of(tmp_path, 2).rename(tmp_path / "away")
    assert close(tmp_path, **ENDS) == []
    assert closed_days(tmp_path, TOPIC) == []
    put(tmp_path, [watch(1, 2), watch(2, 30)], 2)  # the collector reads its offsets again
    assert close(tmp_path, **ENDS) == [DAY]
    assert read_manifest(tmp_path, TOPIC, DAY)["totals"]["stored"] == 3


def test_what_a_killed_closer_left_beside_a_day_goes_with_its_closing(tmp_path: Path) -> None:
    """A closed day's folder is a dependency as a whole: it holds the day and nothing else."""
    a_day_to_close(tmp_path)
    folder = day_folder(tmp_path, TOPIC, DAY)
    folder.mkdir(parents=True)
    (folder / ".lines.parquet.0f.tmp").write_bytes(b"half of a day")
    assert close(tmp_path, **ENDS) == [DAY]
    assert sorted(files(folder)) == ["lines.parquet", "manifest.json", "rejected.jsonl"]


@pytest.mark.parametrize("name", ["rejected.jsonl", "lines.parquet"])
def test_a_closer_whose_file_goes_with_anothers_closing_takes_that(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when that one dies before it says that it is done."""
    a_day_to_close(tmp_path)
    link, at_work = os.link, [True]

    def after_a_rival(source: Path, target: Path) -> None:
        if target.name == name and at_work.pop():
            with monkeypatch.context() as patch, pytest.raises(Crash):
                at_work[:] = [False] * 9
                patch.setattr("movierec.store.closing.mark_done", calls_until(1))
                close(tmp_path, **ENDS)
        link(source, target)

    monkeypatch.setattr(os, "link", after_a_rival)
    assert close(tmp_path, **ENDS) == []
    assert is_done(Disk(tmp_path), TOPIC, 1)
    verify_day(day_folder(tmp_path, TOPIC, DAY))


@pytest.fixture
def rivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Before each `put_new` of a closer, another closer closes all that is due."""
    put_new, busy = Disk.put_new, [False]
    theirs: list[str] = []

    def after_a_rival(disk: Disk, name: str, write: Any) -> int:
        if not busy[0] and name.endswith(AT[0]):
            busy[0] = True
            theirs.extend(close(tmp_path, **ENDS))
            busy[0] = False
        return put_new(disk, name, write)

    monkeypatch.setattr(Disk, "put_new", after_a_rival)
    yield theirs


AT = [""]


@pytest.mark.parametrize(
    "at", ["1.json", "rejected.jsonl", "lines.parquet", "manifest.json", "1.done", ".base"]
)
def test_of_two_closers_one_publishes_wherever_the_other_sleeps(
    tmp_path: Path, rivals: list[str], at: str
) -> None:
    AT[0] = "never"
    a_day_to_close(tmp_path / "whole")
    close(tmp_path / "whole", **ENDS)
    a_day_to_close(tmp_path)
    AT[0] = at
    mine = close(tmp_path, **ENDS)
    assert sorted(mine + rivals) == [DAY]
    shutil.move(tmp_path / "whole", tmp_path.with_name(f"{tmp_path.name}-whole"))
    assert files(tmp_path) == files(tmp_path.with_name(f"{tmp_path.name}-whole"))


LINE = st.one_of(
    st.builds(watch, st.integers(1, 4), st.integers(0, 1439), st.integers(1, 9)),
    st.just(b"junk"),
)


@given(
    st.lists(st.lists(LINE, max_size=30), min_size=2, max_size=2),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
@settings(max_examples=60)
def test_the_bytes_of_a_day_follow_from_the_log_and_its_cuts_alone(
    tmp_path_factory: pytest.TempPathFactory, logs: list[list[bytes]], sizes: list[int]
) -> None:
    """One big segment, or many small ones: the same files."""
    whole, pieces = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("pieces")
    ends = {}
    for partition, lines in enumerate(logs):
        lines = [*lines, watch(6, 30)]
        ends[f"p{partition}"] = len(lines)
        put(whole, lines, partition=partition)
        start = 0
        while start < len(lines):
            size = sizes[start % len(sizes)]
            put(pieces, lines[start : start + size], start, partition)
            start += size
    days = close(whole, **ends)
    assert close(pieces, **ends) == days
    assert files(whole / TOPIC / "closings") == files(pieces / TOPIC / "closings")
    if days:
        assert files(whole / TOPIC / "days") == files(pieces / TOPIC / "days")
    totals = [read_manifest(whole, TOPIC, day)["totals"] for day in days]
    in_days = sum(total["stored"] + total["rejected"] for total in totals)
    waiting = open_rows(whole, TOPIC).num_rows + len(list(open_rejected(whole, TOPIC)))
    assert in_days + waiting == sum(ends.values())
