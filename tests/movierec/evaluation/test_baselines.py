"""The baselines: biases by least squares, popularity by users."""

import numpy as np
import pytest
import surprise
from scipy import sparse

from movierec.dataset.matrix import Dataset, contains
from movierec.evaluation import baselines
from movierec.evaluation.baselines import Biases, judge_baselines
from movierec.evaluation.validation import MEASURES, Evaluate
from movierec.models.accuracy import mae, rmse


def ratings(seed: int = 1) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    some = rng.uniform(size=(30, 20)) < 0.4
    some[:, 0] = some[0, :] = True
    return sparse.csr_array(np.where(some, rng.integers(1, 6, some.shape), 0).astype(np.float32))


def test_biases_are_those_of_surprise() -> None:
    train = ratings()
    coo = train.tocoo()
    frame = [
        (str(u), str(i), float(r), None) for u, i, r in zip(coo.row, coo.col, coo.data, strict=True)
    ]
    data = surprise.Dataset(surprise.Reader(rating_scale=(1, 5)))
    data.raw_ratings = frame
    full = data.construct_trainset(frame)
    peer = surprise.BaselineOnly(verbose=False).fit(full)
    ours = Biases.fit(train, (1.0, 5.0))
    pairs = [(u, i) for u in range(train.shape[0]) for i in range(train.shape[1])]
    wanted = [peer.predict(str(u), str(i)).est for u, i in pairs]
    # Not closer: our residuals are float32, as the ratings are.
    assert ours.predict(*np.array(pairs).T) == pytest.approx(wanted, abs=1e-6)


def test_ratings_that_are_summed_in_parts_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Biases.fit(ratings(), (1.0, 5.0))
    monkeypatch.setattr(baselines, "PART", 7)
    parts = Biases.fit(ratings(), (1.0, 5.0))
    assert parts.b_u.tobytes() == whole.b_u.tobytes()
    assert parts.b_i.tobytes() == whole.b_i.tobytes()


def test_whom_and_what_nobody_rated_has_no_bias() -> None:
    train = ratings().toarray()
    train[:, -1] = train[-1] = 0
    biases = Biases.fit(sparse.csr_array(train), (1.0, 5.0))
    assert (biases.b_u[-1], biases.b_i[-1]) == (0, 0)
    assert biases.b_u.shape == (30,) and biases.b_i.shape == (20,)


def test_the_mean_is_taken_of_more_digits_than_a_rating_has() -> None:
    train = ratings()
    train.data = np.full(train.nnz, 0.1, np.float32)
    train.data[::3] = 4.7
    assert Biases.fit(train, (0.1, 5.0)).mean == float(np.mean(train.data.astype(np.float64)))


def test_predictions_keep_the_scale_and_one_value_is_predicted_as_such() -> None:
    train = ratings()
    train.data[:] = 5
    biases = Biases.fit(train, (1.0, 5.0))
    assert biases.mean == 5
    assert biases.predict(np.arange(20), np.arange(20)).tolist() == [5.0] * 20
    extreme = Biases(3.0, np.array([9.0]), np.array([0.0]), (1.0, 5.0))
    assert extreme.predict(np.array([0]), np.array([0])).tolist() == [5.0]


def test_contains_says_which_entries_are_in_both() -> None:
    one, other = ratings(1), ratings(2)
    both = (one.toarray() != 0)[other.toarray() != 0]
    assert contains(one, other).tolist() == both.tolist()
    assert not contains(sparse.csr_array(one.shape), other).any()


PARAMS = Evaluate(k=2, ranked_users=1000, relevant_rating=4.0, bootstrap_samples=1, seed=0)


def liked_and_disliked() -> Dataset:
    """Four movies for three users: 0 is popular and disliked, 1 liked by few, 2 and 3 rated 3."""
    train = np.array([[1, 5, 3, 0], [1, 0, 3, 3], [1, 0, 0, 3]], np.float32)
    validation = np.array([[0, 0, 0, 2], [0, 5, 0, 0], [0, 5, 0, 0]], np.float32)
    movies = np.array([b"a", b"b", b"c", b"d"])
    parts = (sparse.csr_array(train), sparse.csr_array(validation), sparse.csr_array((3, 4)))
    return Dataset(np.arange(3), movies, *parts, (1.0, 5.0))


def test_the_biases_list_the_movies_that_are_liked_most() -> None:
    measured = judge_baselines(liked_and_disliked(), PARAMS)["biases"]
    # Lists of two: user 0 gets the one movie left, user 1 too, user 2 gets 1 and then 2.
    assert measured["recall"] == 1.0
    assert measured["ndcg"] == pytest.approx(1.0)
    assert measured["coverage"] == 0.75


def test_each_baseline_has_the_measures_that_it_can_have() -> None:
    dataset = liked_and_disliked()
    measured = judge_baselines(dataset, PARAMS)
    lists = [measure for measure in MEASURES if measure not in ("rmse", "mae")]
    assert list(measured["biases"]) == ["rmse", "mae", *lists]
    assert list(measured["popularity"]) == lists
    off = dataset.validation.data - dataset.train.data.mean()
    assert measured["global_mean"] == {
        "rmse": pytest.approx(rmse(off)),
        "mae": pytest.approx(mae(off)),
    }
