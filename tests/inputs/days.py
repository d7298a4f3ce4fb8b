"""Closed days for tests: simulated lines put into a store without a broker."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.simulator.corruption import corrupt
from infra.simulator.exact import partition_of, stream
from infra.simulator.sessions import Life
from infra.simulator.world import make_world
from movierec.lines.parsing import parse_batch
from movierec.lines.rows import LineBatch
from movierec.store.closing import Closer
from movierec.store.tail import claim_partition
from movierec.times import DAY, MILLISECOND, SECOND, day_number

TOPIC = "movielog"
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
) -> list[str]:
    """Simulate days from `first_day` on and close them below `root`; their names."""
    first = day_number(first_day)
    life = Life(make_world(seed, users, movies), lines_per_day)
    until = (first + days) * DAY + 2 * GRACE * SECOND
    ends = dict.fromkeys(range(PARTITIONS), 0)
    for number, rows in enumerate(life.days(first, days, until)):
        lines = life.writer.lines(rows)
        corrupt(stream(seed, 2, number), lines)
        at = partition_of(rows["user"], PARTITIONS)
        for partition in ends:
            mine = np.flatnonzero(at == partition)
            if len(mine):
                start, end = ends[partition], ends[partition] + len(mine)
                batch = LineBatch(
                    np.arange(start, end, dtype=np.int64),
                    rows["time"][mine] // MILLISECOND,
                    pa.array([lines[row] for row in mine], pa.large_binary()),
                )
                parsed = parse_batch(batch, until // MILLISECOND)
                claim_partition(root, TOPIC, partition).write(end, parsed)
                ends[partition] = end
    manifests = Closer(root, TOPIC, EVIDENCE).close_due_days(ends, GRACE, until)
    return [manifest["day"] for manifest in manifests]
