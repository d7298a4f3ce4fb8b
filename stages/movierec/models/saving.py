"""A model → the folder that `modelfile` reads. Its bytes depend on the dataset and the
hyperparameters only."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from movierec.arrays import write_folder
from movierec.dataset.matrix import Dataset
from movierec.models.implicit import rated_or_watched
from movierec.models.model import Model
from movierec.models.modelfile import FORMAT
from movierec.models.popularity import popularity_order


def save_model(folder: Path, model: Model, dataset: Dataset, facts: Mapping[str, Any]) -> None:
    """Write `model`, fitted to `dataset`, to `folder`. `facts` (the engine, …) go into its
    manifest and must not depend on when, where or by whom it was fitted."""
    seen_indptr, seen_indices = rated_or_watched(dataset.train, dataset.watched)
    held = {
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
        "scale": list(model.scale),
        "data_hash": dataset.data_hash,
        "n_users": len(dataset.users),
        "n_movies": len(dataset.movies),
        "facts": dict(facts),
    }
    write_folder(folder, model.arrays() | held, model.entries() | manifest)
