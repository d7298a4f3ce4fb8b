"""The folder of a dataset (`movierec.arrays`): written, and read once its arrays fit each other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.arrays import MANIFEST, RESTORE, Draft, read_folder
from movierec.dataset.matrix import PARTS, Dataset, TakeUps, Watchers, matrix_of
from movierec.errors import BadInput, CorruptFile
from movierec.hashing import sha256_of
from movierec.mapped import release

FORMAT = "movierec-dataset/4"
ARRAYS = ("data", "indices", "indptr")
"""Of each part: ratings or minutes, columns, and where rows begin."""


def mapped(
    draft: Draft,
    users: NDArray[np.int64],
    movies: NDArray[np.bytes_],
    scale: tuple[float, float],
    weights: NDArray[np.float32] | None,
) -> Dataset:
    """The dataset whose matrices and tables are columns of `draft`, as maps of them."""
    shape = (len(users), len(movies))
    train, validation, watched = (
        matrix_of(data, indices, indptr, shape)
        for data, indices, indptr in ([draft.read(f"{p}_{n}") for n in ARRAYS] for p in PARTS)
    )
    watchers = Watchers(*(draft.read(f"watchers_{name}") for name in Watchers._fields))
    take_ups = TakeUps(*(draft.read(f"take_ups_{name}") for name in TakeUps._fields))
    parts = train, validation, watched
    return Dataset(users, movies, *parts, scale, "", watchers, take_ups, weights)


def save_dataset(folder: Path, dataset: Dataset, facts: Mapping[str, Any]) -> None:
    """Write `dataset` to `folder`; `facts` (counts, the split) go into its manifest."""
    with Draft(folder) as draft:
        publish_dataset(draft, dataset, facts)


def publish_dataset(draft: Draft, dataset: Dataset, facts: Mapping[str, Any]) -> None:
    """Write what of `dataset` is no column of `draft`, and have it become the folder."""
    arrays: dict[str, NDArray[Any]] = {"users": dataset.users, "movies": dataset.movies}
    arrays["weights"] = np.ones(len(dataset.users), np.float32)
    if dataset.weights is not None:
        arrays["weights"] = dataset.weights
    for part in PARTS:
        matrix = getattr(dataset, part)
        arrays |= {f"{part}_{name}": getattr(matrix, name) for name in ARRAYS}
    for table in ("watchers", "take_ups"):
        for name, array in getattr(dataset, table)._asdict().items():
            arrays[f"{table}_{name}"] = array
    draft.publish(arrays, {"format": FORMAT, "scale": list(dataset.scale), "facts": facts})


def load_dataset(folder: Path, *, mmap: bool = False) -> Dataset:
    """Read a dataset, verified; with `mmap` as maps, whose changes no file sees.

    Raises BadInput when there is none, CorruptFile when its files or its matrices are not what they
    must be.
    """
    # As arrays that may be written: to Numba those that may not are of another type.
    arrays, manifest = read_folder(folder, mmap=mmap, own=True)
    if manifest.get("format") != FORMAT:
        raise BadInput(f"{folder}: not a dataset of format {FORMAT}; run `dvc repro preprocess`")
    try:
        users, movies = arrays["users"], arrays["movies"]
        shape = (len(users), len(movies))
        train, validation, watched = (
            _checked(folder, part, [arrays[f"{part}_{a}"] for a in ARRAYS], shape) for part in PARTS
        )
        watchers = Watchers(*(arrays[f"watchers_{name}"] for name in Watchers._fields))
        take_ups = TakeUps(*(arrays[f"take_ups_{name}"] for name in TakeUps._fields))
        _check_tables(folder, watchers, take_ups, len(movies))
        weights = _weights(folder, arrays["weights"], len(users))
        low, high = manifest["scale"]
    except KeyError as error:
        raise CorruptFile(f"{folder}: {error} is missing; {RESTORE}") from None
    data_hash = sha256_of(folder / MANIFEST)
    parts = train, validation, watched
    return Dataset(users, movies, *parts, (low, high), data_hash, watchers, take_ups, weights)


def _weights(folder: Path, weights: NDArray[Any], n_users: int) -> NDArray[np.float32] | None:
    """Those of a file, None for all 1. Raises CorruptFile for any outside (0, 1]."""
    inside = weights.dtype == np.float32 and bool(((weights > 0) & (weights <= 1)).all())
    if not inside or weights.shape != (n_users,):
        raise CorruptFile(f"{folder}: the weights do not fit; {RESTORE}")
    return None if (weights == 1).all() else weights


def _check_tables(folder: Path, watchers: Watchers, take_ups: TakeUps, n_movies: int) -> None:
    """Raises CorruptFile when they do not fit the movies, or themselves."""
    indptr, indices = watchers.indptr, watchers.indices
    for name, fits in {
        "watchers": [a.dtype.name for a in watchers] == ["int64", "int64", "int32"]
        and len(indptr) == len(watchers.users) + 1
        and indptr[0] == 0
        and bool((np.diff(indptr) >= 0).all())
        and indptr[-1] == len(indices)
        and _are_columns(indices, n_movies),
        "take_ups": [a.dtype.name for a in take_ups] == ["int32", "int32", "float32"]
        and len({len(a) for a in take_ups}) == 1
        and _are_columns(take_ups.movie, n_movies),
    }.items():
        if not fits:
            raise CorruptFile(f"{folder}: the table {name!r} does not fit; {RESTORE}")


def _are_columns(indices: NDArray[Any], n_movies: int) -> bool:
    inside = len(indices) == 0 or bool(indices.min() >= 0 and indices.max() < n_movies)
    release([indices])
    return inside


def _checked(
    folder: Path, part: str, arrays: list[NDArray[Any]], shape: tuple[int, int]
) -> sparse.csr_array:
    """The CSR matrix of three arrays, once they are known to fit each other."""
    data, indices, indptr = arrays
    fits = (
        [a.dtype.name for a in arrays] == ["float32", "int32", "int64"]
        and len(indptr) == shape[0] + 1
        and len(data) == len(indices) == indptr[-1]
        and indptr[0] == 0
        and bool((np.diff(indptr) >= 0).all())
        and _are_columns(indices, shape[1])
    )
    if not fits:
        raise CorruptFile(f"{folder}: the matrix {part!r} does not fit; {RESTORE}")
    return matrix_of(data, indices, indptr, shape)
