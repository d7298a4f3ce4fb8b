"""What every kind of model promises: those of the registry, and a third one."""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from movierec.dataset.matrix import csr
from movierec.errors import BadInput, CorruptFile
from movierec.fields import checked
from movierec.models.kinds import KINDS
from movierec.models.model import Epoch, Model
from movierec.models.modelfile import HELD, load_model
from movierec.models.saving import save_model
from tests.inputs.models import ITEM_MEAN
from tests.inputs.ratings import SCALE, dataset_of, no_ratings, random_ratings

USERS, MOVIES = 30, 20
PARAMS = Path(__file__).parents[2] / "params.yaml"
QUICK = {"n_factors": 6, "n_epochs": 5, "holdout_share": 0.0}
U, I = np.repeat(np.arange(USERS), MOVIES), np.tile(np.arange(MOVIES), USERS)  # noqa: E741

all_kinds = pytest.mark.parametrize("kind", [*KINDS, "itemmean"])


@pytest.fixture(scope="module", autouse=True)
def third() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "itemmean", ITEM_MEAN)
        yield


def hyper_of(kind: str) -> Any:
    """What params.yaml says to a kind, but quick."""
    shipped = yaml.safe_load(PARAMS.read_text())["train"] | {"itemmean": {"shrinkage": 2.0}}
    known = {f.name for f in fields(KINDS[kind].hyper)}
    values = shipped[kind] | {name: value for name, value in QUICK.items() if name in known}
    return checked(KINDS[kind].hyper, values, kind)


def fit(kind: str, train: sparse.csr_array, engine: str = "fast", **options: Any) -> Model:
    by = KINDS[kind].fit if engine == "fast" else KINDS[kind].by_surprise
    assert by is not None
    return by(train, hyper_of(kind), scale=SCALE, **options)


@pytest.fixture(
    params=[
        (kind, engine, dtype)
        for kind in [*KINDS, "itemmean"]
        for engine in ("fast", "surprise")
        for dtype in ("float32", "float64")
        if engine == "fast" or {**KINDS, "itemmean": ITEM_MEAN}[kind].by_surprise
    ],
    ids="-".join,
)
def model(request: pytest.FixtureRequest) -> Model:
    kind, engine, dtype = request.param
    return fit(kind, random_ratings(USERS, MOVIES, 0.3), engine, dtype=dtype)


# Answers


def test_predictions_lie_on_the_scale(model: Model) -> None:
    predicted = model.predict(U, I)
    assert predicted.dtype == np.float64
    assert predicted.shape == U.shape
    assert (predicted >= SCALE[0]).all()
    assert (predicted <= SCALE[1]).all()


def test_scores_rank_as_predictions_do(model: Model) -> None:
    for u in (0, USERS - 1):
        scores = model.scores(u)
        assert scores.shape == (MOVIES,)
        predicted = model.predict(np.full(MOVIES, u), np.arange(MOVIES))
        assert np.allclose(np.clip(scores, *SCALE), predicted, atol=1e-5)


def test_a_user_without_a_row_gets_scores_with_or_without_a_history(model: Model) -> None:
    none = np.empty(0, np.int64)
    items = np.array([1, 4, 7])
    for history in (
        (none, np.empty(0), none),
        (items, np.full(3, 5.0), items),
        (none, np.empty(0), items),
    ):
        scores = model.scores_for(*history)
        assert scores.shape == (MOVIES,)
        assert np.isfinite(scores).all()
        assert (scores == model.scores_for(*history)).all()


@all_kinds
def test_what_movies_add_by_being_taken_up_is_what_ratings_gain(kind: str) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    for model in (fit(kind, train), fit(kind, train, watched=train)):
        none, watched, items = np.empty(0, np.int64), np.array([8, 3]), np.array([0, 5, 8])
        found = model.implicit_parts(items, none, watched)
        N, parts = found or (none, np.zeros((len(items), 0)))
        assert parts.shape == (len(items), len(N))
        assert N.tolist() in ([], [3, 8])
        told = (none, none, watched), (none, none, none)
        gained = np.subtract(*(model.scores_for(*history)[items] for history in told))
        assert parts.sum(axis=1) == pytest.approx(gained, abs=1e-12)


# Files


