"""Plants attacks on recommendations: accounts that rate to push one movie up, or to nuke it.

    random      movies by chance, rated about the mean of all ratings
    average     movies by chance, each rated about its own mean
    bandwagon   a third of them well known and loved (to nuke: well known and disliked), rated with
                the scale's end; the others as random
    burst       accounts that look real, whose movies and ratings are those of honest users; they
                all rate the target within one hour

After Mobasher, Burke, Bhaumik and Williams (2007). Every account rates the target with the scale's
end. The cunning watch what they rate; the others send rating lines alone, which the log takes.
"""

from dataclasses import dataclass

import numpy as np

from infra.simulator.exact import Floats, Ints, bell, stream
from infra.simulator.log import Rows, make_rows
from movierec.lines.kinds import RATING, WATCH
from movierec.times import SECOND

KINDS = ("random", "average", "bandwagon", "burst")
SIDES = ("push", "nuke")
KNOWN = 10
"""So many movies are well known, to a bandwagon."""
RATED = 5
"""A movie that fewer rated is none of them."""
HOUR = 3600
WATCHED = 40
"""Minutes that the cunning watch of a movie, which end before they rate it."""


@dataclass(frozen=True)
class Attack:
    """What is planted."""

    kind: str
    side: str
    share: float
    """Accounts, as a share of the honest users."""
    fillers: int
    """Movies that an account rates beside the target, of kinds other than burst."""
    watches: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Ratings:
    """n ratings of a log: honest ones, or planted ones."""

    user: Ints
    """Ids."""
    movie: Ints
    """Columns of the catalogue."""
    rating: Floats
    time: Ints
    """Whole seconds since 1970."""

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class Planted:
    """An attack as it stands in a log."""

    target: int
    users: Ints
    ratings: Ratings
    watched: bool


def plant(honest: Ratings, movies: int, scale: tuple[float, float], attack: Attack) -> Planted:
    """The ratings of `attack` on what `honest` users rated of `movies` movies, in whole points."""
    random = stream(attack.seed, KINDS.index(attack.kind), SIDES.index(attack.side))
    counts = np.bincount(honest.movie, minlength=movies)
    means = np.bincount(honest.movie, honest.rating, movies) / np.maximum(counts, 1)
    target = choose_target(random, counts, means, attack.side)
    ids = np.unique(honest.user)
    accounts = max(1, round(attack.share * len(ids)))
    users = ids[-1] + 1 + np.arange(accounts)
    end = scale[1] if attack.side == "push" else scale[0]
    if attack.kind == "burst":
        profile = _copied(random, honest, target, accounts)
    else:
        profile = _invented(random, honest, counts, means, target, accounts, end, attack)
    of, movie, rating, time = profile
    first, last = int(honest.time.min()), int(honest.time.max())
    aimed = random.integers(first, last - HOUR, accounts)
    if attack.kind == "burst":
        aimed = aimed[0] + random.integers(0, HOUR, accounts)
    together = Ratings(
        np.r_[users[of], users],
        np.r_[movie, np.full(accounts, target)],
        np.r_[np.clip(np.floor(rating + 0.5), *scale), np.full(accounts, end)],
        np.r_[time, aimed],
    )
    return Planted(target, users, together, attack.watches)


def choose_target(random: np.random.Generator, counts: Ints, means: Floats, side: str) -> int:
    """A movie worth the trouble: to push, one that few rated and none too well; to nuke, one of
    the most rated."""
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= RATED]
    if side == "nuke":
        return int(random.choice(order[: max(1, len(order) // 20)]))
    few = order[len(order) // 2 :]
    poor = few[np.argsort(means[few], kind="stable")]
    return int(random.choice(poor[: max(1, len(poor) // 2)]))


Profile = tuple[Ints, Ints, Floats, Ints]
"""(number of the account, movie, rating before it is rounded, time) of each rating."""


def _invented(
    random: np.random.Generator,
    honest: Ratings,
    counts: Ints,
    means: Floats,
    target: int,
    accounts: int,
    end: float,
    attack: Attack,
) -> Profile:
    """Profiles of movies by chance, and with a bandwagon of well-known ones."""
    some = np.flatnonzero((counts > 0) & (np.arange(len(counts)) != target))
    known = attack.fillers // 3 if attack.kind == "bandwagon" else 0
    by_chance = min(attack.fillers - known, len(some))
    keys = random.random((accounts, len(some)))
    chosen = some[np.argpartition(keys, by_chance - 1, axis=1)[:, :by_chance]]
    deviation = float(np.std(honest.rating))
    about = means[chosen]
    if attack.kind != "average":
        about = np.full(chosen.shape, np.mean(honest.rating))
    rating = about + deviation * bell(random, *chosen.shape)
    if known:
        loved = _well_known(counts, means, target, attack.side)
        picks = np.argsort(random.random((accounts, len(loved))), axis=1)[:, :known]
        chosen = np.concatenate([chosen, loved[picks]], axis=1)
        rating = np.concatenate([rating, np.full(picks.shape, end)], axis=1)
        chosen, rating = _distinct(chosen, rating)
    of = np.repeat(np.arange(accounts), chosen.shape[1])
    inside = chosen.ravel() >= 0
    time = random.integers(int(honest.time.min()), int(honest.time.max()), len(of))
    return of[inside], chosen.ravel()[inside], rating.ravel()[inside], time[inside]


def _well_known(counts: Ints, means: Floats, target: int, side: str) -> Ints:
    """Movies that everybody knows: the most rated, or of many rated ones the worst."""
    order = np.argsort(-counts, kind="stable")
    order = order[order != target]
    if side == "nuke":
        many = order[: 10 * KNOWN]
        order = many[np.argsort(means[many], kind="stable")]
    known: Ints = order[:KNOWN]
    return known


def _distinct(chosen: Ints, rating: Floats) -> tuple[Ints, Floats]:
    """Each movie once a row: what comes again is -1."""
    order = np.argsort(chosen, axis=1, kind="stable")
    chosen = np.take_along_axis(chosen, order, axis=1)
    rating = np.take_along_axis(rating, order, axis=1)
    again = np.zeros(chosen.shape, bool)
    again[:, 1:] = chosen[:, 1:] == chosen[:, :-1]
    return np.where(again, -1, chosen), rating


def _copied(random: np.random.Generator, honest: Ratings, target: int, accounts: int) -> Profile:
    """What honest users rated, other than the target, at their times: a user an account."""
    order = np.argsort(honest.user, kind="stable")
    order = order[honest.movie[order] != target]
    ids, starts, sizes = np.unique(honest.user[order], return_index=True, return_counts=True)
    picks = random.integers(0, len(ids), accounts)
    of = np.repeat(np.arange(accounts), sizes[picks])
    first = np.cumsum(sizes[picks]) - sizes[picks]
    rows = order[starts[picks][of] + np.arange(len(of)) - first[of]]
    return of, honest.movie[rows], honest.rating[rows], honest.time[rows]


def log_rows(planted: Planted, seed: int) -> Rows:
    """The lines of an attack, whole ratings, for a `LineWriter` of that catalogue; not in order."""
    random, r = stream(seed, 3), planted.ratings
    rows = [make_rows(random, RATING, r.time * SECOND, r.user, r.movie, r.rating.astype(np.int64))]
    if planted.watched:
        of = np.repeat(np.arange(len(r)), WATCHED)
        minute = np.tile(np.arange(WATCHED), len(r))
        time = (r.time[of] - 60 * (WATCHED - minute)) * SECOND
        rows.append(make_rows(random, WATCH, time, r.user[of], r.movie[of], minute))
    return np.concatenate(rows)
