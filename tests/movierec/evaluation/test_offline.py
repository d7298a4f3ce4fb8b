"""Evaluation of a model that knows the answers, beside the baselines."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset, rows_of
from movierec.evaluation.baselines import judge_baselines
from movierec.evaluation.gate import Evidence
from movierec.evaluation.offline import Result, evaluate, share_interval
from movierec.evaluation.validation import MEASURES, Evaluate
from movierec.files import write_csv, write_json
from movierec.models.accuracy import rmse
from movierec.models.ranker import Ranker
from movierec.models.uptaking import fit_uptake
from tests.inputs.uptake import HYPER

PARAMS = Evaluate(k=5, ranked_users=1000, relevant_rating=4.0, bootstrap_samples=50, seed=1)
N_USERS, N_MOVIES = 40, 30


def make_dataset(seed: int = 2) -> Dataset:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, (N_USERS, N_MOVIES)).astype(np.float32)
    part = rng.choice(4, (N_USERS, N_MOVIES), p=[0.4, 0.2, 0.3, 0.1])
    part[:, 0] = 0
    train, validation = (sparse.csr_array(np.where(part == p, truth, 0)) for p in (0, 1))
    watched = sparse.csr_array((part == 3).astype(np.float32))
    movies = np.array([f"m{i:02d}" for i in range(N_MOVIES)], np.bytes_)
    return Dataset(np.arange(N_USERS), movies, train, validation, watched, (1.0, 5.0))


class Oracle:
    """Predicts the validation ratings with an error of `off`, and ranks them first."""

    def __init__(self, dataset: Dataset, off: float) -> None:
        self.truth, self.off = dataset.validation.toarray().astype(np.float64), off

    def predict(self, u: NDArray[Any], i: NDArray[Any]) -> NDArray[np.float64]:
        return np.clip(self.truth[u, i] + self.off, 1.0, 5.0)

    def scores(self, u: int) -> NDArray[np.float64]:
        return self.truth[u]

    scale = (0.0, 5.0)


def judge(off: float, params: Evaluate = PARAMS) -> tuple[Dataset, Result]:
    dataset = make_dataset()
    seen = (dataset.train.toarray() != 0) | (dataset.watched.toarray() != 0)
    return dataset, evaluate(
        Ranker(Oracle(dataset, off)), lambda u: np.flatnonzero(seen[u]), dataset, params
    )


def test_a_model_that_knows_the_answers_has_the_best_of_every_measure() -> None:
    dataset, result = judge(0.0)
    metrics = result.metrics
    assert list(metrics) == list(MEASURES)
    assert metrics["rmse"] == metrics["mae"] == 0.0
    assert metrics["ndcg"] == pytest.approx(1.0)
    liked = (dataset.validation.toarray() >= 4).sum(axis=1)
    best = np.mean([min(n, 5) / n for n in liked if n])
    assert metrics["recall"] == pytest.approx(best)
    assert result.report["ranked_users"] == (liked > 0).sum() < N_USERS
    for name in ("biases", "popularity"):
        assert judge_baselines(dataset, PARAMS)[name]["recall"] < best
    low, high = result.report["rmse_gain_interval"]["biases"]
    assert 0 < low < high


def test_the_report_judges_the_two_parts_of_the_order_by_themselves() -> None:
    """An oracle knows the answers; what else weighs spoils its order."""
    dataset = make_dataset()
    seen = (dataset.train.toarray() != 0) | (dataset.watched.toarray() != 0)
    taken = fit_uptake(dataset, HYPER, "float32")
    oracle = Oracle(dataset, 0.0)
    result = evaluate(Ranker(oracle, taken), lambda u: np.flatnonzero(seen[u]), dataset, PARAMS)
    lists = result.report["lists"]
    assert list(lists) == ["model", "rating_alone", "uptake_alone"]
    assert lists["rating_alone"]["ndcg"] == pytest.approx(1.0)
    assert lists["uptake_alone"]["ndcg"] < lists["model"]["ndcg"] < 1.0
    assert lists["model"] == {name: result.metrics[name] for name in lists["model"]}
    plain = evaluate(Ranker(oracle), lambda u: np.flatnonzero(seen[u]), dataset, PARAMS)
    assert list(plain.report["lists"]) == ["model"]


def test_the_report_advises_to_rank_by_rating_where_that_finds_more() -> None:
    """Here ratings know the answers but hardly differ, so that what else weighs decides."""

    class Narrow(Oracle):
        def scores(self, u: int) -> NDArray[np.float64]:
            return 2 + self.truth[u] / 100

    dataset = make_dataset()
    seen = (dataset.train.toarray() != 0) | (dataset.watched.toarray() != 0)
    taken = fit_uptake(dataset, HYPER, "float32")
    advised = [
        evaluate(ranker, lambda u: np.flatnonzero(seen[u]), dataset, PARAMS).report.get("advice")
        for ranker in (Ranker(Narrow(dataset, 0.0), taken), Ranker(Narrow(dataset, 0.0)))
    ]
    assert "train.uptake.n_factors: 0" in str(advised[0])
    assert advised[1] is None


def test_buckets_by_activity_and_popularity_hold_every_rating() -> None:
    dataset, result = judge(0.5)
    errors = Oracle(dataset, 0.5)
    u = rows_of(dataset.validation)
    i = dataset.validation.indices
    error = errors.predict(u, i) - dataset.validation.data
    for name, counts in {
        "by_user_activity": (dataset.train.toarray() != 0).sum(axis=1)[u],
        "by_movie_popularity": (dataset.train.toarray() != 0).sum(axis=0)[i],
    }.items():
        rows = result.report[name]
        assert sum(row["ratings"] for row in rows) == len(error)
        for row in rows:
            inside = (counts >= row["from"]) & (counts < 2 * row["from"])
            assert row["ratings"] == inside.sum()
            assert row["model"] == pytest.approx(rmse(error[inside]))
    assert result.activity["ratings"] == [r["ratings"] for r in result.report["by_user_activity"]]


def test_what_is_judged_takes_few_bytes_a_rating(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long window there are many, and memory holds the errors of three predictors, 24 bytes.
    In parts or whole, no byte differs."""
    rng = np.random.default_rng(3)
    some = rng.uniform(size=(2000, 100))
    truth = rng.integers(1, 6, some.shape).astype(np.float32)
    train, validation = (
        sparse.csr_array(np.where(chosen, truth, 0)) for chosen in (some < 0.1, some > 0.2)
    )
    nothing = sparse.csr_array(some.shape, dtype=np.float32)
    for matrix in (train, validation, nothing):
        matrix.indices, matrix.indptr = matrix.indices.astype("i4"), matrix.indptr.astype("i8")
    movies = np.array([f"m{i:03d}" for i in range(100)], np.bytes_)
    dataset = Dataset(np.arange(2000), movies, train, validation, nothing, (1.0, 5.0))

    class Middling:
        scale = (1.0, 5.0)

        def predict(self, u: NDArray[Any], i: NDArray[Any]) -> NDArray[np.float64]:
            return np.full(len(u), 3.3)

        def scores(self, u: int) -> NDArray[np.float64]:
            return np.arange(100.0)

    def judged() -> Result:
        params = replace(PARAMS, ranked_users=10)
        return evaluate(Ranker(Middling()), lambda u: np.empty(0, int), dataset, params)

    whole = judged()
    monkeypatch.setattr("movierec.dataset.sums.PART", 1 << 12)
    monkeypatch.setattr("movierec.dataset.matrix.ENTRIES", 1 << 12)
    tracemalloc.start()
    try:
        assert judged() == whole
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / validation.nnz < 50, "93 where each step has its copy"


