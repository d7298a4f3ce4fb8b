"""The columns behind the plots."""

import numpy as np

from movierec.evaluation.plots import distribution_plot


def test_shares_of_ratings_are_those_of_a_count() -> None:
    actual = np.array([1.0, 5.0, 5.0, 3.0])
    plot = distribution_plot(actual, np.array([1.4, 4.5, 4.4, 2.6]), (1.0, 5.0))
    assert plot["rating"] == [1, 2, 3, 4, 5]
    assert plot["actual"] == [0.25, 0, 0.25, 0, 0.5]
    assert plot["predicted"] == [0.25, 0, 0.25, 0.25, 0.25]


def test_a_wide_scale_has_a_point_for_each_of_its_numbers() -> None:
    ratings = np.array([1.0, 7.0, 10.0, 10.0])
    plot = distribution_plot(ratings, ratings, (1.0, 10.0))
    assert plot["rating"] == list(range(1, 11))
    assert plot["actual"] == [0.25, 0, 0, 0, 0, 0, 0.25, 0, 0, 0.5]
