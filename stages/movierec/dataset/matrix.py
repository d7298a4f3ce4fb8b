"""Ratings as sparse matrices with the ids of their rows and columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.vocabulary import lookup
from movierec.mapped import release

PARTS = ("train", "validation", "watched")
ENTRIES = 1 << 20
"""Of a matrix, that are looked at together: what takes several times the memory of them."""


class Watchers(NamedTuple):
    """Users who watched movies of a dataset and have no training rating: no row of any matrix."""

    users: NDArray[np.int64] = np.empty(0, np.int64)
    """(n_watchers,) ascending."""
    indptr: NDArray[np.int64] = np.zeros(1, np.int64)
    """(n_watchers + 1,)"""
    indices: NDArray[np.int32] = np.empty(0, np.int32)
    """The columns of what each watched, ascending and distinct."""


class TakeUps(NamedTuple):
    """Who took up a movie, watching or rating it, in an hour. Ascending and distinct
    by hour and movie; validation pairs are left out as they are in `watched`."""

    hour: NDArray[np.int32] = np.empty(0, np.int32)
    """Since 1970."""
    movie: NDArray[np.int32] = np.empty(0, np.int32)
    """The column."""
    users: NDArray[np.float32] = np.empty(0, np.float32)
    """What they weigh together: their number, where each weighs 1."""


@dataclass(frozen=True)
class Dataset:
    """What models are trained and judged on. Row u of every matrix is `users[u]`, column i
    is `movies[i]`; the matrices have the shape (n_users, n_movies), float32 data and sorted
    distinct indices. A stored zero is a rating of zero, an absent entry is none.
    """

    users: NDArray[np.int64]
    """(n_users,) ascending."""
    movies: NDArray[np.bytes_]
    """(n_movies,) ascending slugs."""
    train: sparse.csr_array
    validation: sparse.csr_array
    watched: sparse.csr_array
    """Minutes watched, as far as a model may know them (see `movierec.dataset.split`)."""
    scale: tuple[float, float]
    """Lowest and highest possible rating."""
    data_hash: str = ""
    """SHA-256 of the manifest it was loaded from; empty before it is saved."""
    watchers: Watchers = field(default_factory=Watchers)
    take_ups: TakeUps = field(default_factory=TakeUps)
    weights: NDArray[np.float32] | None = None
    """(n_users,) in (0, 1]: how much each teaches of movies (`movierec.dataset.shilling`); None
    where each weighs 1."""


def rows_of(matrix: sparse.csr_array) -> NDArray[np.int64]:
    """The row of each stored entry, in the order of `matrix.indices`.

    >>> rows_of(csr(np.array([0, 0, 2]), np.array([0, 1, 1]), np.ones(3), (3, 2))).tolist()
    [0, 0, 2]
    """
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def rows_in(matrix: sparse.csr_array, part: slice) -> NDArray[np.int64]:
    """The row of each stored entry from `part.start` to `part.stop`: `rows_of(matrix)[part]`.

    >>> rows_in(csr(np.array([0, 0, 2]), np.array([0, 1, 1]), np.ones(3), (3, 2)), slice(1, 3))
    array([0, 2])
    """
    first = int(np.searchsorted(matrix.indptr, part.start, "right")) - 1
    end = int(np.searchsorted(matrix.indptr, part.stop, "left"))
    held = np.diff(np.clip(matrix.indptr[first : end + 1], part.start, part.stop))
    return np.repeat(np.arange(first, end, dtype=np.int64), held)


def contains(matrix: sparse.csr_array, asked: sparse.csr_array) -> NDArray[np.bool_]:
    """Whether each entry of `asked` has one in `matrix`, in the order of `asked.indices`."""
    found = np.empty(asked.nnz, bool)
    for first, end in grouped(asked.indptr, ENTRIES):
        keys, wanted = (entry_keys(m, first, end) for m in (matrix, asked))
        found[asked.indptr[first] : asked.indptr[end]] = lookup(keys, wanted) >= 0
        let_go(matrix, asked)
    return found


def entry_keys(matrix: sparse.csr_array, first: int, end: int) -> NDArray[np.int64]:
    """row × n_columns + column of each entry of the rows first … end − 1: ascending, since rows and
    indices are."""
    indptr = matrix.indptr[first : end + 1]
    rows = np.repeat(np.arange(first, end, dtype=np.int64), np.diff(indptr))
    keys: NDArray[np.int64] = rows * matrix.shape[1] + matrix.indices[indptr[0] : indptr[-1]]
    return keys


def taken(
    matrix: sparse.csr_array, mask: NDArray[np.bool_], *, values: bool = True
) -> sparse.csr_array:
    """The entries of a matrix that `mask` names; without `values` each is 1, and takes no room."""
    before = np.zeros(matrix.shape[0] + 1, np.int64)
    count = int(np.count_nonzero(mask))
    data, indices = np.empty(count, matrix.data.dtype), np.empty(count, matrix.indices.dtype)
    if not values:
        data = np.broadcast_to(np.ones(1, matrix.data.dtype), count)
    for first, end in grouped(matrix.indptr, ENTRIES):
        rows = slice(matrix.indptr[first], matrix.indptr[end])
        some, bounds = mask[rows], matrix.indptr[first + 1 : end + 1] - rows.start
        before[first + 1 : end + 1] = before[first] + np.concatenate([[0], np.cumsum(some)])[bounds]
        to = slice(before[first], before[end])
        indices[to] = matrix.indices[rows][some]
        if values:
            data[to] = matrix.data[rows][some]
        let_go(matrix)
    return matrix_of(data, indices, before, matrix.shape)


def rows_at(matrix: sparse.csr_array, rows: NDArray[np.int64]) -> sparse.csr_array:
    """Some rows of a matrix. scipy would widen all of its indices for that."""
    counts = np.diff(matrix.indptr)[rows]
    indptr = np.concatenate([[0], np.cumsum(counts)])
    places = np.arange(indptr[-1]) + np.repeat(matrix.indptr[rows] - indptr[:-1], counts)
    some = matrix.data[places], matrix.indices[places]
    let_go(matrix)
    return matrix_of(*some, indptr, (len(rows), matrix.shape[1]))


def let_go(*matrices: sparse.csr_array) -> None:
    """Let go of the pages of those that are maps of files, but for where rows begin."""
    for matrix in matrices:
        release([matrix.data, matrix.indices])


def grouped(held: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """(first, end) of as many cells as hold `most` of something together, one at least; `held[c]`
    stand before cell c: `indptr`, where cells are rows.

    >>> list(grouped(np.array([0, 2, 5, 5, 9]), 5))
    [(0, 3), (3, 4)]
    """
    first = 0
    while first < len(held) - 1:
        end = int(np.searchsorted(held, held[first] + most, "right")) - 1
        yield first, max(first + 1, end)
        first = max(first + 1, end)


def csr(
    u: NDArray[Any], i: NDArray[Any], values: NDArray[Any], shape: tuple[int, int]
) -> sparse.csr_array:
    """A float32 CSR matrix of triples sorted by (u, i), each pair once.

    Raises ValueError when they are not: scipy would sum duplicates in silence.
    """
    key = u.astype(np.int64) * shape[1] + i
    if len(key) > 1 and not (np.diff(key) > 0).all():
        raise ValueError("triples must be sorted by (u, i) and distinct")
    indptr = np.zeros(shape[0] + 1, np.int64)
    np.cumsum(np.bincount(u, minlength=shape[0]), out=indptr[1:])
    return matrix_of(values.astype(np.float32), i.astype(np.int32), indptr, shape)


def matrix_of(
    data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], shape: tuple[int, int]
) -> sparse.csr_array:
    """CSR from its arrays as they are. scipy narrows or widens index dtypes by its own rules;
    kernels are compiled for int32 indices and int64 pointers, so set them afterwards."""
    matrix = sparse.csr_array(shape, dtype=np.float32)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix
