"""Rows of sums: one a (user, model, arm, tier, state), whole numbers that add up. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = Mapping[str, NDArray[Any]]

KEYS = {"user": "<i8", "model": "<i2", "arm": "<i2", "tier": "<i2", "state": "<i4"}
SUMS = {
    "answers": "<i4",
    "conversions": "<i4",
    "minutes": "<i4",
    "repeated": "<i4",
    "ratings": "<i4",
    "rating": "<i8",  # hundredths
    "predicted": "<i4",
    "squared": "<f8",  # 10⁻⁶
}


def grouped(rows: Rows) -> dict[str, NDArray[Any]]:
    """The sums of rows that have the same keys, ascending by these."""
    order = np.lexsort([rows[name] for name in reversed(KEYS)])
    keys = {name: rows[name][order].astype(dtype) for name, dtype in KEYS.items()}
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = np.any([column[1:] != column[:-1] for column in keys.values()], axis=0)
    starts = np.flatnonzero(fresh)
    sums = {name: _added(rows[name][order], starts).astype(dtype) for name, dtype in SUMS.items()}
    return {name: column[fresh] for name, column in keys.items()} | sums


def _added(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    wide = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    return np.add.reduceat(wide, starts) if len(starts) else wide


def chained(parts: Iterable[Rows]) -> dict[str, NDArray[Any]]:
    """The rows of several, one after the other."""
    some = list(parts)
    empty = {name: np.empty(0, dtype) for name, dtype in (KEYS | SUMS).items()}
    return {name: np.concatenate([part[name] for part in [empty, *some]]) for name in empty}


def chosen(rows: Rows, mask: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """The rows where `mask`."""
    return {name: column[mask] for name, column in rows.items()}
