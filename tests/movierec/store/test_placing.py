"""Which day a line belongs to: by the log and the cuts, whatever the segments are."""

from pathlib import Path

import pyarrow as pa
import pytest

from movierec.store import rowfile
from movierec.store.chain import Chain, read_chain
from movierec.store.placing import NOTHING, Cut, count_dated, removable, rows_between
from movierec.store.segments import partition_at
from movierec.times import day_number
from tests.movierec.store.filling import TOPIC, close, put, watch

FIRST = day_number("2026-11-01")


def chain(root: Path) -> Chain:
    return read_chain(partition_at(root, TOPIC, 0))


def offsets(tables: list[pa.Table]) -> list[int]:
    return [offset for table in tables for offset in table.column("offset").to_pylist()]


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


def test_a_rejected_line_goes_with_the_first_day_whose_cut_is_above_it(tmp_path: Path) -> None:
    """Whatever the clocks before it say: 20 hours ahead, or a day behind."""
    put(tmp_path, [b"junk", watch(3, 1), b"junk", watch(2, 1), b"junk", watch(1, 2), b"junk"])
    first, second = Cut(FIRST, 5), Cut(FIRST + 1, 7)
    assert offsets(list(rows_between(chain(tmp_path), NOTHING, first))) == [0, 2, 4]
    assert offsets(list(rows_between(chain(tmp_path), first, second))) == [3, 5, 6]
    assert offsets(list(rows_between(chain(tmp_path), second, None))) == [1]


def test_the_lines_of_a_date_are_counted_up_to_an_offset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rowfile, "GROUP_ROWS", 2)
    put(tmp_path, [watch(1, 1), watch(2, 0), b"junk"])
    put(tmp_path, [watch(2, 1), watch(1, 1), b"junk", watch(2, 1439), watch(3, 0)], 3)
    put(tmp_path, [watch(2, 5)], 8)
    counts = {n: count_dated(chain(tmp_path), FIRST + 1, n) for n in (0, 1, 2, 3, 4, 6, 7, 8, 9)}
    assert counts == {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 6: 2, 7: 3, 8: 3, 9: 4}


def test_a_line_of_midnight_is_of_the_next_day(tmp_path: Path) -> None:
    """The first moment that is not of the closed day keeps its segment."""
    put(tmp_path, [watch(1, 1), watch(2, 0)])
    closed = Cut(FIRST, 2)
    assert offsets(list(rows_between(chain(tmp_path), closed, Cut(FIRST + 1, 2)))) == [1]
    assert removable(chain(tmp_path), closed) == 0


def test_without_a_cut_all_that_no_day_holds_is_read(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 1), watch(1, 2), watch(3, 1)])
    assert offsets(list(rows_between(chain(tmp_path), Cut(FIRST, 3), None))) == [1, 3]


def test_what_closed_days_hold_for_sure_is_removable(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [b"junk"], 1)
    put(tmp_path, [watch(2, 1)], 2)
    put(tmp_path, [watch(1, 2)], 3)
    assert removable(chain(tmp_path), Cut(FIRST, 4)) == 2
    assert removable(chain(tmp_path), Cut(FIRST, 1)) == 1
    assert removable(chain(tmp_path), Cut(FIRST + 1, 4)) == 4
    assert removable(chain(tmp_path), NOTHING) == 0


def test_a_segment_whose_lines_closed_days_hold_is_not_read_again(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 1)], 1)
    known = chain(tmp_path)
    (tmp_path / known.partition.name(0)).write_bytes(b"damaged")
    assert offsets(list(rows_between(known, Cut(FIRST, 1), Cut(FIRST + 1, 2)))) == [1]


def test_counting_reads_the_segment_alone_that_the_offset_cuts(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 1)])
    put(tmp_path, [watch(2, 2), watch(2, 3)], 2)
    put(tmp_path, [watch(1, 2), watch(1, 3)], 4)
    known = chain(tmp_path)
    for whole in (0, 4):  # below the offset; without a line of the date
        (tmp_path / known.partition.name(whole)).write_bytes(b"damaged")
    assert count_dated(known, FIRST + 1, 3) == 2
    assert count_dated(known, FIRST + 1, 5) == 3
