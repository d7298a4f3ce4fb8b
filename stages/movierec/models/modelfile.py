"""A `movierec.arrays` folder → a model: verified before use, memory-mapped, no code inside.

Beside the model's own arrays the folder holds what a service needs to answer: `users`,
`movies`, what each user has already seen, and the movies in order of popularity. `saving`
writes it. A service imports this file, so neither scipy nor what fits is imported here.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from movierec.arrays import RESTORE, read_folder
from movierec.errors import BadInput, BadParams, CorruptFile
from movierec.fields import checked, value_of
from movierec.models.kinds import KINDS
from movierec.models.model import SHAPE, Model
from movierec.models.ranker import Ranker
from movierec.models.uptake import Uptake, UptakeModel

PLAIN = re.compile(rb"[!#-+\--\[\]-~]+")
"""What a movie id may be: nothing in it that JSON would escape, nor the comma that joins them."""
FORMAT = "movierec-model/3"
UPTAKE = "uptake_"
"""Before the names of the uptake's arrays."""
HELD = {
    "users": ("n_users",),
    "movies": ("n_movies",),
    "popular": ("n_movies",),
    "seen_indptr": ("n_users + 1",),
    "seen_indices": ("n_seen",),
    "watchers": ("n_watchers",),
    "watchers_indptr": ("n_watchers + 1",),
    "watchers_indices": ("n_watchers_seen",),
}
"""The arrays beside the model's own, and their shapes."""


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
    watchers: NDArray[np.int64]
    """(n_watchers,) ascending ids of users without a rating, and so without a row."""
    watchers_indptr: NDArray[np.int64]
    watchers_indices: NDArray[np.int32]
    uptake: UptakeModel | None = None
    """Who takes up what; without it lists are ranked by the predicted rating."""

    def seen_of(self, u: int) -> NDArray[np.int32]:
        """Ascending indices of the movies that user `u` rated or watched."""
        return self.seen_indices[self.seen_indptr[u] : self.seen_indptr[u + 1]]

    def seen_by_watcher(self, number: int) -> NDArray[np.int32]:
        """Ascending indices of the movies that `watchers[number]` watched."""
        return self.watchers_indices[
            self.watchers_indptr[number] : self.watchers_indptr[number + 1]
        ]

    def ranker(self) -> Ranker:
        """What its lists are ranked by."""
        return Ranker(self.model, self.uptake)


def load_model(folder: Path, *, mmap: bool = True, freeze: bool = False) -> LoadedModel:
    """Read a model, every file checked against its SHA-256 and against the others.

    With `freeze` nothing that happens to the files afterwards changes it: for who answers long.

    Raises BadInput when there is no model there, CorruptFile when there is a damaged one.
    """
    arrays, manifest = read_folder(folder, mmap=mmap, freeze=freeze)
    if manifest.get("format") != FORMAT:
        raise BadInput(f"{folder}: not a model of format {FORMAT}; run `dvc repro train`")
    try:
        model = _model(manifest, arrays)
        held = {name: arrays[name] for name in HELD}
        uptake = _uptake(manifest, arrays)
        _check_types(model, uptake, held)
        _check_shapes(model, uptake, held)
        _check_ids(held)
        _check_indices(held)
        _check_numbers(model, uptake)
        data_hash = value_of(str, manifest["data_hash"], {}, "data_hash")
        return LoadedModel(model, manifest=manifest, data_hash=data_hash, uptake=uptake, **held)
    except _Misfit as error:
        raise CorruptFile(f"{folder}: {error}; {RESTORE}") from None
    except (BadParams, KeyError, TypeError, ValueError, IndexError) as error:
        raise CorruptFile(f"{folder}: {error!r} in its manifest; {RESTORE}") from None


class _Misfit(Exception):
    """Files that verify but do not belong together."""


