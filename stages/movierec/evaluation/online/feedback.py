"""Whether lists narrow what people watch: the loop from a model's lists to its next training. Pure.

Of what a model's lists held, and of what was started within the window after its answers, offered
or not: **coverage**, the share of all movies; **Gini**, 0 where each movie is as frequent as any,
near 1 where few are all; **popularity lift**, by how much more popular those movies are than those
that everybody watched on these days (Abdollahpouri et al. 2019; Chaney, Stewart and Engelhardt
2018 on the loop).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.evaluation.online.together import Together


def feedback(sums: Together) -> list[dict[str, Any]]:
    """Of each model `movies`, `coverage`, `gini` and `lift` of its lists, and the same as `watched`
    of what was started after its answers."""
    everybody = popularity(sums.watchers, sums.watchers)
    return [
        {
            **narrowness(listed, sums.watchers, everybody),
            "watched": narrowness(started, sums.watchers, everybody),
        }
        for listed, started in zip(sums.listed, sums.started, strict=True)
    ]


def narrowness(
    counts: NDArray[Any], watchers: NDArray[Any], everybody: float | None
) -> dict[str, Any]:
    """Of movies with these counts, one of all that there are each."""
    movies, own = int(np.count_nonzero(counts)), popularity(counts, watchers)
    return {
        "movies": movies,
        "coverage": movies / len(counts) if len(counts) else 0.0,
        "gini": gini(counts),
        "lift": own / everybody - 1 if own is not None and everybody else None,
    }


def popularity(counts: NDArray[Any], watchers: NDArray[Any]) -> float | None:
    """How many users watched a movie, on average over `counts` of movies."""
    n = float(counts.sum())
    return float((counts.astype(np.float64) * watchers).sum()) / n if n else None


def gini(counts: NDArray[Any]) -> float | None:
    """Σ (2 k − n − 1) x_k / (n Σ x) of ascending counts x_1 … x_n.

    >>> gini(np.array([3, 3, 3])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    n, total = len(counts), float(counts.sum())
    if not total:
        return None
    return float(((2 * np.arange(1, n + 1) - n - 1) * np.sort(counts)).sum()) / (n * total)
