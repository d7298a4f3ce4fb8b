"""What is known of a user: by the model's package, and by the event log since then."""

import random
from typing import Any

import numpy as np

from serve.service.history import Histories, history_of
from serve.service.reasons import numbers
from serve.service.recommender import NOTHING, Columns, Recommender

MOST_SHOWN = 200


class People:
    """The users that a model knows, and what they did."""

    def __init__(self, recommender: Recommender, histories: Histories | None) -> None:
        self._recommender, self._histories = recommender, histories
        self._model = model = recommender.model
        self._rank = np.empty(len(model.movies), np.int32)
        self._rank[model.popular] = np.arange(len(model.movies), dtype=np.int32)

    def random(self) -> int | None:
        """Some user of the model; None when it knows nobody."""
        users, watchers = self._model.users, self._model.watchers
        count = len(users) + len(watchers)
        if not count:
            return None
        i = random.randrange(count)
        return int(users[i] if i < len(users) else watchers[i - len(users)])

    def history(self, user: int) -> dict[str, Any]:
        """The movies of `user`, the log's last one first, then the package's, the most popular
        first: `movies`, at most MOST_SHOWN of the `total`."""
        late, ratings = self._followed(user)
        trained = np.setdiff1d(self._recommender.seen(user), late)
        trained = trained[np.argsort(self._rank[trained])]
        both = np.concatenate([late, trained]).astype(np.int64)
        ids = self._recommender.ids(both[:MOST_SHOWN])
        movies = [
            {
                "id": movie,
                "source": "log" if place < len(late) else "model",
                "rating": ratings.get(int(both[place])),
            }
            for place, movie in enumerate(ids)
        ]
        return {"user": user, "movies": movies, "total": len(both)}

    def _followed(self, user: int) -> tuple[Columns, dict[int, float]]:
        """Movies of the log, the last first, and those that were rated."""
        history = history_of(self._histories.of(user) if self._histories else None)
        if history is None:
            return NOTHING, {}
        rated = zip(history.items.tolist(), numbers(history.ratings), strict=True)
        return history.watched[::-1], dict(rated)
