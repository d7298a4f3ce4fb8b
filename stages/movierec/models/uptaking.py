"""params.yaml's `train.uptake` → who takes up what, fitted."""

from dataclasses import dataclass
from pathlib import Path

from movierec.dataset.matrix import Dataset
from movierec.fields import choice
from movierec.models.implicit import everybody, everyone_weighs
from movierec.models.kernels import uptake
from movierec.models.model import DTYPES
from movierec.models.popularity import trend
from movierec.models.uptake import SECTION, Uptake, UptakeModel
from movierec.params import load_section


@dataclass(frozen=True)
class _Shared:
    """What it shares with the kinds of model."""

    dtype: str = choice(*DTYPES)


def load_uptake(path: Path) -> Uptake:
    """What `train.uptake` in a params file says. Raises BadParams."""
    return load_section(path, f"train.{SECTION}", Uptake)


def load_dtype(path: Path) -> str:
    """`train.dtype` of a params file. Raises BadParams; no other key is looked at."""
    return load_section(path, "train", _Shared, apart=None).dtype


def fit_uptake(dataset: Dataset, hyper: Uptake, dtype: str, threads: int = 1) -> UptakeModel | None:
    """Who takes up what, watchers included; None when `hyper` asks for no factors.
    `threads` change no bit of it.

    Raises LimitExceeded when the weights of `hyper` are too large or too small for the dtype.
    """
    if hyper.n_factors == 0:
        return None
    return uptake.fit(
        everybody(dataset),
        (len(dataset.users), len(dataset.movies)),
        hyper,
        trend=trend(dataset, hyper.trend_days),
        weights=everyone_weighs(dataset),
        dtype=dtype,
        threads=threads,
    )
