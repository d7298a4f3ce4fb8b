"""What the stage makes of its parameters."""

from typing import Any

import numpy as np
import pytest

import train
from movierec.dataset.matrix import Dataset
from movierec.errors import BadParams
from movierec.params import Train
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params


def fitted(kind: str, **changes: Any) -> Any:
    ratings, watched = random_ratings(8, 6, 0.5), random_ratings(8, 6, 0.5, seed=1)
    movies = np.array([b"movie-%d" % i for i in range(6)])
    data = Dataset(np.arange(8), movies, ratings, ratings, watched, SCALE)
    return train.fit(kind, data, Train(svd_params(), svdpp_params(), dtype="float64", **changes))[0]


def test_surprise_knows_no_watches_and_says_so() -> None:
    with pytest.raises(BadParams, match="engine surprise knows rated movies only; set implicit"):
        fitted("svdpp", engine="surprise", implicit="watched")


@pytest.mark.parametrize("kind", ["svd", "svdpp"])
def test_both_engines_fit_the_same_model(kind: str) -> None:
    one, other = (fitted(kind, engine=e, implicit="rated") for e in ("fast", "surprise"))
    for name, array in one.arrays().items():
        np.testing.assert_allclose(array, other.arrays()[name], atol=1e-9)


def test_watches_change_what_svdpp_learns() -> None:
    one, other = (fitted("svdpp", engine="fast", implicit=i) for i in ("rated", "watched"))
    assert (one.watches, other.watches) == (False, True)
    assert np.abs(one.user_factors - other.user_factors).max() > 1e-6
