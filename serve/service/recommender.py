"""One user → one answer, by the best tier there is: a row in the model, a history, or neither."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.vocabulary import Vocabulary
from movierec.models.modelfile import LoadedModel
from movierec.models.topn import popular, recommend

K = 20
NOTHING = np.empty(0, dtype=np.int64)


class History(NamedTuple):
    """What a user did since the model was trained, as movie indices of the model."""

    items: NDArray[np.int64]  # rated
    ratings: NDArray[np.float64]  # one for each of `items`
    watched: NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """Movie ids, best first; `scores` is what they were ranked by, None for the popular tier."""

    ids: list[str]
    scores: list[float] | None
    tier: str  # model | fold-in | popular


def answer(model: LoadedModel, user: int, history: History | None = None, k: int = K) -> Answer:
    """The answer for `user`: never empty, at most `k` ids, no id twice."""
    u = Vocabulary(model.users).find(user)
    if u is not None:
        seen = model.seen_of(u)
        if history is not None:
            seen = np.concatenate([seen, history.items, history.watched])
        return _ranked(model, model.model.scores(u), seen, "model", k)
    if history is not None:
        scores = model.model.scores_for(*history)
        seen = np.concatenate([history.items, history.watched])
        return _ranked(model, scores, seen, "fold-in", k)
    return Answer(_ids(model, popular(model.popular, NOTHING, k)), None, "popular")


def _ranked(
    model: LoadedModel, scores: NDArray[np.floating], seen: NDArray[np.integer], tier: str, k: int
) -> Answer:
    """The best unseen movies; the best of all for a user who has seen everything."""
    best = recommend(scores, seen, k)
    if not len(best):
        best = recommend(scores, NOTHING, k)
    return Answer(_ids(model, best), [round(float(scores[i]), 6) for i in best], tier)


def _ids(model: LoadedModel, indices: NDArray[np.integer]) -> list[str]:
    return [movie.decode() for movie in model.movies[indices].tolist()]
