"""A model → the folder that `modelfile` reads. Its bytes depend on the dataset and the
hyperparameters only."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from movierec.arrays import write_folder
from movierec.dataset.matrix import Dataset
from movierec.models.implicit import everybody
from movierec.models.model import Model
from movierec.models.modelfile import FORMAT, UPTAKE
from movierec.models.popularity import popularity_order, weighed_popularity
from movierec.models.uptake import UptakeModel


def save_model(
    folder: Path,
    model: Model,
    dataset: Dataset,
    facts: Mapping[str, Any],
    uptake: UptakeModel | None = None,
) -> None:
    """Write `model` and `uptake`, fitted to `dataset`, to `folder`. `facts` (the engine, …) go into
    its manifest and must not depend on when, where or by whom it was fitted."""
    indptr, indices = everybody(dataset)
    seen_indptr = indptr[: len(dataset.users) + 1]
    held = {
        "users": dataset.users,
        "movies": dataset.movies,
        "seen_indptr": seen_indptr,
        "seen_indices": indices[: seen_indptr[-1]],
        "watchers": dataset.watchers.users,
        "watchers_indptr": dataset.watchers.indptr,
        "watchers_indices": dataset.watchers.indices,
        "popular": popularity_order(weighed_popularity(dataset)),
    }
    manifest = {
        "format": FORMAT,
        "kind": model.kind,
        "hyperparameters": asdict(model.hyper),
        "scale": list(model.scale),
        "data_hash": dataset.data_hash,
        "n_users": len(dataset.users),
        "n_movies": len(dataset.movies),
        "uptake": None if uptake is None else asdict(uptake.hyper),
        "facts": dict(facts),
    }
    arrays = model.arrays() | held
    if uptake is not None:
        arrays |= {UPTAKE + name: array for name, array in uptake.arrays().items()}
    write_folder(folder, arrays, model.entries() | manifest)
