"""Settings that fit a dataset: trial after trial, on training ratings alone."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from movierec.dataset.matrix import Dataset
from movierec.models import stopping
from movierec.models.candidates import candidate
from movierec.models.judging import Judged, judge
from movierec.models.svd import SVD
from movierec.models.trials import Trials

OnTrial = Callable[[SVD, Judged, bool], object]
"""Called after each trial, known ones too, with its settings, what the parts said of them, and
whether they are the best so far."""


class _OutOfTimeError(Exception):
    """The budget is spent: the trial that runs is given back."""


def search(
    fit_once: stopping.FitOnce[Any],
    dataset: Dataset,
    start: SVD,
    *,
    trials: int,
    seconds: float = float("inf"),
    seed: int = 1,
    log: Trials | None = None,
    on_trial: OnTrial = lambda hyper, judged, best: None,
    progress: stopping.Progress = int,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[SVD, Judged | None]:
    """(the best settings of `trials` from `start` on, what the held-out parts said of them).

    Ends after `seconds` at the latest, within an epoch, then with what was found so far: `start`
    and None when not even that was judged. A trial that stands in `log` is not made again, and each
    one made is kept there. `progress` is called after each epoch. Settings found keep the patience,
    the held-out share, the seed and the members of `start`.
    """
    end = clock() + seconds

    def tick() -> None:
        progress()
        if clock() >= end:
            raise _OutOfTimeError

    best, found, judged_best = start, start, None
    for number in range(trials):
        hyper = candidate(number, start, best, seed)
        judged = None if log is None else log.known(number, hyper)
        if judged is None:
            try:
                judged = judge(fit_once, dataset, hyper, judged_best, tick)
            except _OutOfTimeError:
                break
            if log is not None:
                log.add(hyper, judged)
        better = judged.score < (judged_best.score if judged_best else float("inf"))
        if better:
            best, judged_best = hyper, judged
            found = replace(hyper, n_epochs=judged.n_epochs, patience=start.patience)
        on_trial(found if better else hyper, judged, better)
    return found, judged_best
