"""The facts of a day, from a log of a few lines."""

import numpy as np
import pytest

from movierec.dataset.daily import Daily, Seen, scale_bins, scale_edges
from movierec.dataset.past import dailies
from movierec.dataset.scale import Events
from tests.inputs.viewings import aggregate_of

NAMES = ["2026-11-01", "2026-11-02", "2026-11-03"]
COUNTS = {
    "stored": 10, "watch": 6, "rating": 3, "request": 1, "account": 0,
    "rejected": 2, "rejected_ratings": 1, "reasons": {}, "late": 4, "duplicates": 5,
}  # fmt: skip


def days() -> list[Daily]:
    aggregates = [aggregate_of([], day) for day in range(3)]
    return dailies(NAMES, aggregates, [COUNTS] * 3, Events(1.0, 5.0))


def test_what_is_new_is_told_by_its_weight_for_each_way_to_look_back() -> None:
    seen = Seen.of(np.array([5, 2, 1, 1]), np.array([1, 7, 8, 99]))
    assert seen.new == [9, 4, 4, 4, 4, 4, 4, 2]
    assert (seen.ids, seen.new_share(0), seen.new_share(7)) == (4, 1, 2 / 9)
    assert seen.units == pytest.approx(81 / 31)


def test_faults_are_of_the_lines_that_could_have_them() -> None:
    day = days()[0]
    assert day.faults == {
        "reject_share": (2, 12),
        "bad_rating_share": (1, 4),
        "late_share": (4, 10),
        "duplicate_share": (5, 10),
    }
    assert [day.weekday for day in days()] == [6, 0, 1]
    assert day.users.new_share(1) is None and day.users.units == 0


@pytest.mark.parametrize("scale", [(1, 5, 1), (0.5, 5, 0.5), (0, 10, 1), (0, 100, 5), (-1, 1, 0.1)])
def test_each_step_of_a_scale_has_a_bin_of_its_own(scale: tuple[float, float, float]) -> None:
    low, high, step = scale
    steps = np.arange(round((high - low) / step)) * step + low
    at = np.searchsorted(scale_edges(Events(low, high)), steps.astype(np.float32), side="right")
    assert len(set(at.tolist())) == len(steps)
    off = np.array([low - step / 2, high, high + step / 2], np.float32)
    ends = np.searchsorted(scale_edges(Events(low, high)), off, side="right")
    assert ends.tolist() == [0, 20, 21]
    assert [scale_bins(Events(low, high))[k] for k in (0, 1, 21)] == ["below", f"{low:g}", "above"]
