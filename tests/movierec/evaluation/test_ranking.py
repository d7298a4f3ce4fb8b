"""Every measure against its definition, written as a loop."""

from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from movierec.evaluation import ranking as measures
from movierec.models import accuracy

N_MOVIES = 8


@st.composite
def judged(draw):
    """(lists, relevant): short lists of distinct movies, and each user's relevant ones."""
    n = draw(st.integers(1, 5))
    k = draw(st.integers(1, N_MOVIES))
    orders = draw(st.lists(st.permutations(range(N_MOVIES)), min_size=n, max_size=n))
    sizes = draw(st.lists(st.integers(1, k), min_size=n, max_size=n))
    sets = st.sets(st.integers(0, N_MOVIES - 1), min_size=1)
    relevant = draw(st.lists(sets, min_size=n, max_size=n))
    lists = [order[:size] for order, size in zip(orders, sizes, strict=True)]
    return lists, relevant, k


def arrays(lists: list[list[int]], relevant: list[set[int]], k: int):
    padded = np.full((len(lists), k), -1, np.int32)
    matrix = np.zeros((len(lists), N_MOVIES), np.float32)
    for row, (best, good) in enumerate(zip(lists, relevant, strict=True)):
        padded[row, : len(best)] = best
        matrix[row, sorted(good)] = 1
    return padded, sparse.csr_array(matrix)


@given(judged())
def test_ranking_measures_are_those_of_a_loop(case) -> None:
    lists, relevant, k = case
    padded, matrix = arrays(*case)
    hit = measures.hits(padded, matrix)
    count = np.array([len(good) for good in relevant])
    for row, (best, good) in enumerate(zip(lists, relevant, strict=True)):
        gain = sum(1 / log2(r + 2) for r, movie in enumerate(best) if movie in good)
        ideal = sum(1 / log2(r + 2) for r in range(min(len(good), k)))
        assert measures.recall(hit, count)[row] == pytest.approx(len(good & set(best)) / len(good))
        assert measures.ndcg(hit, count)[row] == pytest.approx(gain / ideal)
    assert measures.coverage(padded, N_MOVIES) == len(set().union(*lists)) / N_MOVIES
    popularity = np.arange(N_MOVIES) + 1
    of_lists = np.mean([np.mean(popularity[list(best)]) for best in lists])
    of_profiles = np.mean([np.mean(popularity[sorted(good)]) for good in relevant])
    assert measures.popularity_lift(padded, matrix, popularity) == pytest.approx(
        (of_lists - of_profiles) / of_profiles
    )


@given(st.lists(st.floats(-5, 5), min_size=1))
def test_rmse_and_mae_are_those_of_a_loop(errors: list[float]) -> None:
    n = len(errors)
    assert accuracy.rmse(np.array(errors)) == pytest.approx(sqrt(sum(e * e for e in errors) / n))
    assert accuracy.mae(np.array(errors)) == pytest.approx(sum(map(abs, errors)) / n)


def test_the_bootstrap_draws_users_and_pairs_its_columns() -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(1, 6, 200)
    squares = np.stack([counts * rng.uniform(0.5, 1.5, 200)] * 2, 1)
    squares[:, 1] += 0.1 * counts  # every user's errors are larger by the same amount
    samples = measures.rmse_samples(squares, counts, 300, seed=1)
    low, high = measures.percentile_interval(samples[:, 1] - samples[:, 0], 0.95)
    assert 0 < low < high < 0.06, "paired draws leave little spread in the difference"
    whole = np.sqrt(squares.sum(axis=0) / counts.sum())
    first = measures.percentile_interval(samples[:, 0], 0.95)
    assert first[0] < whole[0] < first[1]
    again = measures.rmse_samples(squares, counts, 300, seed=1)
    assert samples.tobytes() == again.tobytes()
    assert samples.tobytes() != measures.rmse_samples(squares, counts, 300, seed=2).tobytes()


def test_the_bootstrap_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    held = 0
    for trial in range(100):
        squares = rng.chisquare(1, (80, 1))
        samples = measures.rmse_samples(squares, np.ones(80, np.int64), 150, seed=trial)
        low, high = measures.percentile_interval(samples[:, 0], 0.95)
        held += low <= 1.0 <= high
    assert 85 <= held <= 100


@pytest.mark.parametrize(("confidence", "ends"), [(0.9, (5, 95)), (0.5, (25, 75)), (1.0, (0, 100))])
def test_an_interval_holds_the_middle_and_leaves_out_as_much_on_both_sides(
    confidence: float, ends: tuple[int, int]
) -> None:
    samples = np.random.default_rng(1).permutation(np.arange(101.0))
    assert measures.percentile_interval(samples, confidence) == pytest.approx(ends)


def test_buckets_double() -> None:
    counts = np.array([0, 1, 2, 3, 4, 7, 8, 1000])
    assert measures.doubling_bucket(counts).tolist() == [0, 1, 2, 2, 4, 4, 8, 512]
    assert measures.doubling_bucket(np.array([], np.int64)).tolist() == []


def test_a_user_without_a_list_or_a_profile_is_left_out_of_the_lift() -> None:
    popularity = np.array([10.0, 20.0, 40.0])
    profiles = sparse.csr_array(np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]))
    lists = np.array([[1, -1], [2, 1], [-1, -1], [2, 0]])
    assert measures.popularity_lift(lists, profiles, popularity) == pytest.approx(20 / 10 - 1)
