"""Tiers: a row in the model, a watcher of it, a history, or none; never empty, no id twice."""

import numpy as np
import pytest

from movierec.models.topn import recommend
from serve.service.recommender import NOTHING, Answer, History, K, Recommender
from tests.inputs.models import N_MOVIES, N_USERS, SEEN_EVERYTHING, WATCHER, SmallLoaded, SmallModel
from tests.inputs.uptake import fitted, taken_up

NEW = 999_999_999
MODEL = SmallLoaded()
BY_RATING = Recommender(MODEL)
UPTAKE = fitted(taken_up(N_USERS, N_MOVIES, 0.1), N_MOVIES)
BY_BOTH = Recommender(SmallLoaded(SmallModel(scale=(-6.0, 6.0)), uptake=UPTAKE))
RANKER = BY_BOTH.ranker
SEEN_BY_WATCHER = [5, N_MOVIES - 1]
ALL = np.arange(N_MOVIES)


def ids_of(columns) -> list[str]:
    return [f"movie+{i:02d}+2001" for i in columns]


def history(rated=(), ratings=(), watched=()) -> History:
    return History(*(np.array(part, int) for part in (rated, ratings, watched)))


def best(scores, left_out) -> list[str]:
    return ids_of(recommend(scores, np.array(left_out, int), K))


def columns(given: Answer) -> set[int]:
    assert given.ids == ids_of(given.best)
    assert 1 <= len(set(given.ids)) == len(given.ids) <= K
    return set(given.best.tolist())


# Tiers


@pytest.mark.parametrize("user", [4, WATCHER, NEW], ids=["a row", "a watcher", "a stranger"])
def test_in_a_hurry_everybody_gets_what_is_popular_and_not_what_is_known_or_excluded(user) -> None:
    seen = {4: [1, 2], WATCHER: SEEN_BY_WATCHER, NEW: []}[user]
    late = history([58], [5.0], [57])
    given = BY_BOTH.popular(user, late, np.array([56]))
    kept = [i for i in MODEL.popular.tolist() if i not in {*seen, 58, 57, 56}]
    assert (given.ids, given.tier, given.judged) == (ids_of(kept[:K]), "popular", None)
    assert BY_BOTH.popular(user).tier == "popular"


def test_without_uptake_a_known_user_is_ranked_by_rating_without_what_was_seen() -> None:
    given = BY_RATING.answer(4)
    scores = MODEL.model.scores(1)
    unseen = [i for i in np.argsort(-scores, kind="stable") if i not in MODEL.seen_of(1)]
    assert (given.ids, given.tier) == (ids_of(unseen[:K]), "model")


def test_a_known_user_is_ranked_by_the_row_s_uptake_and_rating() -> None:
    given = BY_BOTH.answer(4)
    assert (given.ids, given.tier) == (best(RANKER.known(1).score, [1, 2]), "model")
    assert given.ids != BY_RATING.answer(4).ids


def test_what_a_known_user_did_since_moves_the_list_and_is_left_out() -> None:
    late = history([30], [5.0], [40, 2])
    given = BY_BOTH.answer(4, late)
    N = np.array([1, 2, 30, 40])
    assert (given.ids, given.tier) == (best(RANKER.known(1, N).score, N), "model")
    assert given.ids != best(RANKER.known(1).score, N)


def test_both_what_was_rated_and_what_was_watched_lately_is_left_out() -> None:
    first, second = BY_RATING.answer(4).best[:2]
    late = history([first], [5.0], [second])
    assert not {first, second} & columns(BY_RATING.answer(4, late))


def test_a_watcher_of_the_model_is_folded_in_and_counts_for_known() -> None:
    given = BY_BOTH.answer(WATCHER)
    scores = RANKER.folded_in(NOTHING, np.empty(0), np.array(SEEN_BY_WATCHER)).score
    assert (given.ids, given.tier) == (best(scores, SEEN_BY_WATCHER), "model")


def test_a_watcher_s_history_is_folded_in_with_what_the_model_has() -> None:
    given = BY_BOTH.answer(WATCHER, history([7], [4.0], [8]))
    watched = np.array([*SEEN_BY_WATCHER, 8])
    scores = RANKER.folded_in(np.array([7]), np.array([4.0]), watched).score
    assert (given.ids, given.tier) == (best(scores, [7, *watched]), "model")