def test_intervals_are_those_of_the_bootstrap_at_the_confidence_that_is_told() -> None:
    dataset, result = judge(0.5, replace(PARAMS, bootstrap_samples=400))
    assert result.report["confidence"] == 0.95
    low, high = result.report["rmse_interval"]
    assert low < result.metrics["rmse"] < high
    gains = result.report["rmse_gain_interval"]
    assert list(gains) == ["biases", "global_mean"]
    baselines = judge_baselines(dataset, PARAMS)
    for name, (low, high) in gains.items():
        assert low < baselines[name]["rmse"] - result.metrics["rmse"] < high
    assert result.report["validation_ratings"] == dataset.validation.nnz
    assert result.report["validation_users"] == (np.diff(dataset.validation.indptr) > 0).sum()


def test_a_worse_model_has_an_interval_of_gain_below_zero() -> None:
    _, result = judge(-4.0)
    _, high = result.report["rmse_gain_interval"]["biases"]
    assert high < 0


def test_movies_seen_before_are_neither_listed_nor_wanted() -> None:
    dataset = make_dataset()
    both = dataset.validation.toarray() + dataset.train.toarray()
    leaky = Dataset(**{**vars(dataset), "validation": sparse.csr_array(both)})
    result = evaluate(
        Ranker(Oracle(dataset, 0)), lambda u: dataset.train[[u]].indices, leaky, PARAMS
    )
    assert result.metrics["ndcg"] == pytest.approx(1.0)


