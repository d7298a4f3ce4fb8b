"""When a partition has passed a moment: by many lines, whatever the segments are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.errors import CorruptFile
from movierec.store import passing, rowfile
from movierec.store.chain import Chain, read_chain
from movierec.store.passing import Passing
from movierec.store.segments import facts_of, opened, partition_at, write_segment
from movierec.times import DAY, MINUTE, day_number
from tests.movierec.store.filling import TOPIC, put, rows, watch

FIRST = day_number("2026-11-01")


def chain(root: Path) -> Chain:
    return read_chain(partition_at(root, TOPIC, 0))


def at(minute: int) -> int:
    return FIRST * DAY + minute * MINUTE


def passed(root: Path, minute: int, evidence: int) -> int | None:
    return Passing(at(minute), evidence).offset(chain(root))


def test_with_the_evidence_of_one_line_the_first_that_reaches_it_passes(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(1, 9), watch(1, 5)])
    put(tmp_path, [watch(1, 2), watch(1, 12), watch(1, 20)], 3)
    found = {m: passed(tmp_path, m, 1) for m in (0, 6, 9, 10, 20, 21)}
    assert found == {0: 0, 6: 1, 9: 1, 10: 4, 20: 5, 21: None}


def test_a_few_lines_pass_nothing_and_many_do(tmp_path: Path) -> None:
    """Three of the last five: two wrong clocks are outvoted, three lines at the end are not."""
    put(tmp_path, [watch(1, m) for m in (900, 900, 1, 2, 3, 900, 4, 900, 5, 100, 101, 102)])
    assert passed(tmp_path, 100, 3) == 9  # of 4, 900, 5, 100: the fifth line back is 900
    assert passed(tmp_path, 102, 3) is None


def test_lines_of_a_segment_that_need_not_be_read_outvote_as_well(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 900)])
    put(tmp_path, [watch(1, 1)] * 2, 1)
    put(tmp_path, [watch(1, 900), watch(1, 2), watch(1, 900)], 3)
    assert passed(tmp_path, 100, 2) == 5


def test_fewer_lines_than_the_evidence_pass_nothing(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 9)] * 2)
    put(tmp_path, [b"junk"] * 5, 2)
    assert passed(tmp_path, 1, 3) is None
    put(tmp_path, [watch(1, 9)], 7)
    assert passed(tmp_path, 1, 3) == 7


def test_a_search_goes_on_where_it_was_and_reads_each_segment_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One wrong clock in every segment, as with a user whose every line is ahead."""
    read: list[int] = []

    def noted(partition: Any, start: int) -> Any:
        read.append(start)
        return opened(partition, start)

    monkeypatch.setattr(passing, "opened", noted)
    put(tmp_path, [watch(1, 1)] * 3)
    search, known = Passing(at(100), 3), chain(tmp_path)
    for number in range(1, 30):
        put(tmp_path, [watch(1, number), watch(1, 999), watch(1, number)], number * 3)
        known.extend()
        assert search.offset(known) is None
    assert read == [number * 3 for number in range(1, 30)]  # the first is below: not read
    put(tmp_path, [watch(1, 100)] * 3, 90)
    known.extend()
    assert search.offset(known) == search.offset(known) == 91
    assert read[-1] == 90 and len(read) == 30


@given(
    st.lists(st.one_of(st.integers(0, 9), st.none()), min_size=1, max_size=60),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.integers(1, 6),
    st.integers(1, 9),
)
@settings(max_examples=80)
def test_it_is_where_the_running_median_reaches_the_threshold(
    tmp_path_factory: pytest.TempPathFactory,
    minutes: list[int | None],
    sizes: list[int],
    evidence: int,
    minute: int,
) -> None:
    """By the definition, line by line; None is a rejected line."""
    root, start = tmp_path_factory.mktemp("store"), 0
    lines = [b"junk" if m is None else watch(1, m) for m in minutes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowfile, "GROUP_ROWS", 4)
        while start < len(lines):
            size = sizes[start % len(sizes)]
            put(root, lines[start : start + size], start)
            start += size
    expected, window = None, list[bool]()
    for offset, found in enumerate(minutes):
        if found is not None:
            window = [*window, found >= minute][-(2 * evidence - 1) :]
            if expected is None and sum(window) >= evidence:
                expected = offset
    assert passed(root, minute, evidence) == expected


def test_a_footer_that_its_rows_do_not_bear_out_is_named(tmp_path: Path) -> None:
    there = partition_at(tmp_path, TOPIC, 0)
    table: pa.Table = rows([watch(1, 1)])
    facts = facts_of(there, 0, 1, table, gap=False) | {"max_time": at(100)}
    there.storage.put_new(there.name(0), lambda file: write_segment(file, facts, table))
    with pytest.raises(CorruptFile, match=r"0\.parquet: max_time .* none of its rows'"):
        passed(tmp_path, 50, 1)
