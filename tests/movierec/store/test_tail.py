"""Writing at the tail: once, in order, and by one of two writers."""

import os
from pathlib import Path

import pytest

from movierec.errors import AlreadyWritten
from movierec.store.durable import Disk
from movierec.store.tail import claim_partition
from tests.movierec.store.filling import (
    TOPIC,
    close,
    end_of,
    file_of,
    put,
    rows,
    segments,
    stored,
    watch,
)


def test_segments_follow_each_other_and_say_where_to_go_on(tmp_path: Path) -> None:
    tail = claim_partition(tmp_path, TOPIC, 0)
    assert tail.end == 0
    first = tail.write(2, rows([watch(1, 1), b"junk"]))
    assert tail.end == 2
    tail.write(3, rows([watch(1, 2)], 2))
    assert claim_partition(tmp_path, TOPIC, 0).end == end_of(tmp_path) == 3
    assert stored(tmp_path) == [watch(1, 1), watch(1, 2)]
    assert (first.counts, first.bytes) == (
        {"watch": 1, "rejected": 1},
        file_of(tmp_path).stat().st_size,
    )


def test_of_two_owners_of_one_tail_the_second_is_refused(tmp_path: Path) -> None:
    """The link never replaces, and the loser leaves nothing."""
    sleeper, rival = (claim_partition(tmp_path, TOPIC, 0) for _ in range(2))
    rival.write(2, rows([watch(1, 1), watch(1, 2)]))
    content = file_of(tmp_path).read_bytes()
    with pytest.raises(AlreadyWritten, match="no longer ends at offset 0"):
        sleeper.write(1, rows([watch(1, 1)]))
    assert file_of(tmp_path).read_bytes() == content
    assert [path.name for path in file_of(tmp_path).parent.iterdir()] == [file_of(tmp_path).name]
    assert sleeper.end == 0


def test_a_sleeper_whose_day_was_closed_meanwhile_is_refused(tmp_path: Path) -> None:
    """Its name is free again, for the segments are gone: only the base tells."""
    sleeper = claim_partition(tmp_path, TOPIC, 0)
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], 1)
    assert close(tmp_path, p0=2) == ["2026-11-01"]
    assert not file_of(tmp_path).exists()
    with pytest.raises(AlreadyWritten):
        sleeper.write(1, rows([watch(1, 1)]))
    assert not file_of(tmp_path).exists()
    assert end_of(tmp_path) == 2


def test_an_owner_writes_on_after_its_day_was_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = claim_partition(tmp_path, TOPIC, 0)
    owner.write(1, rows([watch(1, 1)]))
    owner.write(2, rows([watch(2, 30)], 1))
    for end in (2, 3, 4):
        close(tmp_path, p0=end)
        owner.write(end + 1, rows([watch(end, 31)], end))
    assert end_of(tmp_path) == 5
    monkeypatch.setattr(Disk, "names", lambda *_, **__: pytest.fail("it looked already"))
    owner.write(6, rows([watch(5, 1)], 5))


def test_an_owner_whose_whole_chain_was_closed_writes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base is where it writes, not above; and who claims afterwards lists no folder."""
    owner = claim_partition(tmp_path, TOPIC, 1)
    owner.write(1, rows([watch(1, 1)]))
    put(tmp_path, [watch(2, 30)])
    assert close(tmp_path, p0=1, p1=1) == ["2026-11-01"]
    assert not file_of(tmp_path, 0, 1).exists()
    owner.write(2, rows([watch(2, 31)], 1))
    heir = claim_partition(tmp_path, TOPIC, 1)
    monkeypatch.setattr(Disk, "names", lambda *_, **__: pytest.fail("it knows what was done"))
    heir.write(3, rows([watch(2, 32)], 2))


def test_a_writer_that_lost_its_temporary_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail, link = claim_partition(tmp_path, TOPIC, 0), os.link

    def claimed_meanwhile(*names: Path) -> None:
        claim_partition(tmp_path, TOPIC, 0)
        link(*names)

    monkeypatch.setattr(os, "link", claimed_meanwhile)
    with pytest.raises(AlreadyWritten):
        tail.write(1, rows([watch(1, 1)]))
    assert list(file_of(tmp_path).parent.iterdir()) == []


@pytest.mark.parametrize(
    ("offsets", "end"),
    [
        ([5, 6, 7], 7),  # beyond the end
        ([3, 4], 7),  # before the start
        ([5, 5], 7),
        ([6, 5], 7),
        ([5, 8, 7, 9], 10),  # the first and last are fine
        ([5, 6, 6], 7),
    ],
)
def test_offsets_that_do_not_ascend_within_the_segment_are_refused(
    tmp_path: Path, offsets: list[int], end: int
) -> None:
    tail = claim_partition(tmp_path, TOPIC, 0)
    tail.write_gap(5)
    table = rows([watch(1, 1)] * len(offsets))
    with pytest.raises(ValueError, match="do not ascend within"):
        tail.write(end, table.set_column(0, table.schema.field(0), [offsets]))
    assert end_of(tmp_path) == tail.end == 5


def test_an_empty_range_and_another_schema_are_refused(tmp_path: Path) -> None:
    tail = claim_partition(tmp_path, TOPIC, 0)
    with pytest.raises(ValueError, match="must hold some offsets"):
        tail.write(0, rows([]))
    with pytest.raises(ValueError, match=r"expected rows\.ROWS"):
        tail.write(1, rows([watch(1, 1)]).select(["offset"]))


def test_a_segment_may_end_after_its_last_row_or_hold_none(tmp_path: Path) -> None:
    tail = claim_partition(tmp_path, TOPIC, 0)
    tail.write(9, rows([watch(1, 1)]))
    tail.write(20, rows([]))
    assert [(s.start, s.end, s.rows) for s in segments(tmp_path)] == [(0, 9, 1), (9, 20, 0)]


def test_a_write_looks_at_two_names_however_many_segments_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = claim_partition(tmp_path, TOPIC, 0)
    for number in range(30):
        tail.write(number + 1, rows([watch(1, 1)], number))
    asked: list[str] = []
    monkeypatch.setattr(Disk, "names", lambda *_, **__: pytest.fail("a write lists no folder"))
    opened = Disk.open

    def noted(disk: Disk, name: str) -> object:
        asked.append(name)
        return opened(disk, name)

    monkeypatch.setattr(Disk, "open", noted)
    tail.write(31, rows([watch(1, 1)], 30))
    assert asked == [f"{TOPIC}/closings/00000001.done"]
