"""Which day a line belongs to: by the log and the cuts, whatever the segments are."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from movierec.store import rowfile
from movierec.store.chain import Chain, read_chain
from movierec.store.placing import NOTHING, Cut, crossing, removable, rows_between
from movierec.store.segments import partition_at
from movierec.times import DAY, MINUTE, day_number
from tests.movierec.store.filling import TOPIC, close, put, watch

FIRST = day_number("2026-11-01")


def chain(root: Path) -> Chain:
    return read_chain(partition_at(root, TOPIC, 0))


def offsets(tables: list[pa.Table]) -> list[int]:
    return [offset for table in tables for offset in table.column("offset").to_pylist()]


def test_the_crossing_is_the_first_offset_that_reaches_the_threshold(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(1, 9), watch(1, 5)])
    put(tmp_path, [watch(1, 2), watch(1, 12), watch(1, 20)], 3)
    at = {m: crossing(chain(tmp_path), FIRST * DAY + m * MINUTE) for m in (0, 6, 9, 10, 20, 21)}
    assert at == {0: 0, 6: 1, 9: 1, 10: 4, 20: 5, 21: None}


def test_a_threshold_below_the_base_is_crossed_at_the_base(tmp_path: Path) -> None:
    """w passed it in segments that are gone: the partition has crossed, and is not waited for."""
    put(tmp_path, [watch(1, 1), watch(3, 30)])
    put(tmp_path, [b"junk"], 2)
    put(tmp_path, [watch(1, 2), watch(2, 5), watch(3, 30)], partition=1)
    assert close(tmp_path, p0=3, p1=3) == ["2026-11-01", "2026-11-02"]
    based = Chain(partition_at(tmp_path, TOPIC, 0), 2, (FIRST + 2) * DAY, [])
    assert crossing(based, (FIRST + 2) * DAY) == 2
    assert crossing(based, (FIRST + 2) * DAY + 1) is None


def test_a_second_day_is_cut_at_the_base_of_a_partition_that_is_past_it(tmp_path: Path) -> None:
    """Partition 0 is two days ahead, its segments are gone, and Kafka has more of it."""
    put(tmp_path, [watch(1, 1)], partition=0)
    put(tmp_path, [watch(1, 2)], partition=1)
    put(tmp_path, [watch(2, 30)], 1, partition=1)
    put(tmp_path, [watch(2, 31)], 1, partition=0)
    assert close(tmp_path, p0=2, p1=2) == ["2026-11-01"]
    put(tmp_path, [watch(3, 30)], 2, partition=0)
    put(tmp_path, [watch(2, 40), watch(3, 31)], 2, partition=1)
    assert chain(tmp_path).base == 1
    assert close(tmp_path, p0=9, p1=4) == ["2026-11-02"]
    assert chain(tmp_path).base == 2
    assert close(tmp_path, p0=9, p1=4) == []


def test_a_rejected_line_goes_by_the_latest_time_before_it(tmp_path: Path) -> None:
    put(tmp_path, [b"junk", watch(1, 1), b"junk", watch(2, 1), b"junk", watch(1, 2), b"junk"])
    whole = Cut(FIRST, 7)
    assert offsets(list(rows_between(chain(tmp_path), NOTHING, whole))) == [0, 1, 2, 5]
    assert offsets(list(rows_between(chain(tmp_path), whole, Cut(FIRST + 1, 7)))) == [3, 4, 6]


def test_the_latest_time_is_carried_over_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a large segment: the last row of a group, and not its second, goes on."""
    monkeypatch.setattr(rowfile, "GROUP_ROWS", 3)
    put(tmp_path, [watch(1, 1), watch(1, 2), watch(2, 1), b"junk", b"junk", b"junk", b"junk"])
    assert offsets(list(rows_between(chain(tmp_path), NOTHING, Cut(FIRST, 7)))) == [0, 1]


def test_the_latest_time_below_the_base_goes_on_above_it(tmp_path: Path) -> None:
    put(tmp_path, [b"junk"])
    first, later = (replace(chain(tmp_path), watermark=(FIRST + n) * DAY) for n in (0, 1))
    assert offsets(list(rows_between(first, NOTHING, Cut(FIRST, 1)))) == [0]
    assert offsets(list(rows_between(later, NOTHING, Cut(FIRST, 1)))) == []


def test_a_line_of_midnight_is_of_the_next_day(tmp_path: Path) -> None:
    """The first moment that is not of the closed day keeps its segment."""
    put(tmp_path, [watch(1, 1), watch(2, 0)])
    closed = Cut(FIRST, 2)
    assert offsets(list(rows_between(chain(tmp_path), closed, Cut(FIRST + 1, 2)))) == [1]
    assert removable(chain(tmp_path), closed) == (0, None)


def test_without_a_cut_all_that_no_day_holds_is_read(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 1), watch(1, 2), watch(3, 1)])
    assert offsets(list(rows_between(chain(tmp_path), Cut(FIRST, 3), None))) == [1, 3]


def test_what_closed_days_hold_for_sure_is_removable(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [b"junk"], 1)
    put(tmp_path, [watch(2, 1)], 2)
    put(tmp_path, [watch(1, 2)], 3)
    first = FIRST * DAY + MINUTE
    assert removable(chain(tmp_path), Cut(FIRST, 4)) == (2, first)
    assert removable(chain(tmp_path), Cut(FIRST, 1)) == (1, first)
    assert removable(chain(tmp_path), Cut(FIRST + 1, 4)) == (4, (FIRST + 1) * DAY + MINUTE)
    assert removable(chain(tmp_path), NOTHING) == (0, None)
