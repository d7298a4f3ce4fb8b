"""A model whose files verify but do not belong together is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from movierec.dataset.matrix import Dataset, csr
from movierec.errors import CorruptFile
from movierec.models import svd
from movierec.models.modelfile import load_model, save_model
from tests.inputs.ratings import SCALE, random_ratings, svd_params


@pytest.mark.parametrize("name", ["user_bias", "movie_bias", "user_factors", "movie_factors"])
def test_arrays_of_different_models_are_refused(name: str, tmp_path: Path) -> None:
    train = random_ratings(8, 6, 0.5)
    none = csr(np.empty(0, int), np.empty(0, int), np.empty(0), train.shape)
    movies = np.array([f"m+{i}".encode() for i in range(6)])
    dataset = Dataset(np.arange(8), movies, train, none, none, SCALE, "hash")
    model = svd.fit(train, svd_params(n_factors=3, n_epochs=2), scale=SCALE)
    short = replace(model, **{name: getattr(model, name)[:-1]})
    save_model(tmp_path / "model", short, dataset, {})
    with pytest.raises(CorruptFile, match=rf"{name} has the shape"):
        load_model(tmp_path / "model")
