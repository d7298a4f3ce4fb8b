"""A model ↔ a `movierec.arrays` folder: verified before use, memory-mapped, no code inside.

Beside the model's own arrays the folder holds what a service needs to answer: `users`,
`movies`, what each user has already seen, and the movies in order of popularity. Its bytes
depend on the dataset and the hyperparameters only.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.arrays import read_folder, write_folder
from movierec.dataset.matrix import Dataset
from movierec.errors import BadInput, CorruptFile
from movierec.models.implicit import rated_or_watched
from movierec.models.model import SHARED, Factors, Model
from movierec.models.popularity import popularity_order
from movierec.models.svd import SVDModel
from movierec.models.svdpp import SVDppModel
from movierec.params import SVD, SVDpp

FORMAT = "movierec-model/1"
HELD = ("users", "movies", "popular", "seen_indptr", "seen_indices")
"""The arrays beside the model's own."""


@dataclass(frozen=True)
class LoadedModel:
    """A model and what it takes to answer with it."""

    model: Model
    users: NDArray[np.int64]
    """(n_users,) ascending ids; row u of the model."""
    movies: NDArray[np.bytes_]
    """(n_movies,) ascending slugs; column i of the model."""
    popular: NDArray[np.int32]
    """(n_movies,) indices of the movies, the most taken up first."""
    manifest: dict[str, Any]
    data_hash: str
    """Of the dataset that it was trained on."""
    seen_indptr: NDArray[np.int64]
    seen_indices: NDArray[np.int32]

    def seen_of(self, u: int) -> NDArray[np.int32]:
        """Ascending indices of the movies that user `u` rated or watched."""
        return self.seen_indices[self.seen_indptr[u] : self.seen_indptr[u + 1]]


def save_model(folder: Path, model: Factors, dataset: Dataset, facts: Mapping[str, Any]) -> None:
    """Write `model`, fitted to `dataset`, to `folder`. `facts` (the engine, …) go into its
    manifest and must not depend on when, where or by whom it was fitted."""
    seen_indptr, seen_indices = rated_or_watched(dataset.train, dataset.watched)
    arrays = model.arrays() | {
        "users": dataset.users,
        "movies": dataset.movies,
        "seen_indptr": seen_indptr,
        "seen_indices": seen_indices,
        "popular": popularity_order(np.bincount(seen_indices, minlength=len(dataset.movies))),
    }
    manifest = {
        "format": FORMAT,
        "kind": model.kind,
        "hyperparameters": asdict(model.hyper),
        "mean": model.mean,
        "scale": list(model.scale),
        "watches": isinstance(model, SVDppModel) and model.watches,
        "data_hash": dataset.data_hash,
        "n_users": len(dataset.users),
        "n_movies": len(dataset.movies),
        "facts": dict(facts),
    }
    write_folder(folder, arrays, manifest)


def load_model(folder: Path, *, mmap: bool = True) -> LoadedModel:
    """Read a model, every file checked against its SHA-256.

    Raises BadInput when there is no model there, CorruptFile when there is a damaged one.
    """
    arrays, manifest = read_folder(folder, mmap=mmap)
    if manifest.get("format") != FORMAT:
        raise BadInput(f"{folder}: not a model of format {FORMAT}; run `dvc repro train`")
    try:
        model = _model(manifest, arrays)
        _check_shapes(folder, arrays, model)
        held = {name: arrays[name] for name in HELD}
        return LoadedModel(model, manifest=manifest, data_hash=manifest["data_hash"], **held)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CorruptFile(f"{folder}: {error!r} in its manifest; run `dvc checkout`") from None


def _model(manifest: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Factors:
    low, high = manifest["scale"]
    shared: dict[str, Any] = {"scale": (float(low), float(high)), "mean": float(manifest["mean"])}
    shared |= {name: arrays[name] for name in SHARED}
    hyper = manifest["hyperparameters"]
    if manifest["kind"] == "svd":
        return SVDModel(**shared, hyper=SVD(**hyper))
    if manifest["kind"] == "svdpp":
        shared |= {name: arrays[name] for name in ("user_implicit", "implicit_factors")}
        return SVDppModel(**shared, hyper=SVDpp(**hyper), watches=manifest["watches"])
    raise ValueError(f"kind {manifest['kind']!r} is neither svd nor svdpp")


def _check_shapes(folder: Path, arrays: dict[str, NDArray[Any]], model: Factors) -> None:
    """Raises CorruptFile when the arrays do not belong together."""
    n_users, n_movies, k = len(arrays["users"]), len(arrays["movies"]), model.hyper.n_factors
    expected = {
        "user_bias": (n_users,),
        "movie_bias": (n_movies,),
        "user_factors": (n_users, k),
        "movie_factors": (k, n_movies),
        "user_implicit": (n_users, k),
        "implicit_factors": (n_movies, k),
        "popular": (n_movies,),
        "seen_indptr": (n_users + 1,),
        "seen_indices": (int(arrays["seen_indptr"][-1]),),
    }
    for name, shape in expected.items():
        if name in arrays and arrays[name].shape != shape:
            raise CorruptFile(
                f"{folder}: {name} has the shape {arrays[name].shape}, not {shape}; "
                "run `dvc checkout`"
            )
