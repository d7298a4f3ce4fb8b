"""A kind of model and its parameters → the function that fits it by our own kernels."""

from typing import Any

from scipy import sparse

from movierec.models import svd, svdpp
from movierec.models.model import Factors, OnEpoch
from movierec.models.stopping import Fit
from movierec.params import Train


def fitter(kind: str, params: Train, scale: tuple[float, float]) -> Fit:
    """What fits `kind` (svd or svdpp) with the dtype and the N(u) that `params` names."""

    def fit(
        train: sparse.csr_array, watched: sparse.csr_array, hyper: Any, on_epoch: OnEpoch
    ) -> Factors:
        options: Any = {"scale": scale, "dtype": params.dtype, "on_epoch": on_epoch}
        if kind == "svd":
            return svd.fit(train, hyper, **options)
        implicit = watched if params.implicit == "watched" else None
        return svdpp.fit(train, hyper, watched=implicit, **options)

    return fit
