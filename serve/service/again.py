"""A served line → the answer again, by this code and the model that the line names.

    python -c 'from serve.service.again import main; main("models/svd", "why")' < lines

An image has this file beside the code that answers, so a release can be asked by its own code long
after the ranking has changed (infra/release/again.py does). A line in, a JSON object out, at once:

    {"tier": "fold-in", "ids": ["jaws+1975", …], "unhurried": "fold-in", "row": false, "seen": 0,
     "scores": …, "ratings": …, "because": …}      with "why": as in JSON answers
    {"cannot": "…"}                                of a movie that is not in this model

`unhurried` is the tier with time for all that is known; `row` whether the user has one in the
model, and `seen` how many movies the model's package knows of.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from movierec.dataset.vocabulary import Vocabulary
from movierec.models.modelfile import load_model
from serve.service.reasons import figures
from serve.service.recommender import History, Recommender


class Stranger(Exception):
    """A movie of a line's history is not in the model: another one made it."""


class Again:
    """Makes answers again by one model."""

    def __init__(self, recommender: Recommender) -> None:
        self.recommender = recommender
        self._movies = Vocabulary(recommender.model.movies)
        self._users = Vocabulary(recommender.model.users)

    def answer(self, said: dict[str, Any], *, why: bool = False) -> dict[str, Any]:
        """What the model makes of a line that no query had a part in."""
        user = said["user"]
        try:
            history = self._history(said.get("history", []))
        except Stranger as error:
            return {"cannot": str(error)}
        given = full = self.recommender.answer(user, history)
        # Where a service was in a hurry it gave this tier whatever it knew; else there was nothing
        # to know, and it is all the same.
        if said["tier"] == "popular":
            given = self.recommender.popular(user, history)
        return {
            "tier": given.tier,
            "ids": given.ids,
            "unhurried": full.tier,
            "row": self._users.find(user) is not None,
            "seen": len(self.recommender.seen(user)),
            **(figures(self.recommender, given) if why else {}),
        }

    def _history(self, pairs: Sequence[tuple[str, float | None]]) -> History | None:
        """A line's `history`, in terms of the model. Raises Stranger."""
        if not pairs:
            return None
        columns = []
        for movie, _ in pairs:
            column = self._movies.find(movie.encode())
            if column is None:
                raise Stranger(f"movie {movie} of its history is not in this model")
            columns.append(column)
        rated = [n for n, (_, rating) in enumerate(pairs) if rating is not None]
        watched = np.array(columns)
        return History(watched[rated], np.array([pairs[n][1] for n in rated], np.float64), watched)


def main(folder: str, why: str = "") -> None:
    """Answer each line of stdin at once. First says what the model is, by its manifest."""
    model = load_model(Path(folder))
    names = ("kind", "hyperparameters", "uptake", "data_hash")
    _say({name: model.manifest.get(name) for name in names})
    again = Again(Recommender(model))
    for line in sys.stdin.buffer:
        _say(again.answer(json.loads(line), why=bool(why)))


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)
