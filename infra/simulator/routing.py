"""Which model answers a user: a pure function of (user, salt, weights).

Weighted rendezvous hashing: every arm draws h ∈ (0, 1) from a hash of (salt, arm, user),
and the arm with the least −ln(h) / weight wins (an exponential race). An arm wins its
share of users, w / Σw, and a change of weights moves only the users that it must.
"""

import math
from collections.abc import Mapping

from movierec.hashing import hash_text


def arm(user: int, salt: str, weights: Mapping[str, float]) -> str:
    """The arm that answers `user`. A new `salt` deals all users anew."""
    return ranking(user, salt, weights)[0]


def ranking(user: int, salt: str, weights: Mapping[str, float]) -> list[str]:
    """Every arm with a weight above 0, best first: the second is the first's stand-in.

    Raises ValueError when no arm has a weight above 0, or a weight is negative or not finite.
    """
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise ValueError(f"weight of arm {name!r} is {weight}; it must be 0 or more")
    race = sorted(
        (-math.log(_uniform(f"{salt}:{name}:{user}")) / weight, name)
        for name, weight in weights.items()
        if weight > 0
    )
    if not race:
        raise ValueError("no arm has a weight above 0")
    return [name for _, name in race]


def _uniform(key: str) -> float:
    """A number in (0, 1) from the first 53 bits of a hash of `key`: the same everywhere."""
    return ((hash_text(key) >> 11) + 0.5) / 2**53
