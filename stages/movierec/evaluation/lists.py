"""The lists that are judged: what each user would be answered, by all of an order and its parts."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.validation import top_lists
from movierec.models.kernels.ranker import Lister
from movierec.models.kernels.ranker import Lists as Found
from movierec.models.kernels.topn import Seen
from movierec.models.ranker import Judged, Ranker
from movierec.models.svd import SVDModel
from movierec.models.topn import recommend

MODEL, RATING, UPTAKE = "model", "rating_alone", "uptake_alone"
"""What lists are ranked by: all of it, and its two parts where there are two."""
BLOCK = 4096
"""Users that are listed for at a time: memory does not grow with them."""

Lists = dict[str, NDArray[np.int32]]
"""(n_users, k) movies by what they are ranked by; -1 fills short lists."""
SeenOf = Callable[[int], NDArray[Any]]
"""The movies that serving leaves out for the user of a row."""


def lists_of(ranker: Ranker, seen_of: SeenOf, users: NDArray[np.int64], k: int) -> Lists:
    """The lists of the rows `users`. Raises ValueError where a score is not finite."""
    blocks = [users[start : start + BLOCK] for start in range(0, max(len(users), 1), BLOCK)]
    made = [*_blockwise(ranker, seen_of, blocks, k)]
    return {name: np.concatenate([lists[name] for lists in made]) for name in made[0]}


def _blockwise(
    ranker: Ranker, seen_of: SeenOf, blocks: list[NDArray[np.int64]], k: int
) -> Iterator[Lists]:
    """The lists of each block. A kind of model whose r̂ is no sum of terms is asked user by user."""
    model, found = ranker.model, None
    lister = None
    if isinstance(model, SVDModel) and len(blocks[0]):
        lister = Lister(model, ranker.uptake, blocks[0])
    for users in blocks:
        if lister is not None:
            found = lister.lists(users, _seen(seen_of, users), k)
        yield _one_by_one(ranker, seen_of, users, k) if found is None else _by_name(found)


def _by_name(found: Found) -> Lists:
    parts = {RATING: found.by_rating, UPTAKE: found.by_uptake}
    return {MODEL: found.best, **{name: rows for name, rows in parts.items() if rows is not None}}


def _one_by_one(ranker: Ranker, seen_of: SeenOf, users: NDArray[np.int64], k: int) -> Lists:
    """As the service makes them."""
    orders: dict[str, Callable[[Judged], NDArray[Any]]] = {MODEL: lambda judged: judged.score}
    if ranker.uptake is not None:
        orders |= {
            RATING: lambda judged: judged.estimate,
            UPTAKE: lambda judged: np.zeros(0) if judged.uptake is None else judged.uptake,
        }
    best: dict[str, list[NDArray[np.int64]]] = {name: [] for name in orders}
    for u in users.tolist():
        judged, seen = ranker.known(u), seen_of(u)
        for name, order in orders.items():
            best[name].append(recommend(order(judged), seen, k))
    return {name: top_lists(rows, len(rows), k) for name, rows in best.items()}


def _seen(seen_of: SeenOf, users: NDArray[np.int64]) -> Seen:
    """What the service leaves out for each."""
    rows = [np.asarray(seen_of(u), np.int32) for u in users.tolist()]
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return Seen(indptr, np.concatenate([np.empty(0, np.int32), *rows]))
