"""What every model promises, whatever its kind, dtype and engine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from movierec.dataset.matrix import Dataset, csr, load_dataset, save_dataset
from movierec.errors import BadInput, CorruptFile, LimitExceeded
from movierec.models import by_surprise as reference
from movierec.models import svd, svdpp
from movierec.models.model import Factors
from movierec.models.modelfile import load_model, save_model
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params

USERS, MOVIES = 30, 20
KINDS = ["svd", "svdpp"]
FIT: dict[str, Any] = {"svd": svd.fit, "svdpp": svdpp.fit}
PARAMS = {"svd": svd_params, "svdpp": svdpp_params}


def fit(kind: str, train: sparse.csr_array, dtype: str = "float32", **changes: Any) -> Factors:
    hyper: Any = PARAMS[kind](**{"n_factors": 6, "n_epochs": 5, **changes})
    model: Factors = FIT[kind](train, hyper, scale=SCALE, dtype=dtype)
    return model


def fit_by(engine: str, kind: str, train: sparse.csr_array, dtype: str) -> Factors:
    if engine == "fast":
        return fit(kind, train, dtype)
    hyper: Any = PARAMS[kind](n_factors=6, n_epochs=5)
    return {"svd": reference.fit_svd, "svdpp": reference.fit_svdpp}[kind](
        train, hyper, SCALE, dtype
    )


@pytest.fixture(
    params=[(e, k, d) for e in ("fast", "surprise") for k in KINDS for d in ("float32", "float64")],
    ids="-".join,
)
def model(request: pytest.FixtureRequest) -> Factors:
    engine, kind, dtype = request.param
    return fit_by(engine, kind, random_ratings(USERS, MOVIES, 0.3), dtype)


def test_predictions_lie_on_the_scale(model: Factors) -> None:
    u, i = np.repeat(np.arange(USERS), MOVIES), np.tile(np.arange(MOVIES), USERS)
    predicted = model.predict(u, i)
    assert predicted.dtype == np.float64
    assert predicted.shape == u.shape
    assert (predicted >= SCALE[0]).all()
    assert (predicted <= SCALE[1]).all()


def test_scores_rank_as_predictions_do(model: Factors) -> None:
    for u in (0, USERS - 1):
        scores = model.scores(u)
        assert scores.shape == (MOVIES,)
        predicted = model.predict(np.full(MOVIES, u), np.arange(MOVIES))
        assert np.allclose(np.clip(scores, *SCALE), predicted, atol=1e-5)


def test_a_user_without_a_row_is_folded_in(model: Factors) -> None:
    none = np.empty(0, np.int64)
    nobody = model.scores_for(none, np.empty(0), none)
    assert np.isfinite(nobody).all()
    assert nobody.shape == (MOVIES,)
    items = np.array([1, 4, 7])
    glad = model.scores_for(items, np.full(3, 5.0), items)
    sad = model.scores_for(items, np.full(3, 1.0), items)
    assert (glad > nobody).all()  # so few epochs move little but the bias
    assert (sad < nobody).all()


def test_a_folded_in_user_ranks_as_the_fitted_one() -> None:
    """Known users, given their own ratings again as strangers, get nearly their own order."""
    train = random_ratings(200, 60, 0.4, seed=3)
    for kind in KINDS:
        model = fit(kind, train, n_epochs=40, n_factors=4)
        agreement = []
        for u in range(0, 200, 10):
            row = slice(train.indptr[u], train.indptr[u + 1])
            items, ratings = train.indices[row], train.data[row]
            folded = model.scores_for(items, ratings, items)
            agreement.append(np.corrcoef(folded, model.scores(u))[0, 1])
        assert np.mean(agreement) > 0.9, kind


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_twice_gives_the_same_bytes(kind: str) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    one, other = fit(kind, train).arrays(), fit(kind, train).arrays()
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_survives_its_file(kind: str, tmp_path: Path) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    dataset = dataset_of(train, tmp_path)
    model = fit(kind, train)
    save_model(tmp_path / "model", model, dataset, {})
    loaded = load_model(tmp_path / "model")
    u, i = np.repeat(np.arange(USERS), MOVIES), np.tile(np.arange(MOVIES), USERS)
    assert (loaded.model.predict(u, i) == model.predict(u, i)).all()
    assert loaded.data_hash == dataset.data_hash
    assert loaded.model.kind == kind
    for user in range(USERS):
        row = slice(train.indptr[user], train.indptr[user + 1])
        assert loaded.seen_of(user).tolist() == train.indices[row].tolist()
    save_model(tmp_path / "again", model, dataset, {})
    for path in (tmp_path / "model").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_every_damaged_file_of_a_model_is_found(kind: str, tmp_path: Path) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    save_model(tmp_path / "model", fit(kind, train), dataset_of(train, tmp_path), {})
    for path in sorted((tmp_path / "model").glob("*.npy")):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(CorruptFile, match=path.stem):
            load_model(tmp_path / "model")
        path.write_bytes(whole)
    load_model(tmp_path / "model")
    (tmp_path / "model/manifest.json").unlink()
    with pytest.raises(BadInput, match="run `dvc repro`"):
        load_model(tmp_path / "model")


def dataset_of(train: sparse.csr_array, folder: Path) -> Dataset:
    empty = csr(np.empty(0, int), np.empty(0, int), np.empty(0), train.shape)
    movies = np.array([f"movie+{i:03d}".encode() for i in range(train.shape[1])])
    dataset = Dataset(np.arange(train.shape[0]), movies, train, empty, empty, SCALE)
    save_dataset(folder / "dataset", dataset, {})
    return load_dataset(folder / "dataset")


# Shapes at the edge


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 12), (12, 1)])
def test_one_user_or_one_movie_is_enough(kind: str, shape: tuple[int, int]) -> None:
    model = fit(kind, random_ratings(*shape, 1.0))
    assert np.isfinite(model.scores(0)).all()


@pytest.mark.parametrize("kind", KINDS)
@given(rating=st.sampled_from([1.0, 2.5, 5.0]), users=st.integers(1, 8), movies=st.integers(1, 8))
@settings(max_examples=20)
def test_constant_ratings_are_predicted_as_they_are(
    kind: str, rating: float, users: int, movies: int
) -> None:
    u, i = np.repeat(np.arange(users), movies), np.tile(np.arange(movies), users)
    train = csr(u, i, np.full(users * movies, rating), (users, movies))
    model = fit(kind, train, n_epochs=20)
    assert np.abs(model.predict(u, i) - rating).max() < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_users_and_movies_without_ratings_have_no_factors(kind: str) -> None:
    ratings = random_ratings(10, 8, 0.5)
    indptr = np.concatenate([[0], ratings.indptr])  # a user before the others rated nothing
    train = sparse.csr_array((ratings.data, ratings.indices, indptr), shape=(11, 9))
    model = fit(kind, train)
    assert not model.user_factors[0].any()
    assert model.user_bias[0] == 0
    assert not model.movie_factors[:, 8].any()
    assert model.predict(np.array([0]), np.array([8]))[0] == pytest.approx(model.mean)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 100))
@settings(max_examples=10)
def test_movies_renamed_change_only_their_names(kind: str, seed: int) -> None:
    """With no initial factors nothing but the order of users and ratings counts."""
    train = random_ratings(12, 9, 0.4, seed=seed)
    order = np.random.default_rng(seed).permutation(9).astype(np.int32)
    renamed = train.copy()
    renamed.indices = order[train.indices]
    changes = {"init_std_dev": 0.0, "n_epochs": 8}
    one = fit(kind, train, "float64", **changes)
    other = fit(kind, renamed, "float64", **changes)
    for u in range(12):
        assert np.allclose(one.scores(u), other.scores(u)[order], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_train_on_is_refused(kind: str) -> None:
    empty = csr(np.empty(0, int), np.empty(0, int), np.empty(0), (3, 3))
    with pytest.raises(BadInput, match="no ratings to train on"):
        fit(kind, empty)
    bad = random_ratings(4, 4, 0.9)
    bad.data[2] = np.nan
    with pytest.raises(BadInput, match="not a finite number"):
        fit(kind, bad)


@pytest.mark.parametrize("kind", KINDS)
def test_training_that_diverges_names_epoch_model_and_rates(kind: str) -> None:
    with pytest.raises(
        LimitExceeded, match=rf"{kind}: training diverged in epoch \d+ of 50.*lr_pu"
    ):
        fit(kind, random_ratings(30, 20, 0.5), lr_pu=5.0, lr_qi=5.0, n_epochs=50)
