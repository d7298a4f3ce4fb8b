"""Closing days: when, with what, once, and whole after any crash."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.errors import CorruptFile
from movierec.lines.rows import line_of
from movierec.store import closing
from movierec.store.chain import read_chain
from movierec.store.closing import Closer, unknown_folders
from movierec.store.dayfile import put_day
from movierec.store.days import (
    closed_days,
    day_folder,
    read_day,
    read_manifest,
    verify_day,
)
from movierec.store.decisions import done_time, is_done, last_done, mark_done
from movierec.store.durable import Disk
from movierec.store.expired import put_expired
from movierec.store.openrows import open_rejected, open_rows
from movierec.store.segments import partition_at
from movierec.store.tail import claim_partition
from movierec.times import day_number
from tests.movierec.store.filling import (
    GRACE,
    NOW,
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
    assert unknown_folders(tmp_path, TOPIC, {0: 2}) == [f"{TOPIC}/segments/3"]
    assert done_time(Disk(tmp_path), TOPIC, 0) == NOW  # from here on "no day closed" is counted
    assert close(tmp_path, p0=2, p3=1) == [DAY]
    assert read_manifest(tmp_path, TOPIC, DAY)["totals"]["stored"] == 2


def test_a_gap_is_part_of_the_manifest_of_the_day_that_closes_over_it(tmp_path: Path) -> None:
    claim_partition(tmp_path, TOPIC, 0).write_gap(40)
    put(tmp_path, [watch(1, 1), watch(2, 30)], start=40)
    assert close(tmp_path, p0=42) == [DAY]
    assert read_manifest(tmp_path, TOPIC, DAY)["gaps"] == [{"partition": 0, "start": 0, "end": 40}]


def test_a_closer_goes_on_from_one_check_to_the_next(tmp_path: Path) -> None:
    """What it remembers is never older than the disk, whoever else writes and closes."""
    closer, tail = Closer(tmp_path, TOPIC, evidence=1), claim_partition(tmp_path, TOPIC, 0)
    days = []
    for number in range(12):
        tail.write(number + 1, rows([watch(number // 3 + 1, number)], number))
        who = Closer(tmp_path, TOPIC, evidence=1) if number in (3, 7, 9) else closer
        days += [m["day"] for m in who.close_due_days({0: number + 1}, 0, NOW)]
    assert days == [f"2026-11-0{day}" for day in (1, 2, 3)]
    assert [segment.start for segment in segments(tmp_path)] == [9, 10, 11]
    # What is gone from the disk goes from memory: a closer lives for months.
    assert closer._chains.of[0].segments == segments(tmp_path)


def names_opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of what is opened on the disk from now on."""
    names: list[str] = []
    opened = Disk.open

    def noted(disk: Disk, name: str) -> Any:
        names.append(name)
        return opened(disk, name)

    monkeypatch.setattr(Disk, "open", noted)
    return names


def test_a_check_reads_no_segment_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closer, tail = Closer(tmp_path, TOPIC, evidence=1), claim_partition(tmp_path, TOPIC, 0)
    for number in range(9):
        tail.write(number + 1, rows([watch(1, number)], number))
    closer.close_due_days({0: 9}, GRACE, NOW)
    tail.write(10, rows([watch(1, 9)], 9))
    asked = names_opened(monkeypatch)
    closer.close_due_days({0: 10}, GRACE, NOW)
    assert asked == [str(file_of(Path(), start)) for start in (9, 10)]


def test_a_first_check_goes_on_from_the_chains_that_were_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = claim_partition(tmp_path, TOPIC, 0)
    for number in range(9):
        tail.write(number + 1, rows([watch(1, number)], number))
    found = {0: read_chain(tail.partition)}
    tail.write(10, rows([watch(1, 9)], 9))
    asked = names_opened(monkeypatch)
    assert Closer(tmp_path, TOPIC, 1).close_due_days({0: 10}, GRACE, NOW, found) == []
    assert [name for name in asked if "segments" in name] == [
        str(file_of(Path(), start)) for start in (9, 10)
    ]


