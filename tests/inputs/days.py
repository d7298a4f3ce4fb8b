"""Closed days for tests: simulated lines put into a store without a broker."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from infra.simulator.corruption import corrupt
from infra.simulator.exact import partition_of, stream
from infra.simulator.served import closing_answers, served_of
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.lines.parsing import parse_batch, parse_served
from movierec.lines.rows import LineBatch
from movierec.store.closing import Closer
from movierec.store.tail import claim_partition
from movierec.times import DAY, MILLISECOND, SECOND, day_number

TOPIC, SERVED = "movielog", "served"
PARTITIONS = 2
GRACE = 900
EVIDENCE = 16


def close_days(
    root: Path,
    first_day: str,
    days: int,
    *,
    lines_per_day: int = 30_000,
    users: int = 60,
    movies: int = 60,
    seed: int = 7,
    answered: bool = False,
) -> list[str]:
    """Simulate days from `first_day` on and close them below `root`; their names. With `answered`
    those of what was served, too."""
    served = dict.fromkeys(range(PARTITIONS), 0) if answered else None
    first = day_number(first_day)
    life = Life(make_world(seed, users, movies), lines_per_day)
    until = (first + days) * DAY + 2 * GRACE * SECOND
    ends = dict.fromkeys(range(PARTITIONS), 0)
    for number, rows in enumerate(life.days(first, days, until)):
        lines = life.writer.lines(rows)
        corrupt(stream(seed, 2, number), lines)
        put(root, TOPIC, lines, rows["user"], rows["time"] // MILLISECOND, ends, until)
        if served is not None:
            answers = served_of(life.site, rows)
            put(root, SERVED, answers.lines, answers.users, answers.timestamps, served, until)
    if served is not None:
        answers = closing_answers(life.site, until)
        put(root, SERVED, answers.lines, answers.users, answers.timestamps, served, until)
        Closer(root, SERVED, EVIDENCE).close_due_days(served, GRACE, until)
    manifests = Closer(root, TOPIC, EVIDENCE).close_due_days(ends, GRACE, until)
    return [manifest["day"] for manifest in manifests]


def put(
    root: Path,
    topic: str,
    lines: list[bytes],
    users: Any,
    timestamps: Any,
    ends: dict[int, int],
    until: int,
) -> None:
    """Write lines, each of a user and with a time in ms, behind what the partitions hold."""
    at = partition_of(np.asarray(users, np.int64), PARTITIONS)
    parse = parse_served if topic == SERVED else parse_batch
    for partition in ends:
        mine = np.flatnonzero(at == partition)
        if len(mine):
            start, end = ends[partition], ends[partition] + len(mine)
            batch = LineBatch(
                np.arange(start, end, dtype=np.int64),
                np.asarray(timestamps, np.int64)[mine],
                pa.array([lines[row] for row in mine], pa.large_binary()),
            )
            claim_partition(root, topic, partition).write(end, parse(batch, until // MILLISECOND))
            ends[partition] = end
