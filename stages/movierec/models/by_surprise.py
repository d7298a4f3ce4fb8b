"""`engine: surprise`: scikit-surprise fits, and the result becomes a model of ours.

The library is imported here only, and only when asked for: serving needs none of it.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from movierec.dataset.matrix import rows_of
from movierec.errors import BadParams, LimitExceeded
from movierec.models.accuracy import rmse
from movierec.models.kernels import descent
from movierec.models.kernels.svdpp import implicit_sums
from movierec.models.model import Epoch, OnEpoch
from movierec.models.svd import SVD, SVDModel
from movierec.models.svdpp import SVDpp, SVDppModel

M = TypeVar("M", bound=SVDModel)

OURS = {"seed", "lr_decay", "holdout_share", "patience", "members"}
"""Hyperparameters that Surprise does not know, or not by this name."""


def fit_svd(
    train: sparse.csr_array,
    hyper: SVD,
    *,
    watched: sparse.csr_array | None = None,
    weights: NDArray[np.float32] | None = None,
    scale: tuple[float, float],
    dtype: str = "float32",
    on_epoch: OnEpoch | None = None,
) -> SVDModel:
    """SVD by Surprise: see `kernels.svd.fit`. Slow, and it tells of the last epoch only."""
    import surprise

    _refuse_weights(weights)
    fitted = _fit(surprise.SVD, train, hyper, scale)
    shared = _factors(SVDModel.kind, fitted, train, dtype)
    mean = fitted.trainset.global_mean
    return _told(train, SVDModel(scale=scale, hyper=hyper, mean=mean, **shared), on_epoch)


def fit_svdpp(
    train: sparse.csr_array,
    hyper: SVDpp,
    *,
    watched: sparse.csr_array | None = None,
    weights: NDArray[np.float32] | None = None,
    scale: tuple[float, float],
    dtype: str = "float32",
    on_epoch: OnEpoch | None = None,
) -> SVDppModel:
    """SVD++ by Surprise, N(u) the rated movies: see `kernels.svdpp.fit`. Very slow, and it tells
    of the last epoch only. Raises BadParams for watches."""
    import surprise

    if watched is not None:
        raise BadParams("train: engine surprise knows rated movies only; set implicit to rated")
    _refuse_weights(weights)
    fitted = _fit(surprise.SVDpp, train, hyper, scale, cache_ratings=True)
    shared = _factors(SVDppModel.kind, fitted, train, dtype)
    rated = np.bincount(train.indices, minlength=train.shape[1]) > 0
    y = np.where(rated[:, None], np.asarray(fitted.yj), 0).astype(dtype)
    model = SVDppModel(
        scale=scale,
        hyper=hyper,
        mean=fitted.trainset.global_mean,
        user_implicit=implicit_sums(train.indptr, train.indices, y),
        implicit_factors=y,
        **shared,
    )
    return _told(train, model, on_epoch)


def _refuse_weights(weights: NDArray[np.float32] | None) -> None:
    """Raises BadParams for a user who is to count for less: to Surprise everybody counts alike."""
    fewer = 0 if weights is None else int((weights < 1).sum())
    if fewer:
        raise BadParams(
            f"train: engine surprise knows no weights, and {fewer} users weigh less than 1; set "
            "engine to fast, or shilling.weight, and each of shilling.by_hand, to 1"
        )


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
    descent.check(train)
    if hyper.lr_decay or hyper.holdout_share:
        raise BadParams("train: engine surprise knows no lr_decay or holdout_share; set them to 0")
    if hyper.members > 1:
        raise BadParams("train: engine surprise fits one member; set members to 1")
    options = {name: value for name, value in vars(hyper).items() if name not in OURS}
    fitted = algorithm(**options, random_state=hyper.seed, **more)
    with np.errstate(over="ignore", invalid="ignore"):
        return fitted.fit(trainset(train, scale))


def _factors(kind: str, fitted: Any, train: sparse.csr_array, dtype: str) -> dict[str, Any]:
    """Biases and factors by their names in `SVDModel`. Raises LimitExceeded."""
    found = (np.asarray(array) for array in (fitted.bu, fitted.bi, fitted.pu, fitted.qi))
    arrays = descent.known_only(train, *found)
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise LimitExceeded(
            f"{kind}: training by scikit-surprise diverged: lower a learning rate or raise its "
            "regularisation"
        )
    return {name: np.ascontiguousarray(array, dtype) for name, array in arrays.items()}


def _told(train: sparse.csr_array, model: M, on_epoch: OnEpoch | None) -> M:
    """`model`, once its only epoch that we know of has been told."""
    if on_epoch:
        error = rmse(model.predict(rows_of(train), train.indices) - train.data)
        on_epoch(Epoch(model.hyper.n_epochs, error, lambda: model))
    return model
