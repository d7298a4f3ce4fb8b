"""A model whose files verify but do not belong together is refused; a service loads it lightly."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movierec.arrays import read_folder, write_folder
from movierec.dataset.matrix import Watchers, csr, rows_of
from movierec.errors import BadInput, CorruptFile
from movierec.models.kernels import svdpp
from movierec.models.modelfile import HELD, UPTAKE, load_model
from movierec.models.saving import save_model
from movierec.models.svdpp import SVDppModel
from movierec.models.uptake import Uptake, UptakeModel
from movierec.models.uptaking import fit_uptake
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svdpp_params

USERS, MOVIES = 8, 6
TRAIN, WATCHED = random_ratings(USERS, MOVIES, 0.3), random_ratings(USERS, MOVIES, 0.3, seed=1)


@pytest.fixture(scope="module")
def model() -> SVDppModel:
    hyper = svdpp_params(n_factors=3, n_epochs=2, members=2)
    return svdpp.fit(TRAIN, hyper, watched=WATCHED, scale=SCALE)


WATCHERS = Watchers(
    np.array([2, 3000]), np.array([0, 1, 4]), np.array([5, 0, 2, 5], dtype=np.int32)
)
DATASET = dataset_of(TRAIN, watched=WATCHED, watchers=WATCHERS)
HYPER = Uptake(n_factors=4, n_epochs=2, unobserved=0.2, reg=0.3, floor=0.1, trend_days=0.0, seed=1)


@pytest.fixture(scope="module")
def uptake() -> UptakeModel:
    fitted = fit_uptake(DATASET, HYPER, "float32")
    assert fitted is not None
    return fitted


@pytest.fixture
def folder(model: SVDppModel, uptake: UptakeModel, tmp_path: Path) -> Path:
    save_model(tmp_path / "model", model, DATASET, {"engine": "fast"}, uptake)
    return tmp_path / "model"


def rewrite(folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Another writer's folder: `change(arrays, manifest)`, with sums that are right."""
    arrays, manifest = read_folder(folder)
    del manifest["files"]
    change(arrays, manifest)
    write_folder(folder, arrays, manifest)


def test_the_last_movie_may_be_one_that_nobody_took_up(model: SVDppModel, tmp_path: Path) -> None:
    some = TRAIN.indices < MOVIES - 1
    train = csr(rows_of(TRAIN)[some], TRAIN.indices[some], TRAIN.data[some], TRAIN.shape)
    save_model(tmp_path / "model", model, dataset_of(train), {"engine": "fast"})
    arrays, _ = read_folder(tmp_path / "model")
    assert sorted(arrays["popular"].tolist()) == list(range(MOVIES))
    assert arrays["popular"][-1] == MOVIES - 1