def test_a_model_is_what_its_registry_entry_says(model: Model) -> None:
    kind = KINDS[model.kind]
    assert type(model) is kind.model
    assert type(model.hyper) is kind.hyper
    assert model.scale == SCALE
    assert not set(model.arrays()) & set(HELD)
    json.dumps(model.entries(), allow_nan=False)


@all_kinds
def test_a_model_survives_its_file(kind: str, tmp_path: Path) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    dataset, model = dataset_of(train), fit(kind, train, watched=train)
    save_model(tmp_path / "model", model, dataset, {})
    loaded = load_model(tmp_path / "model")
    assert (loaded.model.kind, loaded.model.hyper, loaded.model.scale) == (
        kind, hyper_of(kind), SCALE,
    )  # fmt: skip
    assert loaded.model.entries() == model.entries()
    assert (loaded.model.predict(U, I) == model.predict(U, I)).all()
    items, ratings = np.array([1, 3]), np.array([5.0, 2.0])
    history = items, ratings, np.array([4])
    assert (loaded.model.scores_for(*history) == model.scores_for(*history)).all()
    assert loaded.data_hash == dataset.data_hash
    for user in range(USERS):
        row = slice(train.indptr[user], train.indptr[user + 1])
        assert loaded.seen_of(user).tolist() == train.indices[row].tolist()
    save_model(tmp_path / "again", model, dataset, {})
    for path in (tmp_path / "model").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@all_kinds
def test_every_damaged_file_of_a_model_is_found(kind: str, tmp_path: Path) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    save_model(tmp_path / "model", fit(kind, train), dataset_of(train), {})
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


# Fitting


@all_kinds
def test_fitting_twice_gives_the_same_bytes(kind: str) -> None:
    train = random_ratings(USERS, MOVIES, 0.3)
    one, other = fit(kind, train).arrays(), fit(kind, train).arrays()
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


@all_kinds
def test_a_fit_tells_of_its_epochs_and_ends_when_told(kind: str) -> None:
    train, epochs = random_ratings(USERS, MOVIES, 0.3), list[Epoch]()
    model = fit(kind, train, on_epoch=epochs.append)
    assert [epoch.number for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert len(epochs) == getattr(model.hyper, "n_epochs", 1)
    assert all(0 < epoch.rmse < 4 for epoch in epochs)
    assert (epochs[-1].model().predict(U, I) == model.predict(U, I)).all()
    epochs.clear()

    def end(epoch: Epoch) -> bool:
        epochs.append(epoch)
        return True

    fit(kind, train, on_epoch=end)
    assert len(epochs) == 1


@all_kinds
@pytest.mark.parametrize("shape", [(1, 1), (1, 12), (12, 1)])
def test_one_user_or_one_movie_is_enough(kind: str, shape: tuple[int, int]) -> None:
    model = fit(kind, random_ratings(*shape, 1.0))
    assert np.isfinite(model.scores(0)).all()


@all_kinds
@given(rating=st.sampled_from([1.0, 2.5, 5.0]), users=st.integers(1, 8), movies=st.integers(1, 8))
@settings(max_examples=20)
def test_constant_ratings_are_predicted_as_they_are(
    kind: str, rating: float, users: int, movies: int
) -> None:
    u, i = np.repeat(np.arange(users), movies), np.tile(np.arange(movies), users)
    train = csr(u, i, np.full(users * movies, rating), (users, movies))
    assert np.abs(fit(kind, train).predict(u, i) - rating).max() < 0.1


@all_kinds
def test_nobody_and_nothing_rated_are_predicted_all_the_same(kind: str) -> None:
    ratings = random_ratings(10, 8, 0.5)
    indptr = np.concatenate([[0], ratings.indptr])  # a user before the others rated nothing
    train = sparse.csr_array((ratings.data, ratings.indices, indptr), shape=(11, 9))
    model = fit(kind, train)
    assert model.predict(np.array([0]), np.array([8]))[0] == pytest.approx(train.data.mean())


@all_kinds
def test_nothing_to_train_on_is_refused(kind: str) -> None:
    with pytest.raises(BadInput, match="no ratings to train on"):
        fit(kind, no_ratings(3, 3))
    bad = random_ratings(4, 4, 0.9)
    bad.data[2] = np.nan
    with pytest.raises(BadInput, match="not a finite number"):
        fit(kind, bad)
