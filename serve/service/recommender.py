"""One user → one answer, by the best tier there is: a row in the model, a history, or neither."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.vocabulary import Vocabulary
from movierec.models.modelfile import LoadedModel
from movierec.models.ranker import Judged
from movierec.models.topn import popular, recommend

K = 20
Columns = NDArray[Any]
"""Movies, as indices of the model."""
NOTHING = np.empty(0, dtype=np.int64)


class History(NamedTuple):
    """What a user did since the model was trained, as movie indices of the model."""

    items: NDArray[np.int64]  # rated, each once
    ratings: NDArray[np.float64]  # one for each of `items`
    watched: NDArray[np.int64]

    def then(self, later: "History") -> "History":
        """Both; where both rated a movie, the later rating counts."""
        kept = ~np.isin(self.items, later.items)
        return History(
            np.concatenate([self.items[kept], later.items]),
            np.concatenate([self.ratings[kept], later.ratings]),
            np.concatenate([self.watched, later.watched]),
        )


class Drawn(NamedTuple):
    """What a user's scores were drawn from."""

    N: Columns
    """Watched or rated: ascending, distinct."""
    rated: Columns | None
    """Of those that made the estimate, which were rated; None for a row, which does not tell."""
    watched: Columns
    """The others of them; for a row all."""


@dataclass(frozen=True)
class Answer:
    """Movie ids, best first, and why these."""

    ids: list[str]
    tier: str  # model | fold-in | popular
    best: Columns
    """The columns of `ids`."""
    judged: Judged | None = None
    """What they were ranked by; None for the popular tier."""
    drawn: Drawn | None = None


class Recommender:
    """Answers by one model. What does not depend on a user is made once."""

    def __init__(self, model: LoadedModel, k: int = K) -> None:
        self.model, self.ranker, self.k = model, model.ranker(), k
        self._users, self._watchers = Vocabulary(model.users), Vocabulary(model.watchers)

    def answer(
        self, user: int, history: History | None = None, exclude: Columns = NOTHING
    ) -> Answer:
        """The answer for `user`: at most `k` ids, no id twice, none of `exclude`, and nothing that
        is known to have been watched or rated.

        Never empty: who has seen everything gets the best of it again, and when all that there is
        is to be left out, that is passed over.
        """
        u = self._users.find(user)
        if u is not None:
            return self._by_row(u, history, exclude)
        seen = self._seen_by_watcher(user)
        if history is None and (len(seen) == 0 or self.ranker.uptake is None):
            return self._popular(seen, exclude)
        return self._folded_in(seen, history or History(NOTHING, np.empty(0), NOTHING), exclude)

    def popular(
        self, user: int, history: History | None = None, exclude: Columns = NOTHING
    ) -> Answer:
        """The like by the popular tier, whatever more is known: where there is no time for more."""
        seen = self.seen(user)
        if history is not None:
            seen = np.concatenate([seen, history.items, history.watched])
        return self._popular(seen, exclude)

    def seen(self, user: int) -> Columns:
        """What the model's package knows that `user` watched or rated, ascending."""
        u = self._users.find(user)
        return self._seen_by_watcher(user) if u is None else self.model.seen_of(u)

    def _by_row(self, u: int, history: History | None, exclude: Columns) -> Answer:
        """The row's estimate; its uptake, or that of all that was taken up until now."""
        seen = self.model.seen_of(u)
        if history is None:
            N, judged = seen, self.ranker.known(u)
        else:
            N = np.unique(np.concatenate([seen, history.items, history.watched]))
            judged = self.ranker.known(u, N)
        return self._ranked(judged, Drawn(N, None, seen), exclude, "model")

    def _folded_in(self, seen: Columns, history: History, exclude: Columns) -> Answer:
        """By what a watcher of the model watched, a history, or both. A watcher counts for known
        to the model where that says who takes up what."""
        items, ratings, late = history
        watched = np.concatenate([seen, late])
        judged = self.ranker.folded_in(items, ratings, watched)
        drawn = Drawn(np.union1d(items, watched), items, watched)
        known = len(seen) > 0 and self.ranker.uptake is not None
        return self._ranked(judged, drawn, exclude, "model" if known else "fold-in")

    def _ranked(self, judged: Judged, drawn: Drawn, exclude: Columns, tier: str) -> Answer:
        best = _open(lambda left_out: recommend(judged.score, left_out, self.k), drawn.N, exclude)
        return Answer(self.ids(best), tier, best, judged, drawn)

    def _popular(self, seen: Columns, exclude: Columns) -> Answer:
        order = self.model.popular
        best = _open(lambda left_out: popular(order, left_out, self.k), seen, exclude)
        return Answer(self.ids(best), "popular", best)

    def _seen_by_watcher(self, user: int) -> Columns:
        number = self._watchers.find(user)
        return NOTHING if number is None else self.model.seen_by_watcher(number)

    def ids(self, columns: Columns) -> list[str]:
        """The ids of movies."""
        return [movie.decode() for movie in self.model.movies[columns].tolist()]


def _open(pick: Callable[[Columns], Columns], seen: Columns, exclude: Columns) -> Columns:
    """What `pick` finds without the seen and the excluded; without the excluded alone when that is
    nothing; and else of all."""
    best = pick(np.concatenate([seen, exclude]) if len(exclude) else seen)
    if not len(best):
        best = pick(exclude)
    return best if len(best) else pick(NOTHING)
