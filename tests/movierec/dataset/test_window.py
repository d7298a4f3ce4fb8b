"""Days are loaded whole or not at all, and joined under one vocabulary."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.dataset.aggregates import save_aggregate
from movierec.dataset.window import Window, load_days
from movierec.errors import BadInput
from movierec.times import SECOND
from tests.inputs.viewings import Viewing, aggregate_of, day_start

DAYS = ["2026-11-01", "2026-11-02"]
VIEWINGS = [
    Viewing(0, 5, 9, "b", rating=2),
    Viewing(0, 6, 3, "c", minute=4),
    Viewing(0, 7, 3, "c", minute=5),
    Viewing(1, 5, 9, "b", rating=4),
    Viewing(1, 6, 7, "a", rating=3),
    Viewing(1, 7, 3, "c", minute=4),
    Viewing(1, 8, 9, "b", minute=2),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, day in enumerate(DAYS):
        save_aggregate(tmp_path / day, aggregate_of(VIEWINGS, number), day, {"stored": number})
    return tmp_path


def test_room_is_made_for_the_files_of_all_days(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("movierec.dataset.window.make_room", asked.append)
    load_days(folder, DAYS)
    assert asked == [len([*folder.glob("*/*.npy")])]


def test_days_come_with_their_counts_in_the_order_of_the_window(folder: Path) -> None:
    aggregates, counts = load_days(folder, DAYS)
    assert counts == [{"stored": 0}, {"stored": 1}]
    assert [a.movies.tolist() for a in aggregates] == [[b"b", b"c"], [b"a", b"b", b"c"]]


def test_an_aggregate_beside_the_window_and_a_missing_one_are_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="holds 2026-11-02, not in the window"):
        load_days(folder, DAYS[:1])
    with pytest.raises(BadInput, match="2026-11-03"):
        load_days(folder, [*DAYS, "2026-11-03"])


@pytest.mark.parametrize("size", [1, 2, 9])
def test_blocks_hold_the_events_of_their_users_and_of_no_others(size: int) -> None:
    window = Window.of([aggregate_of(VIEWINGS, day) for day in (0, 1)])
    assert window.users.ids.tolist() == [3, 7, 9]
    assert window.movies.ids.tolist() == [b"a", b"b", b"c"]
    ratings, watches, ends = [], [], [0]
    for start, end, rated, watched in window.blocks(rows=1, cell=size):
        assert (start, end) == (ends[-1], min(start + size, 3))
        ends.append(end)
        columns = (rated.u + start, rated.i, rated.rating, rated.time)
        ratings += list(zip(*(c.tolist() for c in columns), strict=True))
        columns = (watched.u + start, watched.i, watched.minutes)
        watches += list(zip(*(c.tolist() for c in columns), strict=True))
    assert ends[-1] == 3
    at = [day_start(day) + second * SECOND for day, second in ((1, 6), (0, 5), (1, 5))]
    assert ratings == [(1, 0, 3.0, at[0]), (2, 1, 2.0, at[1]), (2, 1, 4.0, at[2])]
    assert watches == [(0, 2, 2), (0, 2, 1), (2, 1, 1)]


def test_the_times_of_ratings_are_those_of_each_days_last() -> None:
    again = [Viewing(0, 5, 9, "b", rating=2), Viewing(0, 8, 9, "b", rating=3), *VIEWINGS[1:]]
    window = Window.of([aggregate_of(again, day) for day in (0, 1)])
    times = np.concatenate(list(window.rating_times()))
    seconds = (np.sort(times) - day_start(0)) // SECOND
    assert seconds.tolist() == [8, 86_405, 86_406]


def test_a_block_holds_as_many_cells_as_it_has_room_for() -> None:
    window = Window.of([aggregate_of(VIEWINGS, day) for day in (0, 1)])  # rows by user: 2, 1, 2
    cut = [list(window.blocks(rows, cell=1)) for rows in (1, 3, 4, 5)]
    ends = [[end for _, end, _, _ in blocks] for blocks in cut]
    assert ends == [[1, 2, 3], [2, 3], [2, 3], [3]]


def test_ratings_are_in_the_order_of_time_whichever_day_they_came_with() -> None:
    """A late line of day 1 is older than one of day 0; of one moment, day 1's is the last."""
    early = aggregate_of([Viewing(0, 9, 3, "a", rating=2), Viewing(0, 8, 3, "b", rating=2)], 0)
    late = replace(
        aggregate_of([Viewing(1, 1, 3, "a", rating=4), Viewing(1, 2, 3, "b", rating=5)], 1),
        rated_at=np.array([early.rated_at[0] - SECOND, early.rated_at[1]]),
    )
    [(_, _, ratings, _)] = Window.of([early, late]).blocks()
    assert ratings.i.tolist() == [0, 0, 1, 1]
    assert ratings.rating.tolist() == [4, 2, 2, 5]
    [(_, _, ratings, _)] = Window.of([early, early, late]).blocks()
    assert ratings.rating.tolist() == [4, 2, 2, 2, 2, 5]


def test_pages_of_days_are_let_go_of_behind_a_block(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window.of(load_days(folder, DAYS)[0])
    released: list[NDArray[Any]] = []
    monkeypatch.setattr("movierec.dataset.window.release", released.extend)
    for _ in window.blocks(rows=1, cell=1):
        pass
    for day in window.days:
        for array in vars(day).values():
            assert sum(one is array for one in released) >= 3
