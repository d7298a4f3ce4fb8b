"""Kernels work on rows as numpy would on their lanes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.models.kernels.cache import kernel
from movierec.models.kernels.lanes import (
    PATTERN,
    dot,
    exchange,
    load,
    row_type,
    store,
    width,
)
from movierec.models.kernels.vectors import LANES


@kernel
def _exchanged(rows: NDArray[Any], steps: NDArray[Any], e: Any) -> Any:
    """The rows "s" of element 1 and "r" of element 0 move by each other; their product before."""
    r = load(rows, 0, "r")
    before = dot(load(rows, 1, "s"), r)
    store(rows, 0, "r", exchange(rows, 1, "s", r, "r", steps, 0, e))
    return before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 8, 9, 16, 17, 24, 25, 102])
def test_rows_exchange_as_their_lanes_would(dtype: str, n: int) -> None:
    scalar, lanes, random = np.dtype(dtype), width(n), np.random.default_rng(n)
    fields = "keep_s", "gain_s", "keep_r", "gain_r"
    rows = np.zeros(3, row_type(scalar, lanes, "r", "s"))
    steps = np.zeros(1, row_type(scalar, PATTERN, *fields))
    for table in (rows, steps):
        for name in table.dtype.names or ():
            table[name] = random.uniform(-1, 1, table[name].shape)
    old, e = rows.copy(), scalar.type(0.7)
    chosen = [max(k - lanes + PATTERN, k % LANES) for k in range(lanes)]  # see PATTERN
    keep_s, gain_s, keep_r, gain_r = (steps[name][0, chosen].astype(np.float64) for name in fields)
    r, s = old["r"][0].astype(np.float64), old["s"][1].astype(np.float64)

    before = _exchanged(rows, steps, e)

    tolerance = 20 * float(np.finfo(scalar).eps)
    assert before == pytest.approx(r @ s, abs=tolerance * lanes)
    np.testing.assert_allclose(rows["s"][1], keep_s * s + float(e) * gain_s * r, atol=tolerance)
    np.testing.assert_allclose(rows["r"][0], keep_r * r + float(e) * gain_r * s, atol=tolerance)
    rows["s"][1], rows["r"][0] = old["s"][1], old["r"][0]
    assert rows.tobytes() == old.tobytes()


@kernel
def _dot(rows: NDArray[Any]) -> Any:
    return dot(load(rows, 0, "r"), load(rows, 1, "r"))


@pytest.mark.parametrize("n", [1, 8, 16, 24, 102])
def test_a_dot_product_is_summed_in_its_one_order_to_the_bit(n: int) -> None:
    """The bytes of models rest on it: even vectors, odd vectors, both, then halves."""
    random = np.random.default_rng(n)
    rows = np.zeros(2, row_type(np.dtype("f4"), width(n), "r"))
    rows["r"] = random.uniform(-1, 1, rows["r"].shape)
    left, right = (row.reshape(-1, LANES).astype("f8") for row in rows["r"])
    chains = [products.astype("f4") for products in left[:2] * right[:2]]
    for k in range(2, len(left)):  # each product exact, each sum rounded once
        chains[k % 2] = (left[k] * right[k] + chains[k % 2]).astype("f4")
    lanes = chains[0] + chains[1] if len(chains) > 1 else chains[0]
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    assert _dot(rows) == lanes[0]