def test_the_manifest_says_what_the_model_is(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["format"] == "movierec-model/3"
    assert manifest["kind"] == "svdpp"
    assert manifest["hyperparameters"]["n_factors"] == 3
    assert manifest["scale"] == list(SCALE)
    assert manifest["watches"] is True
    assert manifest["data_hash"] == "hash"
    assert (manifest["n_users"], manifest["n_movies"]) == (USERS, MOVIES)
    assert manifest["facts"] == {"engine": "fast"}


def test_seen_is_rated_or_watched_and_popular_are_the_most_seen_first(folder: Path) -> None:
    loaded, taken_up = load_model(folder), (TRAIN.toarray() > 0) | (WATCHED.toarray() > 0)
    for u in range(USERS):
        assert loaded.seen_of(u).tolist() == np.flatnonzero(taken_up[u]).tolist()
    users = taken_up.sum(axis=0) + np.bincount(WATCHERS.indices, minlength=MOVIES)
    expected = np.argsort(-users, kind="stable")
    assert loaded.popular.tolist() == expected.tolist()


def test_watchers_are_known_by_what_they_watched(folder: Path) -> None:
    loaded = load_model(folder)
    assert loaded.watchers.tolist() == [2, 3000]
    assert [loaded.seen_by_watcher(n).tolist() for n in (0, 1)] == [[5], [0, 2, 5]]


def test_the_uptake_is_loaded_as_it_was_fitted(uptake: UptakeModel, folder: Path) -> None:
    loaded = load_model(folder).uptake
    assert loaded is not None
    assert loaded.hyper == HYPER
    for name, array in uptake.arrays().items():
        assert getattr(loaded, name).tobytes() == array.tobytes()
    assert load_model(folder).ranker().uptake is not None


def test_a_model_without_uptake_ranks_by_rating_and_has_the_same_files_else(
    model: SVDppModel, folder: Path, tmp_path: Path
) -> None:
    assert fit_uptake(DATASET, replace(HYPER, n_factors=0), "float32") is None
    save_model(tmp_path / "plain", model, DATASET, {"engine": "fast"})
    loaded = load_model(tmp_path / "plain")
    assert loaded.uptake is None
    assert (loaded.ranker().known(1).score == model.scores(1)).all()
    files = {path.name for path in folder.iterdir()}
    plain = {path.name for path in (tmp_path / "plain").iterdir()}
    assert files - plain == {f"{UPTAKE}{name}.npy" for name in UptakeModel.shapes()}
    for name in plain - {"manifest.json"}:
        assert (folder / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


ARRAYS = sorted(
    {f.name for f in SVDppModel.array_fields()}
    | {UPTAKE + name for name in UptakeModel.shapes()}
    | set(HELD) - {"users", "movies"}
)


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_different_models_are_refused(name: str, folder: Path) -> None:
    def shorten(arrays: dict[str, Any], manifest: dict[str, Any]) -> None:
        arrays[name] = arrays[name][:-1]

    rewrite(folder, shorten)
    with pytest.raises(CorruptFile, match=r"has the shape .*, not .*chmod -R u.w"):
        load_model(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_is_not_there_is_named(name: str, folder: Path) -> None:
    rewrite(folder, lambda arrays, manifest: arrays.pop(name))
    with pytest.raises(CorruptFile, match=rf"KeyError\('{name}'\)|no {name} beside members 2"):
        load_model(folder)


def test_biases_of_members_that_it_has_not_are_refused(folder: Path) -> None:
    rewrite(folder, lambda arrays, manifest: manifest["hyperparameters"].update(members=1))
    with pytest.raises(CorruptFile, match="a member_bias beside members 1"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "svdqq"}, "kind 'svdqq' is none of svd, svdpp"),
        ({"mean": "3"}, "mean must be float"),
        ({"watches": 1}, "watches must be bool"),
        ({"scale": [1.0]}, "ValueError"),
        ({"scale": [5.0, 1.0]}, r"scale from 5\.0 to 1\.0"),
        ({"scale": [True, 5.0]}, "scale must be float, got True"),
        ({"scale": [1.0, 10**400]}, "scale must be finite"),
        ({"data_hash": None}, "data_hash must be str, got None"),
        ({"hyperparameters": {}}, "hyperparameters: missing holdout_share"),
        ({"hyperparameters": None}, "hyperparameters: expected a mapping"),
        ({"uptake": {}}, "uptake: missing floor"),
        ({"uptake": {**asdict(HYPER), "n_factors": 5}}, "uptake_user has the shape"),
    ],
)
def test_a_manifest_of_another_writer_is_refused(
    change: dict[str, Any], message: str, folder: Path
) -> None:
    rewrite(folder, lambda arrays, manifest: manifest.update(change))
    with pytest.raises(CorruptFile, match=message):
        load_model(folder)


@pytest.mark.parametrize(
    "key", ["kind", "mean", "watches", "scale", "hyperparameters", "data_hash", "uptake"]
)
def test_an_entry_that_is_not_there_is_named(key: str, folder: Path) -> None:
    rewrite(folder, lambda arrays, manifest: manifest.pop(key))
    with pytest.raises(CorruptFile, match=rf"KeyError\('{key}'\) in its manifest"):
        load_model(folder)


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("popular", 0, MOVIES, f"popular names a movie beyond the {MOVIES}"),
        ("popular", 1, -1, "popular names a movie"),
        ("seen_indices", -1, MOVIES, "seen_indices names a movie"),
        ("seen_indices", 0, -1, "seen_indices names a movie"),
        ("watchers_indices", 1, MOVIES, "watchers_indices names a movie"),
        ("watchers_indptr", 1, 5, "watchers_indptr does not ascend from 0"),
        ("seen_indptr", 0, 1, "seen_indptr does not ascend from 0"),
        ("seen_indptr", 3, 1_000, "seen_indptr does not ascend from 0"),
    ],
)
def test_a_number_that_is_no_movie_is_found_before_somebody_asks(
    name: str, place: int, value: int, message: str, folder: Path
) -> None:
    def spoil(arrays: dict[str, Any], manifest: dict[str, Any]) -> None:
        arrays[name][place] = value

    rewrite(folder, spoil)
    with pytest.raises(CorruptFile, match=f"{message}.*chmod -R u.w"):
        load_model(folder)


