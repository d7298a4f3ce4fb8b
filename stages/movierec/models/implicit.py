"""What a user took up, whether or not it was rated: N(u) of SVD++, and what not to recommend."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.distinct import distinct
from movierec.dataset.matrix import ENTRIES, Dataset, entry_keys, grouped, let_go


def rated_or_watched(
    rated: sparse.csr_array, watched: sparse.csr_array, room: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(indptr, indices) of the union of two matrices' stored entries: ascending, distinct.

    Values do not count: a rating of zero is a rating. `room` is for so many indices behind them.

    >>> rated = sparse.csr_array(([4.0, 2.0], [2, 0], [0, 1, 2]), shape=(2, 3))
    >>> watched = sparse.csr_array(([9.0, 1.0], [0, 0], [0, 1, 2]), shape=(2, 3))
    >>> [array.tolist() for array in rated_or_watched(rated, watched)]
    [[0, 2, 3], [0, 2, 0]]
    """
    indptr = np.zeros(rated.shape[0] + 1, np.int64)
    # Room for all of both: of what is not needed, no page is ever touched.
    indices = np.empty(rated.nnz + watched.nnz + room, np.int32)
    for first, end, counts, column in unions(rated, watched):
        indptr[first + 1 : end + 1] = indptr[first] + np.cumsum(counts)
        indices[indptr[first] : indptr[end]] = column
    return indptr, indices[: indptr[-1] + room]


def unions(
    rated: sparse.csr_array, watched: sparse.csr_array
) -> Iterator[tuple[int, int, NDArray[np.int64], NDArray[np.int64]]]:
    """(first, end, counts, columns) of the union of some rows at a time."""
    for first, end in grouped(rated.indptr.astype(np.int64) + watched.indptr, ENTRIES):
        keys = distinct(np.concatenate([entry_keys(m, first, end) for m in (rated, watched)]))
        let_go(rated, watched)
        row, column = np.divmod(keys, rated.shape[1])
        yield first, end, np.bincount(row - first, minlength=end - first), column


def everyone_weighs(dataset: Dataset) -> NDArray[np.float32] | None:
    """(n,) the weight of each row of `everybody`, or None for 1 each: who rated nothing has 1."""
    if dataset.weights is None:
        return None
    return np.concatenate([dataset.weights, np.ones(len(dataset.watchers.users), np.float32)])


def everybody(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(indptr, indices) of N(u): one row a user of the dataset, then one a watcher."""
    watchers = dataset.watchers
    room = len(watchers.indices)
    indptr, indices = rated_or_watched(dataset.train, dataset.watched, room)
    indices[indptr[-1] :] = watchers.indices
    return np.concatenate([indptr, indptr[-1] + watchers.indptr[1:]]), indices