def test_the_share_of_the_gain_is_the_one_that_the_gate_goes_by() -> None:
    """Of the biases' RMSE; half of their error is a gain of one half."""
    dataset, result = judge(0.0)
    assert result.report["rmse_gain_share_interval"] == (1.0, 1.0)
    evidence = Evidence.of(json.loads(json.dumps(result.report)), "svd.json")
    assert evidence.gain_interval == (1.0, 1.0)
    assert evidence.validation_ratings == dataset.validation.nnz
    assert evidence.rating_values == 5
    biases = np.array([0.5, 1.0, 2.0])
    assert share_interval(biases / 2, biases) == (0.5, 0.5)
    assert share_interval(biases, np.array([0.0, 1.0, 2.0])) is None


def test_an_empty_validation_part_measures_nothing_and_is_well_formed(tmp_path: Path) -> None:
    dataset = make_dataset()
    none = sparse.csr_array((N_USERS, N_MOVIES), dtype=np.float32)
    empty = Dataset(**{**vars(dataset), "validation": none})
    result = evaluate(Ranker(Oracle(empty, 0)), lambda u: np.empty(0, int), empty, PARAMS)
    assert result.metrics == {"coverage": 0.0}
    assert result.report["validation_ratings"] == result.report["validation_users"] == 0
    assert result.report["rmse_gain_share_interval"] is None
    write_json(tmp_path / "r.json", result.report)
    write_csv(tmp_path / "a.csv", result.activity)
    write_csv(tmp_path / "d.csv", result.distribution)
    assert (tmp_path / "a.csv").read_text() == "user_ratings,rmse,ratings\n"
    assert (tmp_path / "d.csv").read_text() == "rating,actual,predicted\n"
    assert judge_baselines(empty, PARAMS) == {
        "biases": {"coverage": 0.0},
        "popularity": {"coverage": 0.0},
        "global_mean": {},
    }


@pytest.mark.parametrize("users, movies", [(1, 5), (5, 1), (1, 1)])
def test_one_user_or_one_movie_is_measured_as_far_as_it_goes(users: int, movies: int) -> None:
    """No list is left where everybody has seen the only movie: then there is no lift."""
    ratings = sparse.csr_array(np.full((users, movies), 4, np.float32))
    names = np.array([f"m{i}" for i in range(movies)], np.bytes_)
    nothing = sparse.csr_array((users, movies), dtype=np.float32)
    dataset = Dataset(np.arange(users), names, ratings, ratings, nothing, (1.0, 5.0))
    result = evaluate(Ranker(Oracle(dataset, 0)), lambda u: np.arange(movies), dataset, PARAMS)
    assert result.metrics == {"rmse": 0.0, "mae": 0.0, "coverage": 0.0}
    assert result.report["rating_values"] == 1
    assert result.report["ranked_users"] == 0
    assert judge_baselines(dataset, PARAMS)["biases"]["rmse"] == 0.0
