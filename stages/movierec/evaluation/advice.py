"""What an evaluation advises, in a line for people: where lists were better ranked otherwise."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation import ranking
from movierec.evaluation.validation import Validation

SURE = 2.0
"""Standard errors by which the mean of users must differ from zero."""


def advice(lists: Mapping[str, NDArray[np.int32]], part: Validation) -> str | None:
    """Of a model's lists, (n_users, k) by name as `offline.evaluate` makes them: that lists by
    rating alone are better, and the remedy; None where they are not, for certain, over the users
    with a relevant movie."""
    n_relevant = np.diff(part.relevant.indptr)
    some = n_relevant > 0
    if "rating_alone" not in lists or some.sum() < 2:
        return None
    alone, both = (
        ranking.recall(ranking.hits(lists[name], part.relevant)[some], n_relevant[some])
        for name in ("rating_alone", "model")
    )
    gain = alone - both
    if gain.mean() <= SURE * gain.std(ddof=1) / np.sqrt(len(gain)):
        return None
    return (
        f"lists by rating alone recall {alone.mean():.4f}, more than the {both.mean():.4f} of "
        "uptake × liking: here who takes up what only blurs what ratings say; "
        "train.uptake.n_factors: 0 in params.yaml ranks by rating alone"
    )
