"""The scale of a table's ratings: as it was given, or as the table itself shows it."""

import numpy as np

from infra.simulator.ratings_file import RatingsFile
from infra.simulator.table.values import NONE
from movierec.errors import BadInput

OTHERS = 3
RARE = 0.01
"""So many different ratings beside a stray one, and at most this share of rows, tell a stray."""


def check_scale(ratings: RatingsFile, low: float, high: float) -> None:
    """Raises BadInput, naming the line, when a rating is outside [low, high]."""
    found, _ = _found(ratings)
    outside = found[~((found >= low) & (found <= high))]
    if not len(outside):
        return
    row = int(np.argmax(np.isin(ratings.ratings, outside)))
    rating = ratings.ratings[row]
    remedy = f"the file's own goes from {found[0]:g} to {found[-1]:g}: --scale LOW HIGH"
    if rating == 0:
        remedy += "; or --zeros implicit, if 0 means watched and not rated"
    what = f"rating {rating:g} is outside the scale {low:g} to {high:g}"
    ratings.table.refuse(row, f"{what}: {remedy}")


def scale_of(ratings: RatingsFile) -> tuple[float, float]:
    """The lowest and the highest rating.

    Raises BadInput, with the remedy, where that is likely not the scale: all ratings are one, the
    lowest is a zero, which may mean none, or the lowest or highest is rare and farther from the
    others than these are from each other.
    """
    found, counts = _found(ratings)
    low, high = float(found[0]), float(found[-1])
    if low == high:
        raise BadInput(
            f"{ratings.table.path}: all ratings are {low:g}, which is no scale: --scale LOW HIGH"
        )
    if low == 0:
        _refuse(
            ratings,
            low,
            f"0 may be the lowest rating, --scale 0 {high:g}, or mean that there is none, "
            "--zeros implicit",
        )
    for at, others in ((-1, found[:-1]), (0, found[1:])):
        stray = float(found[at])
        far = np.abs(others - stray).min() > others[-1] - others[0]
        if far and len(others) >= OTHERS and counts[at] <= RARE * counts.sum():
            span = f"{others[0]:g} to {others[-1]:g}"
            _refuse(
                ratings,
                stray,
                f"rating {stray:g} is far from all others, {span}: mend it, or if it is right "
                f"--scale {low:g} {high:g}",
            )
    return low, high


def described_scale(ratings: RatingsFile) -> str:
    """What is said of a scale that nobody gave."""
    found, counts = _found(ratings)
    return (
        f"scale: {found[0]:g} to {found[-1]:g}, the file's lowest rating (of {counts[0]:,} rows) "
        f"and its highest (of {counts[-1]:,}); --scale LOW HIGH says another"
    )


def _found(ratings: RatingsFile) -> tuple[np.ndarray, np.ndarray]:
    """The different ratings, ascending, and how many rows have each."""
    found, counts = np.unique(ratings.hundredths, return_counts=True)
    rated = found != NONE
    if not rated.any():
        raise BadInput(f"{ratings.table.path}: no row has a rating: nothing to train with")
    return found[rated] / 100, counts[rated]


def _refuse(ratings: RatingsFile, rating: float, reason: str) -> None:
    ratings.table.refuse(int(np.argmax(ratings.ratings == rating)), reason)