@pytest.mark.parametrize("name", ["movie_bias", "user_factors", UPTAKE + "movie", UPTAKE + "trend"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_is_found_before_somebody_asks(
    name: str, value: float, folder: Path
) -> None:
    def spoil(arrays: dict[str, Any], _: dict[str, Any]) -> None:
        arrays[name] = np.array(arrays[name])
        arrays[name].flat[-1] = value

    rewrite(folder, spoil)
    with pytest.raises(CorruptFile, match=f"{name} holds what is no finite number.*chmod -R u.w"):
        load_model(folder)


@pytest.mark.parametrize("name", ["users", "movies", "watchers"])
@pytest.mark.parametrize("place", [[-1, 0], [0, 0]])
def test_ids_that_nobody_would_find_are_refused(name: str, place: list[int], folder: Path) -> None:
    def spoil(arrays: dict[str, Any], _: dict[str, Any]) -> None:
        arrays[name] = np.array(arrays[name])
        arrays[name][:2] = arrays[name][place]

    rewrite(folder, spoil)
    with pytest.raises(CorruptFile, match=f"{name} are not distinct and ascending.*chmod -R u.w"):
        load_model(folder)


@pytest.mark.parametrize("movie", [b"a,b", b'a"b', b"a\\b", b"a b", b"a\nb", b"a\xc3\xa4", b""])
def test_an_id_that_would_be_read_as_another_is_refused(movie: bytes, folder: Path) -> None:
    def spoil(arrays: dict[str, Any], _: dict[str, Any]) -> None:
        arrays["movies"] = np.array(arrays["movies"])
        arrays["movies"][0] = movie

    rewrite(folder, spoil)
    with pytest.raises(CorruptFile, match=r"movies holds b.* no movie id.*chmod -R u.w"):
        load_model(folder)


def test_a_movie_that_is_popular_twice_is_refused(folder: Path) -> None:
    def spoil(arrays: dict[str, Any], _: dict[str, Any]) -> None:
        arrays["popular"] = np.array(arrays["popular"])
        arrays["popular"][1] = arrays["popular"][0]

    rewrite(folder, spoil)
    with pytest.raises(CorruptFile, match=r"popular names a movie twice.*chmod -R u.w"):
        load_model(folder)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("users", "S9"),
        ("movies", "U40"),
        ("popular", "bool"),
        ("seen_indices", "float64"),
        ("watchers_indptr", "float64"),
        ("movie_bias", "int32"),
        (UPTAKE + "trend", "complex128"),
    ],
)
def test_arrays_of_another_type_are_refused(name: str, dtype: str, folder: Path) -> None:
    rewrite(folder, lambda arrays, _: arrays.update({name: arrays[name].astype(dtype)}))
    with pytest.raises(CorruptFile, match=rf"{name} has the type .*chmod -R u.w"):
        load_model(folder)


def test_another_format_is_no_model(folder: Path) -> None:
    rewrite(folder, lambda arrays, manifest: manifest.update(format="movierec-model/0"))
    with pytest.raises(BadInput, match="not a model of format movierec-model/3; run `dvc repro"):
        load_model(folder)


def test_what_is_written_again_is_the_same(model: SVDppModel, folder: Path, tmp_path: Path) -> None:
    found = load_model(folder)
    loaded = found.model
    save_model(tmp_path / "again", loaded, DATASET, {"engine": "fast"}, found.uptake)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert replace(loaded, **model.arrays()).entries() == model.entries()


HEAVY = ("numba", "llvmlite", "pyarrow", "surprise", "ruamel", "yaml", "tqdm")
PROGRAM = f"""
import sys
from pathlib import Path
from movierec.models.modelfile import load_model
import numpy as np
loaded = load_model(Path(sys.argv[1]))
ranker = loaded.ranker()
ranker.known(0)
ranker.folded_in(np.array([1]), np.array([5.0]), np.array([2]))
ranker.uptake.contributions(np.array([1, 2]), np.array([3]))
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_a_service_pays_for_no_compiler_and_no_training_library(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
