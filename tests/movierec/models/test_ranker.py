"""What is ranked by: rating and uptake together, or the rating alone."""

import numpy as np
import pytest

from movierec.models.ranker import Ranker
from movierec.models.uptake import scores
from tests.inputs.models import N_MOVIES, N_USERS, SmallModel
from tests.inputs.uptake import fitted, rows_of, taken_up

NONE, ONE = np.empty(0, np.int64), np.array([2])
MODEL = SmallModel()
N = taken_up(N_USERS, N_MOVIES, 0.1)
UPTAKE = fitted(N, N_MOVIES)
RANKER = Ranker(MODEL, UPTAKE)


def test_without_uptake_the_score_is_the_rating() -> None:
    for judged, expected in (
        (Ranker(MODEL).known(3), MODEL.scores(3)),
        (Ranker(MODEL).folded_in(NONE, np.empty(0), ONE), MODEL.scores_for(NONE, NONE, ONE)),
    ):
        assert (judged.score == expected).all()
        assert (judged.estimate == expected).all()
        assert judged.uptake is None


def test_a_row_is_judged_by_its_own_uptake_and_rating() -> None:
    judged = RANKER.known(3)
    assert judged.uptake is not None
    assert (judged.uptake == UPTAKE.of(UPTAKE.user[3])).all()
    assert (judged.estimate == MODEL.scores(3)).all()
    assert (judged.score == scores(UPTAKE, judged.uptake, judged.estimate, MODEL.scale)).all()


def test_who_took_up_more_since_is_judged_by_all_of_it() -> None:
    mine = rows_of(N)[3]
    more = np.union1d(mine, [int(np.setdiff1d(np.arange(N_MOVIES), mine)[0])])
    judged = RANKER.known(3, more)
    assert judged.uptake == pytest.approx(UPTAKE.of(UPTAKE.fold_in(more)), abs=0)
    assert (judged.score != RANKER.known(3).score).any()
    assert (RANKER.known(3, mine).score == RANKER.known(3).score).all()


def test_a_stranger_is_judged_by_what_was_rated_or_watched() -> None:
    rated, watched = np.array([4, 9]), np.array([2, 9])
    judged = RANKER.folded_in(rated, np.array([5.0, 1.0]), watched)
    assert judged.uptake is not None
    assert (judged.uptake == UPTAKE.of(UPTAKE.fold_in(np.array([2, 4, 9])))).all()
    expected = MODEL.scores_for(rated, np.array([5.0, 1.0]), watched)
    assert (judged.estimate == expected).all()
