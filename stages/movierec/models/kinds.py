"""The kinds of model there are: the one list that training, files and programs go by.

A service reads it to load a model, and must not pay for the compiler and the matrices that
training needs: so what fits is imported when it is called. A kind more is its model's file (and
its kernel's), an entry here, and its section in params.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from movierec.models.model import Hyper, Model, OnEpoch
from movierec.models.svd import SVD, SVDModel
from movierec.models.svdpp import SVDpp, SVDppModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse

H = TypeVar("H", bound=Hyper)
H_contra = TypeVar("H_contra", bound=Hyper, contravariant=True)


class Fit(Protocol[H_contra]):
    """What makes a model of ratings."""

    def __call__(
        self,
        train: "sparse.csr_array",
        hyper: H_contra,
        *,
        watched: "sparse.csr_array | None" = None,
        weights: "NDArray[np.float32] | None" = None,
        scale: tuple[float, float],
        dtype: str = "float32",
        on_epoch: OnEpoch | None = None,
    ) -> Model:
        """Fit to `train`, (n_users, n_movies), and to `watched` of the same shape, or to ratings
        alone. `weights`, (n_users,) in (0, 1], say how much each user teaches of movies; None is 1
        each. `on_epoch` is called after each pass, at least once.

        Raises BadInput without ratings, LimitExceeded when training diverges.
        """


@dataclass(frozen=True)
class Kind(Generic[H]):
    """One kind of model."""

    title: str
    """Its name for people."""
    model: type[Model]
    hyper: type[H]
    """Its section in params.yaml, `train.<kind>`."""
    fit: Fit[H]
    by_surprise: Fit[H] | None = None
    """The same by scikit-surprise, if that knows it."""


def _svd(train: "sparse.csr_array", hyper: SVD, **options: Any) -> SVDModel:
    from movierec.models.kernels import svd

    return svd.fit(train, hyper, **options)


def _svd_by_surprise(train: "sparse.csr_array", hyper: SVD, **options: Any) -> SVDModel:
    from movierec.models import by_surprise

    return by_surprise.fit_svd(train, hyper, **options)


def _svdpp(train: "sparse.csr_array", hyper: SVDpp, **options: Any) -> SVDppModel:
    from movierec.models.kernels import svdpp

    return svdpp.fit(train, hyper, **options)


def _svdpp_by_surprise(train: "sparse.csr_array", hyper: SVDpp, **options: Any) -> SVDppModel:
    from movierec.models import by_surprise

    return by_surprise.fit_svdpp(train, hyper, **options)


KINDS: Mapping[str, Kind[Any]] = {
    "svd": Kind("SVD", SVDModel, SVD, _svd, _svd_by_surprise),
    "svdpp": Kind("SVD++", SVDppModel, SVDpp, _svdpp, _svdpp_by_surprise),
}
