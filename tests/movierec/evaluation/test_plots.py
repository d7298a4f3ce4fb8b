"""The columns behind the plots."""

import numpy as np

from movierec.evaluation.plots import distribution_plot, step_of


def test_shares_of_ratings_are_those_of_a_count() -> None:
    actual = np.array([1.0, 5.0, 5.0, 3.0])
    plot = distribution_plot(actual, np.array([1.4, 4.5, 4.4, 2.6]), (1.0, 5.0))
    assert plot["rating"] == [1, 2, 3, 4, 5]
    assert plot["actual"] == [0.25, 0, 0.25, 0, 0.5]
    assert plot["predicted"] == [0.25, 0, 0.25, 0.25, 0.25]


def test_a_scale_of_half_stars_has_a_point_for_each() -> None:
    actual = np.array([0.5, 1.0, 3.5, 5.0])
    plot = distribution_plot(actual, np.array([0.7, 1.2, 3.3, 4.8]), (0.5, 5.0))
    assert plot["rating"] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
    assert plot["actual"] == [0.25, 0.25, 0, 0, 0, 0, 0.25, 0, 0, 0.25]
    assert plot["predicted"] == [0.25, 0.25, 0, 0, 0, 0, 0.25, 0, 0, 0.25]


def test_the_ratings_say_whether_half_a_point_is_one() -> None:
    def points(*actual: float, scale: tuple[float, float] = (0.0, 10.0)) -> list[float]:
        ratings = np.array(actual)
        found: list[float] = distribution_plot(ratings, ratings, scale)["rating"]
        return found

    assert points(1, 7) == list(range(11))
    assert points(1, 7.5) == [n / 2 for n in range(21)]
    assert points(1, scale=(0.5, 5.0)) == points(1.5, scale=(0.5, 5.0)) != points(1, scale=(1, 5))
    assert len(points(0, 1, scale=(0.0, 1.0))) == 5, "at least"


def test_points_are_counted_from_the_scales_lowest() -> None:
    assert step_of(np.array([1.25, 3.25]), (0.25, 4.25)) == 1
    assert step_of(np.array([1.0, 3.0]), (0.25, 4.25)) == 0.5
