"""Settings against each other on training ratings alone. The validation part stays unseen.

Each part holds a share of the *training* ratings out, by another hash; a fit to the rest stops
where their error is least. Settings are compared part by part, on the same ratings: so those that
are far behind need not be fitted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any, TypeVar

from movierec.dataset.matrix import Dataset
from movierec.errors import BadInput, LimitExceeded
from movierec.models import stopping
from movierec.models.model import ByEpochs

H = TypeVar("H", bound=ByEpochs)

HOLDOUT = 0.15
PARTS = 3
BEHIND = (0.01, 0.003)
"""Given up after the first part, or the second, are settings whose mean error over the parts so far
is by more than this share above that of the best."""


@dataclass(frozen=True)
class Judged:
    """The least error over each part, and after how many epochs; fewer than PARTS when given up,
    and none of one that diverged."""

    errors: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()

    @property
    def score(self) -> float:
        """Mean error over all parts; infinite when given up."""
        return fmean(self.errors) if len(self.errors) == PARTS else float("inf")

    @property
    def n_epochs(self) -> int:
        """Median of the best numbers of epochs."""
        return int(median(self.epochs))

    def is_hopeless(self, best: "Judged | None") -> bool:
        """Whether it is too far behind `best` to be fitted again."""
        done = len(self.errors)
        if best is None or not 0 < done <= len(BEHIND):
            return False
        return fmean(self.errors) > fmean(best.errors[:done]) * (1 + BEHIND[done - 1])


def judge(
    fit_once: stopping.FitOnce[Any],
    dataset: Dataset,
    hyper: ByEpochs,
    best: Judged | None = None,
    progress: stopping.Progress = int,
) -> Judged:
    """What the parts say of `hyper`, given up when it is hopeless beside `best` (whole, or None).

    `progress` is called after each epoch. Several members are judged by one of them. Raises
    BadInput when there are too few ratings to hold any out.
    """
    judged = Judged()
    for part in range(PARTS):
        tried = replace(hyper, holdout_share=HOLDOUT, seed=part, members=1)
        try:
            epochs, errors = stopping.best_epochs(
                fit_once, dataset.train, dataset.watched, tried, progress, dataset.weights
            )
        except LimitExceeded:  # it diverges
            return Judged()
        if not errors:
            raise BadInput(
                f"{dataset.train.nnz} training ratings are too few to hold any out and judge "
                "settings by them; use more days"
            )
        judged = Judged((*judged.errors, min(errors)), (*judged.epochs, epochs))
        if judged.is_hopeless(best):
            break
    return judged


def choose(
    fit_once: stopping.FitOnce[H],
    dataset: Dataset,
    candidates: Sequence[H],
    progress: stopping.Progress = int,
) -> H:
    """The one of `candidates`, as it is, that errs least; the first of equals, or when all
    diverge. Raises BadInput as `judge` does."""
    found, best = candidates[0], None
    for hyper in candidates:
        judged = judge(fit_once, dataset, hyper, best, progress)
        if judged.score < (best.score if best else float("inf")):
            found, best = hyper, judged
    return found
