"""Tiers: a row in the model, a history, or neither; never empty, no id twice."""

import numpy as np
import pytest

from serve.service.recommender import NOTHING, History, K, answer
from tests.inputs.models import N_MOVIES, SEEN_EVERYTHING, SmallLoaded

NEW = 999_999_999


def ids_of(columns) -> list[str]:
    return [f"movie+{i:02d}+2001" for i in columns]


def test_a_known_user_is_ranked_by_the_model_without_what_was_seen() -> None:
    model = SmallLoaded()
    given = answer(model, 4)
    scores = model.model.scores(1)
    unseen = [i for i in np.argsort(-scores, kind="stable") if i not in model.seen_of(1)]
    assert (given.ids, given.tier) == (ids_of(unseen[:K]), "model")
    assert given.scores == [round(float(scores[i]), 6) for i in unseen[:K]]


def test_both_what_was_rated_and_what_was_watched_lately_is_left_out() -> None:
    model = SmallLoaded()
    first, second = answer(model, 4).ids[:2]
    rated, watched = int(first[6:8]), int(second[6:8])
    history = History(np.array([rated]), np.array([5.0]), np.array([watched]))
    assert not {first, second} & set(answer(model, 4, history).ids)


def test_a_stranger_with_a_history_is_folded_in() -> None:
    model = SmallLoaded()
    history = History(np.array([3]), np.array([5.0]), np.array([8]))
    given = answer(model, NEW, history)
    scores = model.model.scores_for(*history)
    best = [i for i in np.argsort(-scores, kind="stable") if i not in (3, 8)]
    assert (given.ids, given.tier) == (ids_of(best[:K]), "fold-in")


@pytest.mark.parametrize("stranger", [0, 2, 5, NEW])  # between, below and above ids of the model
def test_a_stranger_gets_what_is_popular_without_scores(stranger: int) -> None:
    given = answer(SmallLoaded(), stranger)
    assert len(NOTHING) == 0
    assert (given.ids, given.scores, given.tier) == (
        ids_of(range(N_MOVIES - 1, N_MOVIES - 1 - K, -1)),
        None,
        "popular",
    )


def test_who_has_seen_everything_gets_the_best_of_it_again() -> None:
    model = SmallLoaded()
    given = answer(model, SEEN_EVERYTHING)
    best = np.argsort(-model.model.scores(2), kind="stable")[:K]
    assert (given.ids, given.tier) == (ids_of(best), "model")
    everything = History(NOTHING, np.empty(0), np.arange(N_MOVIES))
    assert len(answer(model, NEW, everything).ids) == K
