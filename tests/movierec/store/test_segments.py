"""A segment's file: what its footer says, and what is refused as none."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from movierec.errors import CorruptFile
from movierec.store.days import closed_days
from movierec.store.segments import (
    Segment,
    facts_of,
    partition_at,
    partitions_of,
    read_segment,
    write_segment,
)
from movierec.store.tail import claim_partition
from movierec.times import day_number
from tests.movierec.store.filling import TOPIC, close, file_of, put, rows, watch


def test_the_footer_says_what_follows_from_the_rows(tmp_path: Path) -> None:
    put(tmp_path, [watch(2, 1), b"junk", watch(1, 2)])
    first, second = day_number("2026-11-01"), day_number("2026-11-02")
    expected = Segment(0, 3, 3, (second * 1440 + 1) * 60 * 10**9, {first: 1, second: 1}, False)
    assert read_segment(partition_at(tmp_path, TOPIC, 0), 0) == expected
    assert read_segment(partition_at(tmp_path, TOPIC, 0), 3) is None


def test_the_partitions_are_those_with_a_folder(tmp_path: Path) -> None:
    assert partitions_of(tmp_path, TOPIC) == []
    put(tmp_path, [watch(1, 1)], partition=11)
    put(tmp_path, [watch(1, 1)], partition=2)
    for no_name_of_ours in ("02", "\u0663", "2 (copy)"):
        (tmp_path / TOPIC / "segments" / no_name_of_ours).mkdir()
    assert partitions_of(tmp_path, TOPIC) == [2, 11]


def test_a_damaged_segment_is_named_and_nothing_is_read_past_it(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(1, 1)], partition=1)
    path = file_of(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CorruptFile, match=r"00000000000000000000\.parquet: not a segment"):
        claim_partition(tmp_path, TOPIC, 0)
    assert claim_partition(tmp_path, TOPIC, 1).end == 1  # nothing else is harmed
    path.rename(tmp_path / "away")
    assert claim_partition(tmp_path, TOPIC, 0).end == 0  # its offsets are read again


@pytest.mark.parametrize(
    ("start", "topic", "partition"), [(1, TOPIC, 0), (0, "other", 0), (0, TOPIC, 1)]
)
def test_a_segment_of_another_place_is_refused(
    tmp_path: Path, start: int, topic: str, partition: int
) -> None:
    """A file that was copied or moved."""
    put(tmp_path, [watch(1, 1)])
    there = partition_at(tmp_path, topic, partition)
    (tmp_path / there.folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(file_of(tmp_path), tmp_path / there.name(start))
    with pytest.raises(CorruptFile, match="not a segment"):
        read_segment(there, start)


@pytest.mark.parametrize("end", [4, 5])
def test_a_segment_that_ends_where_it_starts_is_refused(tmp_path: Path, end: int) -> None:
    """It would be its own next one: a walk of the chain would never end."""
    there = partition_at(tmp_path, TOPIC, 0)
    facts = facts_of(there, 5, end, rows([]), gap=False)
    there.storage.put_new(there.name(5), lambda file: write_segment(file, facts, rows([])))
    with pytest.raises(CorruptFile, match=f"up to {end}"):
        read_segment(there, 5)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_a_flipped_bit_in_a_segment_never_reaches_a_day(tmp_path: Path, share: float) -> None:
    lines = [watch(1, minute, user=minute * 7919 % 1000) for minute in range(1440)]
    put(tmp_path, [*lines, watch(2, 30)])
    path = file_of(tmp_path)
    content = bytearray(path.read_bytes())
    pages = pq.read_metadata(path).row_group(0).column(4)  # the users'
    content[pages.data_page_offset + int(share * pages.total_compressed_size)] ^= 4
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match=r"0\.parquet: (damaged|not a segment)"):
        close(tmp_path, p0=1441)
    assert closed_days(tmp_path, TOPIC) == []
