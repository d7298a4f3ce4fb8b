"""params.yaml's `train` → what fits a kind of model as it says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.errors import BadParams
from movierec.fields import choice
from movierec.models.kinds import KINDS, Kind
from movierec.models.model import DTYPES, Hyper, Model, OnEpoch
from movierec.models.stopping import FitOnce
from movierec.models.uptake import SECTION
from movierec.params import load_section


@dataclass(frozen=True)
class Train:
    """What all kinds of model share: which engine fits, the dtype of factors, and what counts
    as implicit feedback."""

    engine: str = choice("fast", "surprise")
    dtype: str = choice(*DTYPES)
    implicit: str = choice("rated", "watched")


def load_train(path: Path, name: str) -> tuple[Train, Hyper]:
    """What `train` in a params file says to all kinds of model, and to the kind `name`.

    Raises BadParams; the sections of other kinds are not looked at.
    """
    hyper: type[Hyper] = KINDS[name].hyper
    common = load_section(path, "train", Train, apart=[*KINDS, SECTION])
    return common, load_section(path, f"train.{name}", hyper)


def fitter(
    kind: Kind[Any],
    train: Train,
    scale: tuple[float, float],
    weights: NDArray[np.float32] | None = None,
) -> FitOnce[Any]:
    """What fits `kind` with the engine, the dtype and the watches that `train` names, to users who
    teach as much as `weights` say.

    Raises BadParams where the engine does not know this kind.
    """
    engine = kind.fit if train.engine == "fast" else kind.by_surprise
    if engine is None:
        raise BadParams(f"train: engine {train.engine} knows no {kind.title}; set it to fast")

    def fit(
        ratings: sparse.csr_array, watched: sparse.csr_array, hyper: Any, on_epoch: OnEpoch
    ) -> Model:
        return engine(
            ratings,
            hyper,
            watched=watched if train.implicit == "watched" else None,
            weights=weights,
            scale=scale,
            dtype=train.dtype,
            on_epoch=on_epoch,
        )

    return fit