def _model(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    """The model that a manifest and its arrays describe."""
    if manifest["kind"] not in KINDS:
        raise ValueError(f"kind {manifest['kind']!r} is none of {', '.join(KINDS)}")
    kind = KINDS[manifest["kind"]]
    low, high = (value_of(float, bound, {}, "scale") for bound in manifest["scale"])
    if not low < high:
        raise ValueError(f"scale from {low} to {high}")
    hyper = checked(kind.hyper, manifest["hyperparameters"], "hyperparameters")
    types = get_type_hints(kind.model)
    entries = {
        f.name: value_of(types[f.name], manifest[f.name], f.metadata, f.name)
        for f in kind.model.entry_fields()
    }
    optional = {f.name for f in kind.model.array_fields() if f.default is None} - arrays.keys()
    own = {f.name: arrays[f.name] for f in kind.model.array_fields() if f.name not in optional}
    return kind.model(scale=(low, high), hyper=hyper, **entries, **own)


def _uptake(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> UptakeModel | None:
    """Who takes up what, if the model says so."""
    if manifest["uptake"] is None:
        return None
    hyper = checked(Uptake, manifest["uptake"], "uptake")
    own = {name: arrays[UPTAKE + name] for name in UptakeModel.shapes()}
    return UptakeModel(hyper=hyper, **own)


def _factors(model: Model, uptake: UptakeModel | None) -> dict[str, NDArray[Any]]:
    """The arrays of numbers that lists are made of, by the names of their files."""
    taking = {} if uptake is None else {UPTAKE + n: a for n, a in uptake.arrays().items()}
    return model.arrays() | taking


def _check_types(model: Model, uptake: UptakeModel | None, held: dict[str, NDArray[Any]]) -> None:
    """Raises _Misfit when an array holds something else than floats, whole numbers or slugs."""
    kinds = dict.fromkeys(_factors(model, uptake), "f") | dict.fromkeys(held, "i") | {"movies": "S"}
    for name, array in (_factors(model, uptake) | held).items():
        if array.dtype.kind != kinds[name]:
            raise _Misfit(f"{name} has the type {array.dtype}")


def _check_shapes(model: Model, uptake: UptakeModel | None, held: dict[str, NDArray[Any]]) -> None:
    """Raises _Misfit when the arrays do not belong together."""
    n_users, n_watchers = len(held["users"]), len(held["watchers"])
    sizes = {
        "n_users": n_users,
        "n_movies": len(held["movies"]),
        "n_users + 1": n_users + 1,
        "n_seen": int(held["seen_indptr"][-1]),
        "n_watchers": n_watchers,
        "n_watchers + 1": n_watchers + 1,
        "n_watchers_seen": int(held["watchers_indptr"][-1]),
    }
    own = {f.name: f.metadata[SHAPE] for f in model.array_fields()}
    _check(model.arrays() | held, HELD | own, model.sizes() | sizes)
    if uptake is not None:
        _check(uptake.arrays(), UptakeModel.shapes(), asdict(uptake.hyper) | sizes, UPTAKE)


def _check(
    arrays: Mapping[str, NDArray[Any]],
    shapes: Mapping[str, tuple[str, ...]],
    sizes: Mapping[str, Any],
    prefix: str = "",
) -> None:
    for name, array in arrays.items():
        expected = tuple(sizes[size] for size in shapes[name])
        if array.shape != expected:
            raise _Misfit(f"{prefix}{name} has the shape {array.shape}, not {expected}")


def _check_ids(held: Mapping[str, NDArray[Any]]) -> None:
    """Raises _Misfit when ids would not be found, as they are looked for by halving, or would be
    read as others where they are joined."""
    for name in ("users", "movies", "watchers"):
        ids = held[name]
        if (ids[1:] <= ids[:-1]).any():
            raise _Misfit(f"{name} are not distinct and ascending")
    for movie in held["movies"].tolist():
        if not PLAIN.fullmatch(movie):
            raise _Misfit(f"movies holds {movie[:40]!r}, which is no movie id")


def _check_indices(held: Mapping[str, NDArray[Any]]) -> None:
    """Raises _Misfit when a number of `popular` or of what users have seen is no movie."""
    n_movies = len(held["movies"])
    for name in ("seen_indptr", "watchers_indptr"):
        bounds = held[name]
        if bounds[0] != 0 or (bounds[1:] < bounds[:-1]).any():
            raise _Misfit(f"{name} does not ascend from 0")
    for name in ("popular", "seen_indices", "watchers_indices"):
        numbers = held[name]
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < n_movies):
            raise _Misfit(f"{name} names a movie beyond the {n_movies} that there are")
    if len(np.unique(held["popular"])) < n_movies:
        raise _Misfit("popular names a movie twice")


def _check_numbers(model: Model, uptake: UptakeModel | None) -> None:
    """Raises _Misfit when a number is not finite: no list could be made of it. The least and the
    greatest tell it, with nothing built for it."""
    for name, array in _factors(model, uptake).items():
        if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
            raise _Misfit(f"{name} holds what is no finite number")
