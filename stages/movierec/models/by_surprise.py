"""`engine: surprise`: scikit-surprise fits, and the result becomes a model of ours.

The library is imported here only, and only when asked for: serving needs none of it.
"""

from typing import Any

import numpy as np
from scipy import sparse

from movierec.errors import BadParams, LimitExceeded
from movierec.models import svd, svdpp
from movierec.models.kernels import descent
from movierec.models.model import SHARED
from movierec.params import SVD, SVDpp


def fit_svd(
    train: sparse.csr_array, hyper: SVD, scale: tuple[float, float], dtype: str
) -> svd.SVDModel:
    """SVD by Surprise: see `svd.fit`. Slow, and it reports no epochs."""
    import surprise

    fitted = _fit(surprise.SVD, train, hyper, scale)
    shared = _factors("svd", fitted, train, dtype)
    return svd.SVDModel(scale, fitted.trainset.global_mean, **shared, hyper=hyper)


def fit_svdpp(
    train: sparse.csr_array, hyper: SVDpp, scale: tuple[float, float], dtype: str
) -> svdpp.SVDppModel:
    """SVD++ by Surprise, N(u) the rated movies: see `svdpp.fit`. Very slow."""
    import surprise

    fitted = _fit(surprise.SVDpp, train, hyper, scale, cache_ratings=True)
    shared = _factors("svdpp", fitted, train, dtype)
    rated = np.bincount(train.indices, minlength=train.shape[1]) > 0
    y = np.where(rated[:, None], np.asarray(fitted.yj), 0).astype(dtype)
    sums = svdpp.implicit_sums(train.indptr, train.indices, y)
    mean = fitted.trainset.global_mean
    implicit: dict[str, Any] = {"user_implicit": sums, "implicit_factors": y, "watches": False}
    return svdpp.SVDppModel(scale, mean, **shared, hyper=hyper, **implicit)


def trainset(train: sparse.csr_array, scale: tuple[float, float]) -> Any:
    """Surprise's Trainset whose inner ids are the rows and columns of `train`."""
    from surprise import Trainset

    by_user: dict[int, list[tuple[int, float]]] = {}
    by_movie: dict[int, list[tuple[int, float]]] = {}
    bounds = train.indptr.tolist()
    for u in range(train.shape[0]):
        row = slice(bounds[u], bounds[u + 1])
        pairs = list(zip(train.indices[row].tolist(), train.data[row].tolist(), strict=True))
        if pairs:
            by_user[u] = pairs
        for i, r in pairs:
            by_movie.setdefault(i, []).append((u, r))
    ids = ({n: n for n in range(size)} for size in train.shape)
    return Trainset(by_user, by_movie, *train.shape, train.nnz, scale, *ids)


def _fit(
    algorithm: Any, train: sparse.csr_array, hyper: SVD, scale: tuple[float, float], **more: Any
) -> Any:
    descent.check(train, hyper)
    if hyper.lr_decay or hyper.holdout_share:
        raise BadParams("train: engine surprise knows no lr_decay or holdout_share; set them to 0")
    ours = {"seed", "lr_decay", "holdout_share", "patience"}
    options = {name: value for name, value in vars(hyper).items() if name not in ours}
    fitted = algorithm(**options, random_state=hyper.seed, **more)
    with np.errstate(over="ignore", invalid="ignore"):
        return fitted.fit(trainset(train, scale))


def _factors(kind: str, fitted: Any, train: sparse.csr_array, dtype: str) -> dict[str, Any]:
    """b_u, b_i, p_u, q_i as `descent.factors` gives them. Raises LimitExceeded."""
    raters = np.diff(train.indptr) > 0
    rated = np.bincount(train.indices, minlength=train.shape[1]) > 0
    p, q = (np.asarray(a) for a in (fitted.pu, fitted.qi))
    arrays = (
        fitted.bu,
        fitted.bi,
        np.where(raters[:, None], p, 0),
        np.where(rated[:, None], q, 0).T,
    )
    if not all(np.isfinite(array).all() for array in arrays):
        raise LimitExceeded(
            f"{kind}: training by scikit-surprise diverged: lower a learning rate or raise its "
            "regularisation"
        )
    return {
        name: np.ascontiguousarray(array, dtype) for name, array in zip(SHARED, arrays, strict=True)
    }
