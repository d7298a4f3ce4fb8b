"""Scores → the best movies: seen ones left out, ties in a fixed order. Evaluation and
serving share this code, so what is measured is what is served."""

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray


def recommend(scores: NDArray[Any], seen: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Indices of the `k` best unseen scores, best first; ties go to the lower index.

    `scores` has one value a movie, `seen` holds indices. Fewer than `k` come back when fewer
    movies are unseen. Raises ValueError when a score is not finite: a model that makes such
    scores must not be served.

    >>> recommend(np.array([2.5, 4.0, 1.0, 4.0]), np.array([1]), 2).tolist()
    [3, 0]
    """
    if not np.isfinite(scores).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(scores))} scores are not finite")
    open_scores = np.array(scores, np.float64)
    open_scores[seen] = -np.inf
    k = min(k, len(scores) - len(np.unique(seen)))
    if k <= 0:
        return np.empty(0, np.int64)
    # All at or above the k-th best, in index order: a stable sort then keeps ties in order.
    bound = np.partition(open_scores, len(scores) - k)[len(scores) - k]
    best = np.flatnonzero(open_scores >= bound)
    return best[np.argsort(-open_scores[best], kind="stable")[:k]]


def popular(order: NDArray[Any], seen: NDArray[Any], k: int) -> NDArray[np.int64]:
    """The first `k` of `order` (movie indices, most popular first) that are not in `seen`.

    >>> popular(np.array([2, 0, 3, 1]), np.array([0]), 2).tolist()
    [2, 3]
    """
    # At most len(seen) of them are left out, so the head of the list is enough. A set of Python's
    # is twice as fast as NumPy's `isin` on so few: this answers where there is no time.
    left_out = set(seen.tolist())
    head = order[: k + len(seen)].tolist()
    return np.fromiter(islice((i for i in head if i not in left_out), k), np.int64)
