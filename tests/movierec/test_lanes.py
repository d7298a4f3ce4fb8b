"""The same bits from machine code for another processor."""

import os
import subprocess
import sys

import numpy as np

from movierec.normal import _polar, normals

PROGRAM = """
import hashlib
from movierec import svd, svdpp
from tests.movierec.ratings import SCALE, random_ratings, svd_params, svdpp_params
train, watched = random_ratings(40, 30, 0.3), random_ratings(40, 30, 0.3, seed=1)
digest = hashlib.sha256()
for model in (svd.fit(train, svd_params(), scale=SCALE),
              svdpp.fit(train, svdpp_params(), watched=watched, scale=SCALE)):
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


def test_initial_values_are_numpy_s() -> None:
    theirs = np.random.RandomState(7).normal(0.1, 0.3, 5001)
    assert np.abs(normals(7, 0.1, 0.3, 5001) - theirs).max() < 1e-14


def test_the_middle_of_the_circle_has_no_logarithm() -> None:
    out = np.empty(8)
    assert _polar(np.array([0.5, 0.5, 0.6, 0.3]), out) == 2
    assert np.isfinite(out[:2]).all()