def test_a_chain_that_was_claimed_before_its_base_moved_is_read_anew(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], 1)
    found = {0: read_chain(partition_at(tmp_path, TOPIC, 0))}
    assert close(tmp_path, p0=2) == [DAY]
    closer = Closer(tmp_path, TOPIC, 1)
    assert closer.close_due_days({0: 2}, GRACE, NOW, found) == []
    assert closer._chains.of[0] == read_chain(partition_at(tmp_path, TOPIC, 0))


def many(day: int, count: int, minute: int = 1) -> list[bytes]:
    """Lines of users of their own, all of one minute."""
    return [watch(day, minute, user) for user in range(count)]


@pytest.mark.parametrize("wrong", [watch(30, 1), watch(2, 20 * 60)])
def test_lines_with_a_wrong_clock_neither_close_a_day_nor_keep_one_open(
    tmp_path: Path, wrong: bytes
) -> None:
    """Fewer of them than the evidence, however they lie."""
    put(tmp_path, [*many(1, 20), wrong, wrong, *many(1, 20, 700), wrong, *many(1, 20, 1400)])
    assert close(tmp_path, evidence=4, p0=63) == []
    put(tmp_path, many(2, 20, 30), 63)
    assert close(tmp_path, evidence=4, p0=83) == [DAY]
    totals = read_manifest(tmp_path, TOPIC, DAY)["totals"]
    assert (totals["stored"], totals["late"]) == (60, 0)


def test_a_few_lines_of_a_date_make_no_day_and_are_late_in_the_next(tmp_path: Path) -> None:
    """A clock in 1970, or in last week."""
    old = [b"1970-01-01T00:00,1,GET /data/m/jaws+1975/3.mpg"] * 3
    put(tmp_path, [*many(5, 9), *old, watch(1, 1), *many(6, 4, 30)])
    assert close(tmp_path, evidence=4, p0=17) == ["2026-11-05"]
    totals = read_manifest(tmp_path, TOPIC, "2026-11-05")["totals"]
    assert (totals["stored"], totals["late"]) == (13, 4)
    assert stored(tmp_path) == many(6, 4, 30)


def test_whether_a_date_is_a_day_does_not_change_by_what_comes_later(tmp_path: Path) -> None:
    """Three lines of day 2 come in time and one far too late: whoever looks when, it is none."""
    early, late = tmp_path / "early", tmp_path / "late"
    lines = [*many(1, 9), *many(2, 3), *many(3, 9, 30), watch(2, 9), *many(4, 9, 30)]
    days = {}
    for root, pieces in ((early, [(0, 21), (21, 31)]), (late, [(0, 31)])):
        days[root] = []
        for start, end in pieces:
            put(root, lines[start:end], start)
            days[root] += close(root, evidence=4, p0=end)
    assert days[early] == days[late] == [DAY, "2026-11-03"]
    assert files(early / TOPIC / "days") == files(late / TOPIC / "days")


def test_no_day_closes_before_its_end_by_the_own_clock(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(9, 1)])
    end = (day_number(DAY) + 1) * 86_400 * 10**9 + GRACE * 10**9
    assert close(tmp_path, now=end - 1, p0=2) == []
    assert close(tmp_path, now=end, p0=2) == [DAY]


