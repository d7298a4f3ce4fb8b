"""What a user took up, whether or not it was rated: N(u) of SVD++, and what not to recommend."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import Dataset


def rated_or_watched(
    rated: sparse.csr_array, watched: sparse.csr_array
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(indptr, indices) of the union of two matrices' stored entries: ascending, distinct.

    Values do not count: a rating of zero is a rating.

    >>> rated = sparse.csr_array(([4.0, 2.0], [2, 0], [0, 1, 2]), shape=(2, 3))
    >>> watched = sparse.csr_array(([9.0, 1.0], [0, 0], [0, 1, 2]), shape=(2, 3))
    >>> [array.tolist() for array in rated_or_watched(rated, watched)]
    [[0, 2, 3], [0, 2, 0]]
    """
    marks = (
        sparse.csr_array((np.ones(m.nnz, np.int8), m.indices, m.indptr), shape=m.shape)
        for m in (rated, watched)
    )
    union = next(marks) + next(marks)
    union.sort_indices()
    return union.indptr.astype(np.int64), union.indices.astype(np.int32)


def everyone_weighs(dataset: Dataset) -> NDArray[np.float32] | None:
    """(n,) the weight of each row of `everybody`, or None for 1 each: who rated nothing has 1."""
    if dataset.weights is None:
        return None
    return np.concatenate([dataset.weights, np.ones(len(dataset.watchers.users), np.float32)])


def everybody(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(indptr, indices) of N(u): one row a user of the dataset, then one a watcher."""
    indptr, indices = rated_or_watched(dataset.train, dataset.watched)
    watchers = dataset.watchers
    return (
        np.concatenate([indptr, indptr[-1] + watchers.indptr[1:]]),
        np.concatenate([indices, watchers.indices]),
    )
