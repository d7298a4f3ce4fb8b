"""Decisions: one for each number, and whoever asks gets the same."""

from pathlib import Path

import pytest

from movierec.errors import CorruptFile
from movierec.store.decisions import (
    BEFORE_ALL,
    Closing,
    announce,
    done_time,
    is_done,
    last_closing,
    last_done,
    mark_done,
    read_closing,
)
from movierec.store.durable import Disk
from movierec.store.placing import Cut
from tests.movierec.store.filling import TOPIC


def test_the_first_decision_of_a_number_counts(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    assert last_closing(disk, TOPIC) == BEFORE_ALL == read_closing(disk, TOPIC, 0)
    mine, theirs = Closing(1, 20_000, {0: 5, 11: 7}), Closing(1, 20_000, {0: 6})
    assert announce(disk, TOPIC, mine) == mine
    assert announce(disk, TOPIC, theirs) == mine == last_closing(disk, TOPIC)
    assert (mine.cut(11), mine.cut(4)) == (Cut(20_000, 7), Cut(20_000, 0))
    second = announce(disk, TOPIC, Closing(2, 20_001, {0: 9}))
    assert last_closing(disk, TOPIC) == second


def test_a_decision_is_done_once_it_is_marked(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    announce(disk, TOPIC, Closing(1, 20_000, {}))
    assert (last_done(disk, TOPIC), is_done(disk, TOPIC, 1)) == (0, False)
    mark_done(disk, TOPIC, 1, 5)
    mark_done(disk, TOPIC, 1, 7)  # another closer
    assert (last_done(disk, TOPIC), is_done(disk, TOPIC, 1)) == (1, True)
    assert (done_time(disk, TOPIC, 1), done_time(disk, TOPIC, 2)) == (5, None)


def test_a_mark_without_its_time_is_one_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / TOPIC / "closings/00000001.done"
    path.parent.mkdir(parents=True)
    path.with_suffix(".json").write_text('{"day": "2026-11-01", "cuts": {}}')
    path.touch()  # as they once were
    assert (last_done(Disk(tmp_path), TOPIC), done_time(Disk(tmp_path), TOPIC, 1)) == (1, None)
    path.write_text("[]")
    with pytest.raises(CorruptFile, match=r"00000001\.done: not the mark"):
        done_time(Disk(tmp_path), TOPIC, 1)


@pytest.mark.parametrize("text", ["{", "[]", '{"day": "2026-11-01"}', '{"day": 3, "cuts": {}}'])
def test_a_damaged_decision_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / TOPIC / "closings").mkdir(parents=True)
    (tmp_path / TOPIC / "closings/00000001.json").write_text(text)
    with pytest.raises(CorruptFile, match=r"00000001\.json: not a closing"):
        last_closing(Disk(tmp_path), TOPIC)