def test_when_a_day_was_closed_last_is_a_fact_of_the_store(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    put(tmp_path, [watch(1, 1)])
    close(tmp_path, now=7, p0=1)
    close(tmp_path, now=8, p0=1)
    assert (last_done(disk, TOPIC), done_time(disk, TOPIC, 0)) == (0, 7)  # the beginning
    put(tmp_path, [watch(2, 30)], 1)
    assert close(tmp_path, now=NOW, p0=2) == [DAY]
    assert (last_done(disk, TOPIC), done_time(disk, TOPIC, 1)) == (1, NOW)


def test_a_check_looks_at_each_segment_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when a line past the threshold is in every one: a check does not grow with the day."""
    closer, tail = Closer(tmp_path, TOPIC, evidence=2), claim_partition(tmp_path, TOPIC, 0)
    for number in range(0, 60, 3):
        tail.write(number + 3, rows([watch(1, 1), watch(2, 700), watch(1, 1)], number))
    assert closer.close_due_days({0: 60}, GRACE, NOW) == []
    read = names_opened(monkeypatch)
    assert closer.close_due_days({0: 60}, GRACE, NOW) == []
    assert read == [str(file_of(Path(), 60))]  # is there one more?
    assert closer._chains.lines == {day_number(DAY): 40, day_number(DAY) + 1: 20}


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
    closer, theirs = Closer(tmp_path, TOPIC, evidence=1), []
    before_deciding.append(lambda: theirs.extend(close(tmp_path, **ENDS)))
    assert closer.close_due_days({0: 4, 1: 2}, GRACE, NOW) == []
    assert theirs == [DAY]
    put(tmp_path, [watch(3, 30)], 4)
    [second] = closer.close_due_days({0: 5, 1: 2}, GRACE, NOW)
    assert (second["day"], second["totals"]["stored"]) == ("2026-11-02", 1)


def test_a_segment_that_is_gone_without_a_closing_is_an_error(
    tmp_path: Path, before_deciding: list[Callable[[], object]]
) -> None:
    a_day_to_close(tmp_path)
    before_deciding.append(file_of(tmp_path, 2).unlink)
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


def test_what_a_killed_closer_left_beside_a_day_goes_with_its_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed day's folder is a dependency as a whole: it holds the day and nothing else."""
    a_day_to_close(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr("movierec.store.closing.put_day", calls_until(1))
        close(tmp_path, **ENDS)
    folder = day_folder(tmp_path, TOPIC, DAY)
    folder.mkdir(parents=True)
    (folder / ".lines.parquet.0f.tmp").write_bytes(b"half of a day")
    assert close(tmp_path, **ENDS) == [DAY]
    assert sorted(files(folder)) == ["lines.parquet", "manifest.json", "rejected.jsonl"]


def empty(folder: Path, whole: Path) -> None:
    folder.mkdir(parents=True)


def half_a_copy(folder: Path, whole: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copy(whole / "lines.parquet", folder)


def without_a_manifest(folder: Path, whole: Path) -> None:
    shutil.copytree(whole, folder)
    (folder / "manifest.json").unlink()


def another_manifest(folder: Path, whole: Path) -> None:
    shutil.copytree(whole, folder)
    (folder / "manifest.json").write_text("{}")


def a_file_cut_off(folder: Path, whole: Path) -> None:
    shutil.copytree(whole, folder)
    os.truncate(folder / "lines.parquet", 100)


def a_file(folder: Path, whole: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")


def a_link_to_nothing(folder: Path, whole: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder.with_name("none"))


def a_link_to_an_empty_folder(folder: Path, whole: Path) -> None:
    folder.parent.mkdir(parents=True)
    (whole.parent / "there").mkdir()
    folder.symlink_to(whole.parent / "there")


STRANGE = [
    empty,
    half_a_copy,
    without_a_manifest,
    another_manifest,
    a_file_cut_off,
    a_file,
    a_link_to_nothing,
    a_link_to_an_empty_folder,
]


@pytest.mark.parametrize("strange", STRANGE)
def test_a_folder_that_was_there_before_its_day_is_looked_at_first(
    tmp_path: Path, strange: Callable[[Path, Path], None]
) -> None:
    """Nothing is decided, and nothing removed, until an operator has moved it away."""
    root, whole = tmp_path / "store", tmp_path / "whole"
    a_day_to_close(whole)
    assert close(whole, **ENDS) == [DAY]
    strange(day_folder(root, TOPIC, DAY), day_folder(whole, TOPIC, DAY))
    a_day_to_close(root)
    mark_done(Disk(root), TOPIC, 0, NOW)  # when the store began: what a first check leaves
    before, lines = files(root), stored(root)
    with pytest.raises(CorruptFile, match=r"was there before .* Nothing was removed.* move it"):
        close(root, **ENDS)
    assert (files(root), stored(root)) == (before, lines)
    day_folder(root, TOPIC, DAY).rename(tmp_path / "away")
    assert close(root, **ENDS) == [DAY]
    for part in ("days", "closings", "segments"):
        assert files(root / TOPIC / part) == files(whole / TOPIC / part)


@pytest.mark.parametrize("strange", STRANGE)
def test_a_folder_that_came_after_the_decision_is_no_day_either(
    tmp_path: Path, strange: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it holds just what the day holds, as one does whose closer died."""
    root, whole = tmp_path / "store", tmp_path / "whole"
    a_day_to_close(whole)
    assert close(whole, **ENDS) == [DAY]
    a_day_to_close(root)
    before = files(root / TOPIC / "segments")
    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr("movierec.store.closing.put_day", calls_until(1))
        close(root, **ENDS)
    strange(day_folder(root, TOPIC, DAY), day_folder(whole, TOPIC, DAY))
    try:
        assert close(root, **ENDS) == [DAY]
    except CorruptFile as error:
        assert "move the folder away" in str(error)
        assert files(root / TOPIC / "segments") == before
        assert not is_done(Disk(root), TOPIC, 1)
        day_folder(root, TOPIC, DAY).rename(tmp_path / "away")
        assert close(root, **ENDS) == [DAY]
    assert read_day(day_folder(root, TOPIC, DAY)) == read_day(day_folder(whole, TOPIC, DAY))


def test_a_whole_day_that_was_there_is_taken_when_it_is_the_same(tmp_path: Path) -> None:
    """Closings were restored from before it, or lost."""
    root, whole = tmp_path / "store", tmp_path / "whole"
    a_day_to_close(whole)
    assert close(whole, **ENDS) == [DAY]
    shutil.copytree(day_folder(whole, TOPIC, DAY), day_folder(root, TOPIC, DAY))
    a_day_to_close(root)
    assert close(root, **ENDS) == []
    assert is_done(Disk(root), TOPIC, 1)
    assert files(root / TOPIC) == files(whole / TOPIC)


def test_a_whole_day_of_other_lines_is_not_taken(tmp_path: Path) -> None:
    """Another store's: of the same topic, day and cuts, with as many lines."""
    root, other = tmp_path / "store", tmp_path / "other"
    put(other, [watch(1, 1, user=8), b"junk"])
    put(other, [watch(1, 2, user=8), watch(2, 30)], 2)
    put(other, [watch(1, 3, user=8), b"\xff"], partition=1)
    assert close(other, **ENDS) == [DAY]
    shutil.copytree(day_folder(other, TOPIC, DAY), day_folder(root, TOPIC, DAY))
    a_day_to_close(root)
    before = files(root / TOPIC / "segments")
    with pytest.raises(CorruptFile, match=r"lines\.parquet: not the day's lines"):
        close(root, **ENDS)
    assert files(root / TOPIC / "segments") == before


def test_a_day_that_went_after_it_was_marked_keeps_its_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another closer said that it was done; what is there counts."""
    a_day_to_close(tmp_path)
    before = stored(tmp_path)

    def losing(*a: Any) -> Any:
        manifest = put_day(*a)
        mark_done(Disk(tmp_path), TOPIC, 1, NOW)
        shutil.rmtree(day_folder(tmp_path, TOPIC, DAY))
        return manifest

    monkeypatch.setattr(closing, "put_day", losing)
    with pytest.raises(CorruptFile, match=r"no closed day there.*No segment of it was removed"):
        close(tmp_path, **ENDS)
    assert [segment.start for segment in segments(tmp_path)] == [0, 2]
    assert len(before) == 4


@pytest.mark.parametrize("damaged", [False, True])
def test_a_day_that_expired_since_is_no_reason_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    a_day_to_close(tmp_path)

    def expiring(*a: Any) -> Any:
        manifest = put_day(*a)
        put_expired(Disk(tmp_path), {"topic": TOPIC, "day": DAY, "manifest_sha256": "00"})
        if damaged:
            (tmp_path / f"expired/{TOPIC}/{DAY}.json").write_bytes(b"{}")
        shutil.rmtree(day_folder(tmp_path, TOPIC, DAY))
        return manifest

    monkeypatch.setattr(closing, "put_day", expiring)
    if damaged:
        with pytest.raises(CorruptFile, match="not the record of a deleted day"):
            close(tmp_path, **ENDS)
    else:
        assert close(tmp_path, **ENDS) == [DAY]
    assert [segment.start for segment in segments(tmp_path)] == ([0, 2] if damaged else [2])


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
                patch.setattr("movierec.store.closing.mark_done", calls_until(2))  # not of 0
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
