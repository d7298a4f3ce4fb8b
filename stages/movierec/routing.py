"""Which arm of the experiment answers a user: a pure function of (user, salt, weights).

Weighted rendezvous hashing: every arm draws u ∈ (0, 1) from a hash of (salt, arm, user),
and the arm with the least −ln(u) / weight wins (an exponential race). An arm wins its
share of users, w / Σw, and a change of weights moves only the users that it must.

`infra/router/routing.js` is this function in the router's language, and a test compares the two.
So the hash is one that both have, and u takes 52 of its bits: with the half in the middle it is
exact in a float64. Logarithms of two libraries may differ in their last bit, which decides
nothing but a race as close as that: one user in some 10¹⁵.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from movierec.errors import BadParams
from movierec.fields import number

ARM = r"[a-z][a-z0-9-]{0,31}"
"""An arm's name: it stands in URLs, in names of hosts and in the router's configuration."""
SALT = r"[A-Za-z0-9.-]{1,64}"


@dataclass(frozen=True)
class Routing:
    """How users are dealt out: the weight of each arm, whatever they sum up to."""

    salt: str
    weights: dict[str, float] = number(low=0, high=1e9)  # noqa: RUF009

    def __post_init__(self) -> None:
        if not re.fullmatch(SALT, self.salt):
            raise BadParams(f"routing: salt must be 1 to 64 of A-Z a-z 0-9 . -, got {self.salt!r}")
        for name in self.weights:
            if not re.fullmatch(ARM, name):
                raise BadParams(
                    f"routing: weights: an arm is called by 1 to 32 of a-z 0-9 -, a letter first; "
                    f"got {name!r}"
                )
        if not any(self.weights.values()):
            raise BadParams(f"routing: weights: one must be above 0, got {self.weights!r}")


def arm(user: int | str, salt: str, weights: Mapping[str, float]) -> str:
    """The arm that answers `user`. A new `salt` deals all users anew.

    >>> arm(7, "1", {"svd": 50, "svdpp": 50})
    'svd'
    """
    return ranking(user, salt, weights)[0]


def ranking(user: int | str, salt: str, weights: Mapping[str, float]) -> list[str]:
    """Every arm, best first: the second stands in for the first. An arm without weight stands
    behind all that have one, and answers when they do not.

    What is no user's is dealt by a text in the user's place: the router's by its path.
    """
    race = []
    for name, weight in weights.items():
        time = -math.log(_uniform(f"{salt}:{name}:{user}"))
        race.append((not weight, time / weight if weight else time, name))
    return [name for _, _, name in sorted(race)]


def _uniform(key: str) -> float:
    """A number in (0, 1) from the first 52 bits of a hash of `key`: the same everywhere."""
    return (int(hashlib.sha256(key.encode()).hexdigest()[:13], 16) + 0.5) / 2**52
