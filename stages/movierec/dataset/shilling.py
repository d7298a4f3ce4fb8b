"""Accounts that look as if they rated to move a movie: what each user teaches shall weigh less.

A profile injection is many accounts that rate one movie, the target, with an end of the scale, and
others so as to look like users (Mobasher et al. 2007); a burst is many that rate it at once. One
account shows little, together they do: so, as in target item analysis (Zhou et al. 2016), users get
marks for what is odd about them (`marks`), and each movie is asked whether more odd users gave it
an end of the scale than chance brings (`targets`), or more people within an hour (`bursts`). What a
stronger finding explains is none (`explaining`). Who is in one that is left weighs `weight`,
everybody else 1.

Nobody is left out, and a suspect's own lists stay theirs: see `kernels.descent.Weights`. Only
training ratings and watches are looked at. All of it is linear in them, but for sorting.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.bursts import bursts
from movierec.dataset.explaining import unexplained
from movierec.dataset.marks import more, odd
from movierec.dataset.targets import Finding, Limits, Ratings, companies
from movierec.errors import BadParams
from movierec.fields import number
from movierec.mapped import release

END = 0.1
"""A rating is at an end of the scale within this share of it."""
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
        strangers = sorted(user for user in self.by_hand if not _is_id(user))
        if strangers:
            raise BadParams(
                f"shilling: by_hand: {', '.join(strangers)}: expected ids of users as the log "
                "writes them: digits, no zero before them"
            )


def _is_id(text: str) -> bool:
    """Whether the log would write a user's id so: '07' beside '7' would be one user twice."""
    return text.isascii() and text.isdecimal() and (text == "0" or text[0] != "0")


def find(
    ratings: Ratings, shape: tuple[int, int], scale: tuple[float, float], params: Shilling
) -> list[Finding]:
    """Findings among ratings of (n_users, n_movies) that no stronger one explains, the strongest
    first; a user is in one of them at most."""
    if params.weight == 1 or len(ratings.u) == 0:
        return []
    marks = dict(odd(ratings, shape))
    limits = Limits(params.surprise, params.min_accounts)
    near = END * (scale[1] - scale[0])
    found: list[Finding] = []
    for side, at_end in {
        "push": ratings.rating >= scale[1] - near,
        "nuke": ratings.rating <= scale[0] + near,
    }.items():
        release(ratings)
        ends = {"ends": more(at_end.__getitem__, ratings.u, shape[0])}
        found += companies(ratings, at_end, side, marks | ends, shape[1], limits)
        found += bursts(ratings, at_end, side, shape[1], limits)
    return sorted(unexplained(sorted(found, key=_strongest), shape[0], limits), key=_strongest)


def _strongest(finding: Finding) -> tuple[float, int, str, str]:
    """A key by which the strongest comes first, in one order whatever order they were found in."""
    return -finding.z, finding.movie, finding.side, finding.sign


def weigh(
    findings: Sequence[Finding], users: NDArray[np.int64], params: Shilling
) -> NDArray[np.float32]:
    """(n_users,) the weights of `users`, ids in ascending order. Whom a hand names and they
    lack is named on stderr: a slip of the hand would clear nobody, and say nothing."""
    weights = np.ones(len(users), np.float32)
    for finding in findings:
        weights[finding.users] = params.weight
    for user, weight in params.by_hand.items():
        named = users == int(user)
        if not named.any():
            print(f"shilling: by_hand: {user}: not among the users of the dataset", file=sys.stderr)
        weights[named] = weight
    return weights


def report(
    findings: Sequence[Finding],
    weights: NDArray[np.float32],
    users: NDArray[np.int64],
    movies: NDArray[np.bytes_],
) -> dict[str, Any]:
    """How many weigh less, the strongest findings, and the suspects of the strongest of them, each
    with the one finding that it is in; whom a hand has cleared is no suspect. Findings are as
    `find` gives them."""
    suspects = ((u, f) for f in findings for u in f.users.tolist() if weights[u] < 1)
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
            {
                "user": int(users[u]),
                "weight": round(float(weights[u]), 6),
                "because": f"{f.side} {movies[f.movie].decode()} by {f.sign}, z {f.z:.1f}",
            }
            for u, f in islice(suspects, LISTED)
        ],
    }
