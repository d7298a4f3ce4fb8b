"""Accounts that look as if they rated to move a movie: what each user teaches shall weigh less.

A profile injection is many accounts that rate one movie, the target, with an end of the scale, and
others so as to look like users (Mobasher et al. 2007); a burst is many that rate it at once. One
account shows little, together they do: so, as in target item analysis (Zhou et al. 2016), users get
marks for what is odd about them (`odd`), and each movie is asked whether more odd users gave it an
end of the scale than chance brings (`targets`). Who is found in such a company weighs `weight`,
everybody else 1.

Nobody is left out, and a suspect's own lists stay theirs: see `kernels.descent.Weights`. Only
training ratings and watches are looked at. All of it is linear in them, but for sorting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset import targets
from movierec.dataset.targets import Finding, Floats, Ratings
from movierec.errors import BadParams
from movierec.fields import number

END = 0.1
"""A rating is at an end of the scale within this share of it."""
RARE = 0.25
"""The share of the ratings that are of rare movies."""
LISTED = 20
"""Suspects, and findings, that a report names."""


@dataclass(frozen=True)
class Shilling:
    """`shilling` in params.yaml."""

    weight: float = number(above=0, high=1)
    """Of a suspect; 1: nobody is looked for."""
    min_accounts: int = number(low=2)
    """Fewer together, above what chance brings, are no company."""
    surprise: float = number(above=0)
    """By how many standard deviations they must be more than chance brings."""
    by_hand: dict[str, float] = number(above=0, high=1)  # noqa: RUF009
    """User id → weight, whatever is found: 1 clears a user."""

    def __post_init__(self) -> None:
        strangers = sorted(user for user in self.by_hand if not user.isdecimal())
        if strangers:
            raise BadParams(f"shilling: by_hand: {', '.join(strangers)}: expected ids of users")


def find(
    ratings: Ratings, shape: tuple[int, int], scale: tuple[float, float], params: Shilling
) -> list[Finding]:
    """All findings among ratings of (n_users, n_movies), the most surprising first."""
    if params.weight == 1 or len(ratings.u) == 0:
        return []
    marks = dict(odd(ratings, shape))
    limits = targets.Limits(params.surprise, params.min_accounts)
    near = END * (scale[1] - scale[0])
    found: list[Finding] = []
    for side, at_end in {
        "push": ratings.rating >= scale[1] - near,
        "nuke": ratings.rating <= scale[0] + near,
    }.items():
        ends = {"ends": more(at_end, ratings.u, shape[0])}
        found += targets.companies(ratings, at_end, side, marks | ends, shape[1], limits)
        found += targets.bursts(ratings, at_end, side, shape[1], limits)
    return sorted(found, key=lambda f: (-f.z, f.movie, f.side, f.sign))


def odd(ratings: Ratings, shape: tuple[int, int]) -> Iterator[tuple[str, Floats]]:
    """(sign, (n_users,) how odd each user is by it), in standard deviations:

    choice      how much less popular, in the mean of logarithms, the rated movies are than others':
                fillers by chance are what nobody knows (DegSim and RDMA see the same)
    rare        how many more of them are of the least popular: a bandwagon hides the mean
    unwatched   how many more of them were never watched, where most are
    """
    n_users, n_movies = shape
    u, popularity = ratings.u, np.bincount(ratings.i, minlength=n_movies)
    count = np.maximum(np.bincount(u, minlength=n_users), 1)
    x = _logarithms(popularity)[ratings.i]
    mean, total = np.bincount(u, x, n_users) / count, float(np.mean(x))
    within = float(np.sum(np.square(x - mean[u]))) / max(len(u) - n_users, 1)
    among = float(np.average(np.square(mean - total), weights=count))
    yield "choice", (total - mean) / np.sqrt(among + within / count + 1e-9)
    least = np.sort(popularity[ratings.i])[int(RARE * len(u))]
    yield "rare", more(popularity[ratings.i] <= least, u, n_users)
    if 0.5 < np.mean(ratings.watched) < 1:
        yield "unwatched", more(~ratings.watched, u, n_users)


def more(which: NDArray[np.bool_], u: NDArray[Any], n_users: int) -> Floats:
    """(n_users,) by how many standard deviations more of a user's ratings are so than expected.
    Users differ, too, by half of what is expected of them."""
    count = np.bincount(u, minlength=n_users)
    share = (float(which.sum()) + 1) / (len(u) + 20)
    expected = count * share
    deviation = np.sqrt(expected * (1 - share) + np.square(expected / 2) + 1e-9)
    marks: Floats = (np.bincount(u, which, n_users) - expected) / deviation
    return marks


def _logarithms(counts: NDArray[Any]) -> Floats:
    """log₂, between powers of two along a straight line: `log` has not the same bits everywhere."""
    mantissa, exponent = np.frexp(np.maximum(counts, 1).astype(np.float64))
    logarithms: Floats = exponent + 2.0 * mantissa - 2.0
    return logarithms


def weigh(
    findings: Sequence[Finding], users: NDArray[np.int64], params: Shilling
) -> NDArray[np.float32]:
    """(n_users,) the weights of `users`, ids in ascending order."""
    weights = np.ones(len(users), np.float32)
    for finding in findings:
        weights[finding.users] = params.weight
    for user, weight in params.by_hand.items():
        weights[users == int(user)] = weight
    return weights


def report(
    findings: Sequence[Finding],
    weights: NDArray[np.float32],
    users: NDArray[np.int64],
    movies: NDArray[np.bytes_],
) -> dict[str, Any]:
    """How many weigh less, the strongest findings, and the strongest suspects with the reasons."""
    said: dict[int, list[str]] = {}
    for f in findings:
        for u in f.users.tolist():
            said.setdefault(u, []).append(
                f"{f.side} {movies[f.movie].decode()} by {f.sign}, z {f.z:.1f}"
            )
    named = [u for u in sorted(said, key=lambda u: -len(said[u])) if weights[u] < 1]
    return {
        "weighed_down": int((weights < 1).sum()),
        "findings": [
            {
                "movie": movies[f.movie].decode(),
                "side": f.side,
                "sign": f.sign,
                "accounts": len(f.users),
                "by_chance": round(f.expected, 2),
                "z": round(f.z, 2),
            }
            for f in findings[:LISTED]
        ],
        "suspects": [
            {"user": int(users[u]), "weight": round(float(weights[u]), 6), "because": said[u][:3]}
            for u in named[:LISTED]
        ],
    }
