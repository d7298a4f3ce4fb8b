"""The judged lists are the service's, whichever way they are made."""

from dataclasses import replace

import numpy as np
import pytest

from movierec.evaluation import lists
from movierec.evaluation.lists import MODEL, RATING, UPTAKE, lists_of
from movierec.models.kernels import svd
from movierec.models.ranker import Ranker
from movierec.models.topn import recommend
from serve.service.recommender import Recommender
from tests.inputs.models import N_MOVIES, N_USERS, SmallLoaded
from tests.inputs.ratings import SCALE, random_ratings, svd_params
from tests.inputs.uptake import fitted, taken_up

LOADED = replace(
    SmallLoaded(),
    uptake=fitted(taken_up(N_USERS, N_MOVIES, 0.1), N_MOVIES),
)
SUMMED = replace(
    LOADED, model=svd.fit(random_ratings(N_USERS, N_MOVIES, 0.2), svd_params(), scale=SCALE)
)
USERS = np.arange(N_USERS)


@pytest.mark.parametrize("loaded", [LOADED, SUMMED], ids=["any kind", "a sum of terms"])
@pytest.mark.parametrize("by_uptake", [True, False])
def test_each_list_is_what_its_user_is_answered_with(
    loaded: SmallLoaded, by_uptake: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "BLOCK", 7)
    loaded = loaded if by_uptake else replace(loaded, uptake=None)
    ranker, service = loaded.ranker(), Recommender(loaded, 20)
    made = lists_of(ranker, loaded.seen_of, USERS, 20)
    assert list(made) == ([MODEL, RATING, UPTAKE] if by_uptake else [MODEL])
    for u in USERS.tolist():
        judged, seen = ranker.known(u), loaded.seen_of(u)
        orders = judged.score, judged.estimate, judged.uptake
        for rows, order in zip(made.values(), orders, strict=False):
            assert order is not None
            mine = rows[u][rows[u] >= 0]
            assert mine.tolist() == recommend(order, seen, 20).tolist()
        if len(seen) < N_MOVIES:  # else the service says again what was seen
            mine = made[MODEL][u]
            assert service.answer(int(loaded.users[u])).best.tolist() == mine[mine >= 0].tolist()


def test_of_nobody_there_is_no_list() -> None:
    for loaded in (LOADED, SUMMED):
        made = lists_of(loaded.ranker(), loaded.seen_of, USERS[:0], 5)
        assert [rows.shape for rows in made.values()] == [(0, 5)] * 3


def test_a_score_that_is_not_finite_is_refused() -> None:
    bias = SUMMED.model.movie_bias.copy()
    bias[3] = np.nan
    ranker = Ranker(replace(SUMMED.model, movie_bias=bias), SUMMED.uptake)
    with pytest.raises(ValueError, match="scores are not finite"):
        lists_of(ranker, SUMMED.seen_of, USERS, 5)
