"""A model → the folder that `modelfile` reads. Its bytes depend on the dataset and the
hyperparameters only."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from movierec.arrays import write_folder
from movierec.dataset.matrix import Dataset
from movierec.models.implicit import rated_or_watched
from movierec.models.model import Model
from movierec.models.modelfile import FORMAT, UPTAKE
from movierec.models.popularity import popularity, popularity_order
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
    seen_indptr, seen_indices = rated_or_watched(dataset.train, dataset.watched)
    held = {
        "users": dataset.users,
        "movies": dataset.movies,
        "seen_indptr": seen_indptr,
        "seen_indices": seen_indices,
        "watchers": dataset.watchers.users,
        "watchers_indptr": dataset.watchers.indptr,
        "watchers_indices": dataset.watchers.indices,
        "popular": popularity_order(popularity(dataset)),
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
