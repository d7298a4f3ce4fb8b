"""What a search tries next: mostly steps from the best settings so far, now and then others.

A candidate follows from its number, the search's seed, its start and the best one before it, so
that a search that was interrupted goes on as if it had not been.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from movierec.models.svd import SVD

MAX_EPOCHS = 100
PATIENCE = 4
STEPS = 0.85
"""Share of candidates that are steps from the best."""
MOST_CHANGES = 3
"""Groups of hyperparameters that a step changes, at most."""
DEVIATION = 0.5
"""Of the logarithm of what a step multiplies by."""
FACTORS = (4, 8, 16, 32, 64, 128)
"""A kernel is compiled for each, so there are few."""
MAX_DECAY = 0.08
RATES = (0.0005, 0.05)
REGULARISATION = (0.0005, 0.5)
SPREAD = (0.01, 0.2)
"""Of initial values: their standard deviation."""


def candidate(number: int, start: SVD, best: SVD, seed: int) -> SVD:
    """The settings to try as number `number`, from 0 on: first `start` itself."""
    random = np.random.default_rng([seed, number])
    changes: dict[str, Any] = {}
    if number and random.random() < STEPS:
        changes = stepped(best, random)
    elif number:
        changes = drawn(start, random)
    return replace(best if number else start, n_epochs=MAX_EPOCHS, patience=PATIENCE, **changes)


def drawn(start: SVD, random: np.random.Generator) -> dict[str, Any]:
    """All anew: rates and regularisations log-uniform. Biases have one rate between them,
    factors one, y one of its own; each regularisation is drawn by itself."""
    changes: dict[str, Any] = {
        "n_factors": int(random.choice(FACTORS)),
        "init_std_dev": _between(SPREAD, random),
        "lr_decay": _decay(random),
    }
    for group in start.LEARNT:
        changes |= dict.fromkeys((f"lr_{name}" for name in group), _between(RATES, random))
        changes |= {f"reg_{name}": _between(REGULARISATION, random) for name in group}
    return changes


def stepped(best: SVD, random: np.random.Generator) -> dict[str, Any]:
    """One to `MOST_CHANGES` groups changed: the factors' number by one rung, the decay drawn anew,
    all else multiplied by e^N(0, DEVIATION), inside the bounds of a draw."""

    def moved(name: str, bounds: tuple[float, float]) -> float:
        value = max(getattr(best, name), bounds[0]) * np.exp(random.normal(0, DEVIATION))
        return _rounded(float(np.clip(value, *bounds)))

    groups: list[Callable[[], dict[str, Any]]] = [
        lambda: {"n_factors": _rung(best.n_factors, up=random.random() < 0.5)},
        lambda: {"init_std_dev": moved("init_std_dev", SPREAD)},
        lambda: {"lr_decay": _decay(random)},
    ]
    for group in best.LEARNT:
        rates = tuple(f"lr_{name}" for name in group)
        groups.append(lambda rates=rates: dict.fromkeys(rates, moved(rates[0], RATES)))  # type: ignore[misc]
        for name in group:
            reg = f"reg_{name}"
            groups.append(lambda reg=reg: {reg: moved(reg, REGULARISATION)})  # type: ignore[misc]
    chosen = random.permutation(len(groups))[: random.integers(1, MOST_CHANGES + 1)]
    return {name: value for g in chosen for name, value in groups[g]().items()}


def _rung(factors: int, *, up: bool) -> int:
    """The next of FACTORS in a direction; from its end, the other way.

    >>> [_rung(20, up=True), _rung(20, up=False), _rung(128, up=True), _rung(4, up=False)]
    [32, 16, 64, 8]
    """
    more, less = [f for f in FACTORS if f > factors], [f for f in FACTORS if f < factors]
    if (up and more) or not less:
        return more[0]
    return less[-1]


def _between(bounds: tuple[float, float], random: np.random.Generator) -> float:
    """Log-uniform."""
    return _rounded(float(np.exp(random.uniform(*np.log(bounds)))))


def _decay(random: np.random.Generator) -> float:
    return round(float(random.uniform(0, MAX_DECAY)), 3)


def _rounded(value: float) -> float:
    """To three digits: more would only be noise in params.yaml."""
    return float(f"{value:.3g}")
