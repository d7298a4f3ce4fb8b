"""The chain: what counts, what does not, and where it begins."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import CorruptFile
from movierec.lines.rows import line_of
from movierec.store import chain
from movierec.store.chain import (
    last_line,
    move_base,
    read_base,
    read_chain,
    read_end,
    store_named,
)
from movierec.store.lineage import begin_lineage
from movierec.store.segments import Partition, Segment, partition_at, read_segment
from movierec.store.tail import claim_partition
from tests.movierec.store.filling import TOPIC, close, end_of, file_of, files, put, segments, watch


def test_a_file_off_the_chain_is_never_read(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(1, 2)])
    shutil.copy(file_of(tmp_path), file_of(tmp_path, 1))
    assert [segment.start for segment in segments(tmp_path)] == [0]


def test_a_chain_extends_by_what_was_written_since(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    known = read_chain(partition_at(tmp_path, TOPIC, 0))
    put(tmp_path, [watch(1, 2)], 1)
    put(tmp_path, [watch(1, 3)], 2)
    assert known.end == 1
    known.extend()
    assert known.end == 3
    assert known == read_chain(partition_at(tmp_path, TOPIC, 0))


def test_progress_survives_the_segments_that_closing_removes(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], 1)
    known = end_of(tmp_path)
    assert close(tmp_path, p0=2) == ["2026-11-01"]
    assert [segment.start for segment in segments(tmp_path)] == [1]
    assert end_of(tmp_path) == read_end(partition_at(tmp_path, TOPIC, 0), known) == 2
    assert read_end(partition_at(tmp_path, TOPIC, 0), 0) == 2


@pytest.mark.parametrize("read", [read_chain, read_end])
def test_segments_that_go_while_we_walk_are_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Partition], object]
) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], 1)
    partition, tries = partition_at(tmp_path, TOPIC, 0), list[object]()

    def closing_meanwhile(*a: Any) -> Segment | None:
        tries.append(a)
        if len(tries) == 1:
            monkeypatch.setattr(chain, "read_segment", read_segment)
            close(tmp_path, p0=2)
        return read_segment(*a)

    monkeypatch.setattr(chain, "read_segment", closing_meanwhile)
    assert read(partition) == read(partition)
    assert end_of(tmp_path) == 2


def test_the_highest_base_counts_and_what_lies_below_goes(tmp_path: Path) -> None:
    for number in range(4):
        put(tmp_path, [watch(1, number)], number)
    partition = partition_at(tmp_path, TOPIC, 0)
    assert move_base(partition, 2) == [Path(partition.name(n)).name for n in (0, 1)]
    assert read_base(partition) == 2
    move_base(partition, 1)  # a slower closer
    assert read_base(partition) == 2
    assert move_base(partition, 3) == ["00000000000000000002.base", Path(partition.name(2)).name]
    assert [segment.start for segment in segments(tmp_path)] == [3]


@pytest.mark.parametrize("left", range(4))
def test_whatever_a_dead_closer_left_below_the_base_is_believed_by_nobody(
    tmp_path: Path, left: int
) -> None:
    """What is removed at once goes in no order: any of it may be there still."""
    for number in range(4):
        put(tmp_path, [watch(1, number)], number)
    partition = partition_at(tmp_path, TOPIC, 0)
    move_base(partition, 1)
    before = files(tmp_path / partition.folder)
    gone = sorted(move_base(partition, 3))
    assert len(gone) == 3
    remains = gone[:left] + gone[left + 1 :]
    for name in remains:
        (tmp_path / partition.folder / name).write_bytes(before.get(name, b""))
    assert read_base(partition) == 3
    assert [segment.start for segment in segments(tmp_path)] == [3]
    assert sorted(move_base(partition, 3)) == remains


def test_a_damaged_base_is_named(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    partition = partition_at(tmp_path, TOPIC, 0)
    move_base(partition, 1)
    base = tmp_path / partition.folder / "00000000000000000001.base"
    for text in ("{}", "[", "7", '{"base": 2}'):
        base.write_text(text)
        with pytest.raises(CorruptFile, match=r"1\.base: not a base"):
            read_end(partition)


def test_a_base_of_before_it_said_so_is_read(tmp_path: Path) -> None:
    partition = partition_at(tmp_path, TOPIC, 0)
    (tmp_path / partition.folder).mkdir(parents=True)
    (tmp_path / partition.folder / "00000000000000000007.base").write_text('{"watermark": 5}')
    assert read_base(partition) == 7


def test_the_last_line_of_the_segments_behind_those_without_rows(tmp_path: Path) -> None:
    assert last_line(read_chain(partition_at(tmp_path, TOPIC, 0))) is None
    put(tmp_path, [watch(1, 1), watch(1, 2)])
    claim_partition(tmp_path, TOPIC, 0).write_gap(9)
    row = last_line(read_chain(partition_at(tmp_path, TOPIC, 0)))
    assert row is not None and (row["offset"], line_of(row)) == (1, watch(1, 2))


def test_a_store_is_named_by_its_first_segment_that_bears_a_name(tmp_path: Path) -> None:
    """When its lineage was lost: what is there must not become another store's."""
    assert store_named(tmp_path, TOPIC) is None
    put(tmp_path, [watch(1, 1)])
    lineage = begin_lineage(tmp_path, TOPIC, None)
    assert store_named(tmp_path, TOPIC) is None
    put(tmp_path, [watch(1, 1)], 1)
    claim_partition(tmp_path, TOPIC, 1).write_gap(9)
    for path in (tmp_path / TOPIC / "lineage").iterdir():
        path.unlink()
    assert store_named(tmp_path, TOPIC) == lineage.store
