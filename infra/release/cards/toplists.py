"""The lists of two releases for the same few users, who are chosen by their ids alone."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.release.lists import everybody
from movierec.models.modelfile import LoadedModel
from serve.service.recommender import Recommender

USERS = 50


@dataclass(frozen=True)
class Lists:
    """What a user gets from either release, without a history."""

    user: int
    now: list[str]
    before: list[str]
    tiers: tuple[str, str]
    """Now and before: `popular` for whom a release does not know."""

    @property
    def came(self) -> list[str]:
        """Movies that the list before did not have, best first."""
        return [movie for movie in self.now if movie not in self.before]

    @property
    def went(self) -> list[str]:
        """Movies that the list now does not have, best first."""
        return [movie for movie in self.before if movie not in self.now]

    @property
    def kept(self) -> int:
        """How many movies are in both."""
        return len(self.now) - len(self.came)


def compare(now: LoadedModel, before: LoadedModel, users: int = USERS) -> list[Lists]:
    """Both lists of the users whom `chosen` names, of all that one of the two knows."""
    recommenders = Recommender(now), Recommender(before)
    found = []
    for user in chosen(np.union1d(everybody(now), everybody(before)), users):
        new, old = (recommender.answer(user) for recommender in recommenders)
        found.append(Lists(user, new.ids, old.ids, (new.tier, old.tier)))
    return found


def chosen(users: NDArray[np.int64], count: int) -> list[int]:
    """The users whose ids have the smallest hashes, ascending: the same ones for every release, as
    far as they are known, and like any others."""
    first = sorted(users.tolist(), key=lambda user: hashlib.sha256(b"%d" % user).digest())[:count]
    return sorted(first)
