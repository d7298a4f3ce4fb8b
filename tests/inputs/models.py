"""A small model as the service sees one, made in memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

N_USERS, N_MOVIES, N_FACTORS = 50, 60, 4
SEEN_EVERYTHING = 7  # the user id that has nothing left to see


@dataclass
class SmallModel:
    """Random factors."""

    kind: str = "svd"
    scale: tuple[float, float] = (1.0, 5.0)
    rng: Any = field(default_factory=lambda: np.random.default_rng(1))

    def __post_init__(self):
        self.p = self.rng.normal(size=(N_USERS, N_FACTORS))
        self.q = self.rng.normal(size=(N_MOVIES, N_FACTORS))

    def scores(self, u):
        return self.q @ self.p[u]

    def scores_for(self, items, ratings, watched):
        return self.q @ self.q[np.concatenate([items, watched])].sum(axis=0)


@dataclass
class SmallLoaded:
    """What `modelfile.load_model` returns."""

    model: Any = field(default_factory=SmallModel)
    users: Any = field(default_factory=lambda: np.arange(N_USERS, dtype=np.int64) * 3 + 1)
    movies: Any = field(
        default_factory=lambda: np.array([f"movie+{i:02d}+2001".encode() for i in range(N_MOVIES)])
    )
    popular: Any = field(default_factory=lambda: np.arange(N_MOVIES, dtype=np.int32)[::-1])
    data_hash: str = "d" * 64
    manifest: Any = field(default_factory=dict)

    def seen_of(self, u):
        if self.users[u] == SEEN_EVERYTHING:
            return np.arange(N_MOVIES)
        return np.array([u % N_MOVIES, (u + 1) % N_MOVIES])
