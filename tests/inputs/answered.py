"""Both topics in a store, of lines that a test writes down: what users did and what they got."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from movierec.lines.parsing import parse_batch, parse_served
from movierec.lines.rows import LineBatch
from movierec.store.closing import Closer
from movierec.store.tail import claim_partition
from movierec.times import MILLISECOND, Nanoseconds


def answer(time: str, request_id: str, user: int, *ids: str, arm: str = "svd") -> str:
    """A line of the served log."""
    line = {"time": time, "request_id": request_id, "user": user, "model": f"{arm}@v1.0.0"}
    return json.dumps({**line, "arm": arm, "tier": "model", "ids": list(ids)})


def put(root: Path, topic: str, lines: Sequence[str], now: Nanoseconds) -> list[str]:
    """One segment of `lines` of `topic`, `served` or `movielog`, in the store at `root`; the days
    that are over at `now` are closed: which they are."""
    parse = parse_served if topic == "served" else parse_batch
    values = pa.array([line.encode() for line in lines], pa.large_binary())
    batch = LineBatch(np.arange(len(lines)), np.full(len(lines), -1), values)
    claim_partition(root, topic, 0).write(len(lines), parse(batch, now // MILLISECOND))
    closed = Closer(root, topic, evidence=1).close_due_days({0: len(lines)}, 60, now)
    return [day["day"] for day in closed]
