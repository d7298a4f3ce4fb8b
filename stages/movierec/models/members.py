"""Several fits as one model, whose predictions are the mean of theirs (before they are clipped):

    r̂_ui = 1/S Σ_m (μ + b_u^m + b_i^m + q_i^mᵀ z_u^m) = μ + b̄_u + b̄_i + q_iᵀ z_u

    z_u = [z_u^1 … z_u^S],    q_i = [q_i^1 … q_i^S] / S

One SVD or SVD++ of S times the factors: the members, which differ in their seeds alone, are stored
side by side. Only q is divided, so that p, y and the sums of y stay each member's own.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from movierec.models.model import SHAPE, ByEpochs, Floats
from movierec.models.svd import LANES, SVD, SVDModel

H = TypeVar("H", bound=ByEpochs)
M = TypeVar("M", bound=SVDModel)

SEEDS = 2**32


def alone(hyper: H) -> list[H]:
    """The hyperparameters of each member: its seed is `seed` + its number, from 0 on, past
    2³² − 1 from 0 again. So each can be fitted by itself, and the first one is what
    `members: 1` fits."""
    return [replace(hyper, members=1, seed=(hyper.seed + m) % SEEDS) for m in range(hyper.members)]


def joined(members: Sequence[M], hyper: SVD) -> M:
    """The mean of `members`, fitted to the same ratings with what `alone(hyper)` says."""
    if len(members) == 1:
        return members[0]
    arrays: dict[str, Any] = {}
    for field in members[0].array_fields():
        parts = [getattr(member, field.name) for member in members]
        if field.name == "member_bias":
            arrays[field.name] = np.stack([member.movie_bias for member in members])
        elif LANES in field.metadata[SHAPE]:
            arrays[field.name] = np.concatenate(parts, field.metadata[SHAPE].index(LANES))
        else:
            arrays[field.name] = _mean(parts)
    q = arrays["movie_factors"]
    arrays["movie_factors"] = np.divide(q, len(members), dtype=np.float64).astype(q.dtype)
    return replace(members[0], hyper=hyper, **arrays)


def _mean(parts: Sequence[Floats]) -> Floats:
    """Summed in float64, in their order; in the dtype that they have."""
    mean: Floats = np.mean(parts, axis=0, dtype=np.float64).astype(parts[0].dtype)
    return mean
