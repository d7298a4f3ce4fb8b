"""A small simulated log, made once."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import chain

import numpy as np
import pytest

from infra.simulator.produce import log
from infra.simulator.served import Served
from infra.simulator.sessions import Life
from infra.simulator.world import World, make_world
from movierec.times import EPOCH

FIRST = date(2025, 11, 1).toordinal() - EPOCH
DAYS = 2
PARTITIONS = 4


@dataclass
class Log:
    world: World
    lines: list[bytes]
    partitions: np.ndarray
    timestamps: np.ndarray
    counts: Counter[str]
    requests: list[str]
    served: Served


def make_log(seed: int) -> Log:
    life = Life(make_world(seed, users=120, movies=150), lines_per_day=60_000)
    parts = list(log(life, FIRST, DAYS, PARTITIONS))
    return Log(
        life.world,
        [line for part in parts for line in part.lines],
        np.concatenate([part.partitions for part in parts]),
        np.concatenate([part.timestamps for part in parts]),
        sum((part.counts for part in parts), Counter()),
        life.writer.requests,
        Served(*(list(chain(*column)) for column in zip(*(p.served for p in parts), strict=True))),
    )


@pytest.fixture(scope="session")
def small_log() -> Log:
    return make_log(seed=5)
