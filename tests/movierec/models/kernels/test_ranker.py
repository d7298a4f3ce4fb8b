"""Lists of many users at once are those that each is answered with, whatever is passed over."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from movierec.models.kernels.ranker import Bound, Lister, Lists
from movierec.models.kernels.topn import NOBODY, TILE, Seen
from movierec.models.ranker import Ranker
from movierec.models.svd import SVDModel
from movierec.models.svdpp import SVDppModel
from movierec.models.topn import recommend
from movierec.models.uptake import UptakeModel
from tests.inputs.ratings import SCALE, svd_params, svdpp_params
from tests.inputs.uptake import HYPER

USERS, FACTORS = 12, 3


def made(seed: int, movies: int, kind: str, members: int, dtype: str, whole: bool) -> SVDModel:
    """A model of chance; of whole numbers when asked for, which makes many ties."""
    random = np.random.default_rng(seed)
    k = members * FACTORS

    def some(*size: int) -> NDArray[Any]:
        values = random.integers(-1, 2, size) if whole else random.normal(size=size) ** 3
        return values.astype(dtype)

    both: dict[str, Any] = {
        "scale": SCALE,
        "mean": 3.0,
        "user_bias": some(USERS),
        "movie_bias": some(movies),
        "user_factors": some(USERS, k),
        "movie_factors": some(k, movies),
        "member_bias": None if members == 1 else some(members, movies),
    }
    if kind == "svd":
        return SVDModel(hyper=svd_params(n_factors=FACTORS, members=members), **both)
    both |= {"user_implicit": some(USERS, k), "implicit_factors": some(movies, k)}
    hyper = svdpp_params(n_factors=FACTORS, members=members)
    return SVDppModel(hyper=hyper, watches=True, **both)


def taken(seed: int, movies: int, dtype: str, whole: bool) -> UptakeModel:
    """An uptake of chance: few movies are long, as in life, and some are of nobody."""
    random = np.random.default_rng(seed + 1)
    k = 5
    long = (random.random(movies) ** 4).astype(dtype)
    movie = random.normal(size=(k, movies)) * long
    user = random.normal(0.3, 0.3, (USERS, k))
    if whole:
        movie, user = np.round(2 * movie), np.round(2 * user)
    movie[:, random.random(movies) < 0.2] = 0
    user[0] = 0
    return UptakeModel(
        hyper=replace(HYPER, n_factors=k, floor=float(random.integers(2)) / 10),
        user=user.astype(dtype),
        movie=movie.astype(dtype),
        energy=np.square(movie).sum(axis=1).astype(dtype),
        share=long,
        trend=random.choice([1.0, 1.0, 2.0, 0.0], movies).astype(dtype),
    )


def seen_by(seed: int, movies: int) -> list[NDArray[np.int32]]:
    """What each has seen: the second everything, the third all but one, the fourth nothing."""
    random = np.random.default_rng(seed + 2)
    rows = [np.flatnonzero(random.random(movies) < 0.3).astype(np.int32) for _ in range(USERS)]
    rows[1], rows[3] = np.arange(movies, dtype=np.int32), rows[3][:0]
    rows[2] = rows[1][1:]
    return rows


def of(rows: list[NDArray[np.int32]]) -> Seen:
    return Seen(np.cumsum([0, *map(len, rows)]), np.concatenate(rows))


def answered(ranker: Ranker, rows: list[NDArray[np.int32]], users: Any, k: int) -> list[Any]:
    """One user after the other, by all orders."""
    lists: list[Any] = [[], [], []]
    for u, seen in zip(users, rows, strict=True):
        judged = ranker.known(int(u))
        for into, order in zip(lists, (judged.score, judged.estimate, judged.uptake), strict=True):
            best = [] if order is None else recommend(order, seen, k).tolist()
            into.append(best + [NOBODY] * (k - len(best)))
    return lists


def found(lists: Lists | None) -> list[Any]:
    assert lists is not None
    return [None if rows is None else rows.tolist() for rows in lists]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**16),
    st.sampled_from([1, 2, TILE - 1, TILE, TILE + 1, 3 * TILE, 400]),
    st.sampled_from([("svd", 1), ("svd", 3), ("svdpp", 1), ("svdpp", 2)]),
    st.sampled_from(["float32", "float64"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 4, 20, 50]),
)
def test_lists_are_those_that_the_service_answers(
    seed: int,
    movies: int,
    kind: tuple[str, int],
    dtype: str,
    whole: bool,
    by_uptake: bool,
    k: int,
) -> None:
    model = made(seed, movies, *kind, dtype, whole)
    uptake = taken(seed, movies, dtype, whole) if by_uptake else None
    users, rows = np.arange(USERS)[::-1].copy(), seen_by(seed, movies)
    lister = Lister(model, uptake, users[: 1 + seed % USERS])
    best, rating, alone = answered(Ranker(model, uptake), rows, users, k)
    expected = [best, rating, alone] if by_uptake else [best, None, None]
    assert found(lister.lists(users, of(rows), k)) == expected


def test_a_movie_at_the_bound_itself_is_listed() -> None:
    """All alike in all: what is passed over must lie below the last of the list, and not beside."""
    movies = 4 * TILE
    one = np.ones((1, movies), np.float32)
    model = replace(
        made(0, movies, "svd", 1, "float32", whole=True),
        hyper=svd_params(n_factors=1),
        user_bias=np.zeros(USERS, np.float32),
        movie_bias=one[0],
        user_factors=one[:, :USERS].T,
        movie_factors=one,
    )
    lists = Lister(model, None, np.arange(1)).lists(
        np.arange(1), of([np.arange(3, dtype=np.int32)]), 5
    )
    assert found(lists)[0] == [[3, 4, 5, 6, 7]]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 64), st.integers(-40, 20), st.booleans())
def test_no_sum_exceeds_its_bound(seed: int, k: int, power: int, positive: bool) -> None:
    """Also where all products have one sign, so that roundings add up, and where they underflow."""
    random = np.random.default_rng(seed)
    a, b = (random.normal(size=size).astype(np.float32) for size in ((9, k), (k, 50)))
    if positive:
        a, b = np.abs(a), np.abs(b)
    b[:, :10] = a.T[:, :1]  # along a, where the bound is met
    b *= np.float32(10.0) ** np.float32(power)
    bound = Bound.of(a[4:6], b)
    for row, far in zip(a, bound.far(a), strict=True):
        x = np.einsum("f,fi->i", row, b)
        assert (x <= bound.middle + far * bound.size).all()
        assert np.abs(x).max() <= bound.most(a)


@pytest.mark.parametrize("name", ["movie_bias", "user_bias", "movie_factors", "user_factors"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e200])
def test_where_a_score_may_not_be_finite_there_are_no_lists(name: str, wrong: float) -> None:
    """Who asks goes on user by user, and is told."""
    model = made(1, 40, "svd", 1, "float64", whole=False)
    array = getattr(model, name).copy()
    array.flat[-1] = wrong
    if wrong == 1e200:
        array[:] = wrong * 1e108  # a product, or twice it, is too large
    users, seen = np.arange(USERS), of(seen_by(1, 40))
    with np.errstate(all="ignore"):
        worse = replace(model, **{name: array})
        assert Lister(worse, None, users).lists(users, seen, 4) is None


def test_where_an_uptake_may_not_be_finite_there_are_no_lists() -> None:
    model, uptake = made(1, 40, "svd", 1, "float32", whole=False), taken(1, 40, "float32", False)
    users, seen = np.arange(USERS), of(seen_by(1, 40))
    for worse in (
        replace(uptake, movie=uptake.movie * np.float32(1e38)),
        replace(uptake, user=uptake.user * np.float32(1e38), movie=uptake.movie * 10),
    ):
        with np.errstate(all="ignore"):
            assert Lister(model, worse, users).lists(users, seen, 4) is None
