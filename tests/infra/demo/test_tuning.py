"""A replay trains with the values that fit its file, and the validation part has no say in it."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.demo.tuning import SPARSE, sparse, tune
from movierec.dataset.datasetfile import save_dataset
from movierec.dataset.matrix import csr, rows_of
from movierec.files import write_text
from movierec.models import candidates
from movierec.models.training import load_train
from tests.inputs.ratings import PARAMS, dataset_of, random_ratings

SHIPPED = Path(__file__).parents[3] / "params.yaml"
OWN, FEW = "params.yaml's own", "those for few ratings each"


def workspace(folder: Path, train: Any, validation: Any = None) -> Path:
    save_dataset(folder / "data/dataset", dataset_of(train, validation, train), {})
    shutil.copy(SHIPPED, folder / "params.yaml")
    return folder


def noisy() -> Any:
    """A few ratings each, of which only how well movies are liked, and by whom, can be learnt."""
    train, random = random_ratings(2000, 300, 0.02), np.random.default_rng(1)
    liked, likes = random.normal(0, 1.0, train.shape[1]), random.normal(0, 0.7, train.shape[0])
    mean = 3 + liked[train.indices] + likes[rows_of(train)]
    train.data[:] = np.clip(np.round(mean + random.normal(0, 0.8, train.nnz)), 1, 5)
    return train


def plenty() -> Any:
    """Many ratings each, and factors behind them."""
    random = np.random.default_rng(2)
    taste = random.normal(1, 1, size=(300, 3)) @ random.normal(size=(3, 200))
    u, i = np.nonzero(random.uniform(size=taste.shape) < 0.5)
    return csr(u, i, np.clip(3 + taste[u, i], 1, 5), taste.shape)


def tuned(folder: Path, seconds: float = 0) -> tuple[list[Any], list[str]]:
    said: list[str] = []
    tune(folder, seconds, said.append)
    return [load_train(folder / "params.yaml", kind)[1] for kind in ("svd", "svdpp")], said


@pytest.mark.parametrize(("ratings", "whose"), [(noisy, FEW), (plenty, OWN)])
def test_the_values_that_fit_the_file_are_chosen(ratings: Any, whose: str, tmp_path: Path) -> None:
    found, said = tuned(workspace(tmp_path, ratings()))
    own: list[Any] = [load_train(SHIPPED, kind)[1] for kind in ("svd", "svdpp")]
    assert [line.split(":")[0] for line in said] == ["SVD", "SVD++"]
    assert all(f"of two sets of values, {whose} err least" in line for line in said)
    assert found == (own if whose == OWN else [sparse(hyper) for hyper in own])


def test_validation_ratings_have_no_say(tmp_path: Path) -> None:
    train = noisy()
    worse = train.copy()
    worse.data = 6 - worse.data
    u = rows_of(train)
    held = [csr(u, train.indices, data, train.shape) for data in (train.data, worse.data)]
    one, other = (
        tuned(workspace(tmp_path / str(number), train, validation))
        for number, validation in enumerate(held)
    )
    assert one == other


def test_the_rest_of_the_parameters_stays(tmp_path: Path) -> None:
    tuned(workspace(tmp_path, noisy()))
    assert load_train(tmp_path / "params.yaml", "svd")[0] == load_train(SHIPPED, "svd")[0]


def test_sparse_values_are_named_one_by_one_or_all_alike() -> None:
    start: Any = PARAMS["svdpp"](patience=5, members=2, lr_decay=0.01, init_mean=0.5)
    hyper: Any = sparse(start)
    assert (hyper.n_factors, hyper.n_epochs) == (SPARSE["n_factors"], SPARSE["n_epochs"])
    assert {hyper.lr_bu, hyper.lr_bi, hyper.lr_pu, hyper.lr_qi, hyper.lr_yj} == {SPARSE["lr"]}
    assert {hyper.reg_pu, hyper.reg_qi, hyper.reg_yj} == {SPARSE["reg"]}
    assert (hyper.reg_bu, hyper.reg_bi) == (SPARSE["reg_bu"], SPARSE["reg_bi"])
    kept = (hyper.lr_decay, hyper.patience, hyper.members, hyper.init_mean, hyper.seed)
    assert kept == (0.01, 5, 2, 0.5, 42)


def test_a_search_goes_on_from_the_better_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "FACTORS", (16, 32))
    monkeypatch.setattr("infra.demo.tuning.TRIALS", 2)
    found, said = tuned(workspace(tmp_path, noisy()), 1e9)
    assert any("SVD: searching for 1e+09 s: " in line for line in said)
    scores = [float(line.split(": ")[2].split()[0]) for line in said if "SVD++: searching" in line]
    assert scores == sorted(scores, reverse=True)
    assert len(found) == 2


def test_surprise_is_left_to_what_it_was_told(tmp_path: Path) -> None:
    folder = workspace(tmp_path, noisy())
    text = re.sub("engine: fast", "engine: surprise", SHIPPED.read_text())
    write_text(folder / "params.yaml", text)
    found, said = tuned(folder)
    assert said == []
    assert found == [load_train(SHIPPED, kind)[1] for kind in ("svd", "svdpp")]
