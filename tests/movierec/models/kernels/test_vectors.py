"""The same bits from machine code for another processor, and rows where numpy has them."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from movierec.models.kernels.lanes import row_type
from movierec.models.kernels.vectors import LANES, Row, field_of

PROGRAM = """
import hashlib
from movierec.models.kernels import svd, svdpp
from tests.inputs.ratings import SCALE, random_ratings, svd_params, svdpp_params
from tests.inputs.uptake import fitted, taken_up
train, watched = random_ratings(40, 30, 0.3), random_ratings(40, 30, 0.3, seed=1)
digest = hashlib.sha256()
for model in (svd.fit(train, svd_params(), scale=SCALE),
              svdpp.fit(train, svdpp_params(), watched=watched, scale=SCALE),
              fitted(taken_up(60, 90, 0.3), 90)):
    for _, array in sorted(model.arrays().items()):
        digest.update(array.tobytes())
print(digest.hexdigest())
"""


def bytes_of_models(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_models_have_the_same_bytes_on_a_plain_processor() -> None:
    plain = bytes_of_models(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert bytes_of_models() == plain


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_field_is_where_numpy_has_it(dtype: str) -> None:
    record = row_type(np.dtype(dtype), 2 * LANES, "p", "y")
    array, places = numba.typeof(np.zeros(3, record)), record.fields
    assert places is not None
    for name in ("p", "y"):
        kind, offset = field_of(array, numba.types.literal(name))
        assert offset == places[name][1]
        assert kind == Row(getattr(numba.types, dtype), 2 * LANES)
        assert kind.parts == 2
