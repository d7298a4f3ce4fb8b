"""What every model is: how it answers, and what of it is stored.

A kind of model is a frozen dataclass that extends `Model`. Each of its fields is stored: those
with a `shape` as an array, the others (numbers, texts, truths) as an entry of the manifest.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from movierec.fields import number

Floats = NDArray[Any]
Ints = NDArray[Any]

SHAPE = "shape"
DTYPES = ("float32", "float64")
"""Of factors."""


def shape(*names: str) -> dict[str, Any]:
    """The metadata of a field that holds an array; its sizes are named `n_users`, `n_movies` or
    as `Model.sizes` says."""
    return {SHAPE: names}


@dataclass(frozen=True)
class Hyper:
    """Hyperparameters of a kind of model: fields of `movierec.fields`, one a key of its section
    in params.yaml."""


@dataclass(frozen=True)
class ByEpochs(Hyper):
    """Hyperparameters of a model that is fitted in passes over the ratings.

    With a `holdout_share` of the training ratings held out, n_epochs is only the most, and the
    number is the one after which their error has not fallen for `patience` epochs.
    """

    n_epochs: int = number(low=1)
    holdout_share: float = number(low=0, high=0.5)
    patience: int = number(low=1)
    seed: int = number(low=0, high=2**32 - 1)
    """Of which ratings are held out, and of initial values."""
    members: int = number(low=1, high=64)
    """How many fits, from seeds of their own, are stored as one model: see `models.members`. The
    number of epochs is found on the first of them alone, and is that of all: their mean, which
    overfits later, would take a few more and err a little less, for as many fits again."""


@dataclass(frozen=True, kw_only=True)
class Model(ABC):
    """A fitted model of n_users × n_movies ratings."""

    kind: ClassVar[str]
    """The name it is registered, stored and served under, such as `svd`."""
    scale: tuple[float, float]
    """Lowest and highest rating."""
    hyper: Hyper
    """What it was fitted with."""

    @abstractmethod
    def predict(self, u: Ints, i: Ints) -> NDArray[np.float64]:
        """Ratings of the pairs (u, i), kept inside the scale. Shapes: (n,), (n,) → (n,)."""

    @abstractmethod
    def scores(self, u: int) -> NDArray[np.float64]:
        """(n_movies,) unclipped ratings of user `u`, for ranking."""

    @abstractmethod
    def scores_for(self, items: Ints, ratings: Floats, watched: Ints) -> NDArray[np.float64]:
        """(n_movies,) unclipped ratings of a user who has no row in the model, who rated
        `items` with `ratings` and watched the movies `watched` (indices; any may be empty)."""

    def implicit_parts(
        self, items: Ints, rated: Ints | None, watched: Ints
    ) -> tuple[Ints, NDArray[np.float64]] | None:
        """What it adds to ratings that a movie was taken up, whatever rating it got: (N, parts) for
        a user who rated `rated` and watched `watched`, the movies N, ascending, and what each of
        them adds to the unclipped rating of each of `items`, (len(items), len(N)).

        `rated` is None where a row does not tell which of `watched` were rated. None for a kind
        to which that says nothing, and where N is not known.
        """
        return None

    @classmethod
    def array_fields(cls) -> list["Field[Any]"]:
        """The fields that hold arrays."""
        return [f for f in fields(cls) if SHAPE in f.metadata]

    @classmethod
    def entry_fields(cls) -> list["Field[Any]"]:
        """The fields of this kind alone that hold plain values."""
        common = {f.name for f in fields(Model)}
        return [f for f in fields(cls) if SHAPE not in f.metadata and f.name not in common]

    def arrays(self) -> dict[str, Floats]:
        """Every array that must be stored, by name: those that are not None."""
        found = {f.name: getattr(self, f.name) for f in self.array_fields()}
        return {name: array for name, array in found.items() if array is not None}

    def sizes(self) -> dict[str, int]:
        """The sizes in its arrays' shapes beside `n_users` and `n_movies`: here the whole numbers
        among the hyperparameters."""
        return {name: value for name, value in vars(self.hyper).items() if type(value) is int}

    def entries(self) -> dict[str, Any]:
        """Every plain value that must be stored beside kind, scale and hyperparameters."""
        return {f.name: getattr(self, f.name) for f in self.entry_fields()}


class Epoch(NamedTuple):
    """What a fit says after each pass over the ratings."""

    number: int
    """From 1."""
    rmse: float
    """Root mean squared error over the ratings, each taken just before its own update."""
    model: Callable[[], Model]
    """Makes the model as it is now: a copy."""


OnEpoch = Callable[[Epoch], bool | None]
"""Called after each epoch; training ends when it returns True."""