def test_without_uptake_a_watcher_gets_what_is_popular_but_not_what_was_watched() -> None:
    given = BY_RATING.answer(WATCHER)
    assert (given.ids, given.tier) == (ids_of(range(58, 58 - K, -1)), "popular")
    given = BY_RATING.answer(WATCHER, history(watched=[8]))
    scores = MODEL.model.scores_for(NOTHING, np.empty(0), np.array([*SEEN_BY_WATCHER, 8]))
    assert (given.ids, given.tier) == (best(scores, [*SEEN_BY_WATCHER, 8]), "fold-in")


@pytest.mark.parametrize("by", [BY_RATING, BY_BOTH])
def test_a_stranger_with_a_history_is_folded_in(by: Recommender) -> None:
    late = history([3], [5.0], [8])
    given = by.answer(NEW, late)
    assert (given.ids, given.tier) == (best(by.ranker.folded_in(*late).score, [3, 8]), "fold-in")


@pytest.mark.parametrize("stranger", [0, 2, 5, NEW])  # between, below and above ids of the model
def test_a_stranger_gets_what_is_popular(stranger: int) -> None:
    given = BY_BOTH.answer(stranger)
    assert len(NOTHING) == 0
    assert (given.ids, given.judged, given.tier) == (
        ids_of(range(N_MOVIES - 1, N_MOVIES - 1 - K, -1)),
        None,
        "popular",
    )


# What is left out

EVERYBODY = pytest.mark.parametrize(
    ("user", "late"), [(4, None), (WATCHER, None), (NEW, history([3], [5.0], [8])), (NEW, None)]
)


@EVERYBODY
def test_what_is_excluded_is_not_offered(user: int, late: History | None) -> None:
    whole = BY_BOTH.answer(user, late)
    exclude = whole.best[:3]
    given = BY_BOTH.answer(user, late, exclude)
    assert given.tier == whole.tier
    assert given.ids[: K - 3] == whole.ids[3:]
    assert len(columns(given)) == K


@EVERYBODY
def test_a_short_list_is_better_than_what_is_excluded(user: int, late: History | None) -> None:
    assert columns(BY_BOTH.answer(user, late, ALL[12:])) <= set(range(12))


@EVERYBODY
def test_with_everything_excluded_there_is_a_list_all_the_same(
    user: int, late: History | None
) -> None:
    assert len(columns(BY_BOTH.answer(user, late, ALL))) == K


def test_who_has_seen_everything_gets_the_best_of_it_again() -> None:
    given = BY_RATING.answer(SEEN_EVERYTHING)
    assert (given.ids, given.tier) == (best(MODEL.model.scores(2), []), "model")
    everything = history(watched=ALL)
    assert len(columns(BY_RATING.answer(NEW, everything))) == K
    exclude = given.best[:3]
    assert BY_RATING.answer(SEEN_EVERYTHING, None, exclude).ids[: K - 3] == given.ids[3:]


def test_of_two_ratings_of_a_movie_the_later_counts() -> None:
    both = history([1, 2], [5.0, 4.0], [9]).then(history([2, 3], [1.0, 2.0], [9, 8]))
    rated = zip(both.items.tolist(), both.ratings.tolist(), strict=True)
    assert sorted(rated) == [(1, 5), (2, 1), (3, 2)]
    assert sorted(both.watched.tolist()) == [8, 9, 9]


# The quickest answer


@pytest.mark.parametrize("user", [4, WATCHER, NEW])
def test_in_a_hurry_everybody_gets_what_is_popular_and_not_known(user: int) -> None:
    late = history([58], [5.0], [57])
    given = BY_BOTH.popular(user, late, np.array([56]))
    known = {57, 58, *(SEEN_BY_WATCHER if user == WATCHER else [1, 2] if user == 4 else [])}
    left = [i for i in range(N_MOVIES - 1, -1, -1) if i not in known | {56}]
    assert (given.ids, given.tier, given.judged) == (ids_of(left[:K]), "popular", None)


def test_in_a_hurry_a_stranger_gets_the_same_list_as_else() -> None:
    assert BY_BOTH.popular(NEW).ids == BY_BOTH.answer(NEW).ids
    assert BY_BOTH.popular(NEW, None, ALL[50:]).ids == BY_BOTH.answer(NEW, None, ALL[50:]).ids


def test_in_a_hurry_who_has_seen_everything_gets_what_is_popular_again() -> None:
    assert BY_BOTH.popular(SEEN_EVERYTHING).ids == BY_BOTH.answer(NEW).ids
