"""The train/validation split, on the events of some users at a time. SPLITS lists what there is.

    random          every pair's side is a hash of (user, movie, seed): it stays when days are added
    per_user_time   each user's last ratings
    global_time     the last ratings of all

For the splits by time, training is a function of what happened before the cut alone: a
rating that was replaced after the cut still trains with its earlier value, and minutes
watched after it are not counted. A watched pair that is rated after the cut stays watched,
since a service knows it at the cut; evaluation leaves it out of the ranking, as a service
leaves out what was seen.

The random split has no cut, and a watch comes before its rating: it would give away which
movies to rank first. So there `watched` holds no pair of the validation part. RMSE becomes
a little pessimistic by that (the model does not know that the user chose the movie), and
recall is a prediction and not a look-up.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.pairs import Pairs, Ratings, Watches
from movierec.dataset.vocabulary import Vocabulary
from movierec.dataset.window import Window
from movierec.hashing import hash_slugs, mix
from movierec.hashing import share as hashed_share
from movierec.times import Nanoseconds

SIGN = np.uint64(1 << 63)
Times = Callable[[], Iterable[NDArray[np.int64]]]
"""Times in parts, as often as they are asked for."""


@dataclass(frozen=True)
class Split:
    """The three parts of some users' events."""

    train: Pairs
    validation: Pairs
    watched: Pairs


def random_split(ratings: Ratings, watches: Watches, in_validation: "Choice") -> Split:
    """Each pair's last rating goes to one side by its hash; see above for the watches."""
    last = Pairs.of(ratings.last())
    chosen = in_validation(last.u, last.i)
    validation, total = last[chosen], watches.total()
    return Split(last[~chosen], validation, total[~validation.hold(total)])


def time_split(ratings: Ratings, watches: Watches, cut: NDArray[np.int64]) -> Split:
    """Events before `cut[u]` (nanoseconds) train, later ratings of other pairs validate."""
    train = Pairs.of(ratings[ratings.time < cut[ratings.u]].last())
    last = ratings.last()
    later = Pairs.of(last[last.time >= cut[last.u]])
    known = watches[watches.first < cut[watches.u]]
    # Of a day that the cut divides, one minute before it is all that is certain.
    whole = known.last < cut[known.u]
    minutes = np.where(whole, known.minutes, 1).astype(np.int32)
    known = Watches(known.u, known.i, minutes, known.first, known.last)
    return Split(train, later[~train.hold(later)], known.total())


def per_user_cut(ratings: Ratings, n_users: int, share: float) -> NDArray[np.int64]:
    """The time from which on each user's ratings validate: `share` of them, rounded, and
    those of the same moment. A user's cut depends on that user's ratings alone.

    >>> u, i, rating, time = (np.array(column) for column in ([0] * 4, range(4), [3] * 4, range(4)))
    >>> per_user_cut(Ratings(u, i, rating, time), 2, 0.25).tolist()
    [3, 9223372036854775807]
    """
    last = ratings.last()
    count = np.bincount(last.u, minlength=n_users)
    held = np.floor(share * count + 0.5).astype(np.int64)
    order = np.lexsort((last.time, last.u))
    ends = np.cumsum(count)
    cut = np.full(n_users, np.iinfo(np.int64).max)
    some = held > 0
    cut[some] = last.time[order][(ends - held)[some]]
    return cut


def global_cut(times: Times, share: float) -> Nanoseconds:
    """The time from which on all ratings validate: `share` of `times`, rounded up. 0 for none.

    >>> global_cut(lambda: [np.array([50, 10]), np.array([40, 20, 30])], 0.3)
    40
    """
    count = sum(len(part) for part in times())
    held = min(count, int(np.ceil(share * count)))
    return nth(times, count - held) if count else 0


def nth(times: Times, n: int) -> Nanoseconds:
    """The one before which `n` stand in ascending order; no more of them is held than one part.

    Digit by digit of 16 bits: those that agree so far are counted by their next one.
    """
    found = 0
    for shift in (48, 32, 16, 0):
        counts = np.zeros(1 << 16, np.int64)
        for part in times():
            rest = (part.view(np.uint64) ^ SIGN) >> np.uint64(shift)  # ascending, negative ones too
            digit = (rest & np.uint64(0xFFFF)).astype(np.int64)
            counts += np.bincount(digit[rest >> np.uint64(16) == found], minlength=1 << 16)
        ends = np.cumsum(counts)
        digit_found = int(np.searchsorted(ends, n, "right"))
        n -= int(ends[digit_found] - counts[digit_found])
        found = found << 16 | digit_found
    return found - (1 << 63)


Choice = Callable[[NDArray[np.int32], NDArray[np.int32]], NDArray[np.bool_]]
"""(u, i) → whether each pair validates."""


class PairHash:
    """Decides by a hash of (user id, movie id, seed) whether a pair is of the share that
    validates.

    It depends on the ids and not on their indices, so a pair stays on its side when the
    window moves on, and no model is judged by what an earlier one has learned.
    """

    def __init__(self, users: Vocabulary, movies: Vocabulary, seed: int, share: float) -> None:
        self.of_user = mix(users.ids.astype(np.uint64) ^ mix(np.array([seed], np.uint64)))
        self.of_movie = hash_slugs(movies.ids)
        self.share = share

    def from_user(self, first: int) -> Choice:
        """The choice for users that are numbered from index `first` on."""

        def choose(u: NDArray[np.int32], i: NDArray[np.int32]) -> NDArray[np.bool_]:
            value = mix(self.of_user[first:][u] ^ self.of_movie[i])
            return hashed_share(value) < self.share

        return choose


SplitBlock = Callable[[int, int, Ratings, Watches], Split]
"""A block of `Window.blocks` → its split; u stays the block's own."""


def _random(window: Window, share: float, seed: int) -> SplitBlock:
    pair_hash = PairHash(window.users, window.movies, seed, share)
    return lambda start, end, ratings, watches: random_split(
        ratings, watches, pair_hash.from_user(start)
    )


def _per_user_time(window: Window, share: float, seed: int) -> SplitBlock:
    return lambda start, end, ratings, watches: time_split(
        ratings, watches, per_user_cut(ratings, end - start, share)
    )


def _global_time(window: Window, share: float, seed: int) -> SplitBlock:
    cut = global_cut(window.rating_times, share)
    return lambda start, end, ratings, watches: time_split(
        ratings, watches, np.full(end - start, cut)
    )


SPLITS: Mapping[str, Callable[[Window, float, int], SplitBlock]] = {
    "random": _random,
    "per_user_time": _per_user_time,
    "global_time": _global_time,
}
"""What `preprocess.split` may say → what splits a window, with `validation_share` and `seed`."""
