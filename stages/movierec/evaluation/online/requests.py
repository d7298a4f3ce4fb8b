"""What the stream saw of the requests, and which lists no answer accounts for. Pure."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from movierec.evaluation.online.answers import list_keys
from movierec.lines import events
from movierec.lines.kinds import REQUEST


@dataclass
class Requests:
    """Counts of request lines, batch by batch."""

    deadline_ms: int
    lines: int = 0
    failed: int = 0
    """Another status than 200."""
    late: int = 0
    """Past the deadline, whatever the status."""
    available: int = 0
    """Status 200 within the deadline."""
    got: list[NDArray[np.uint64]] = field(default_factory=list)
    """A key of each list that a user got."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the request lines among the rows of a batch."""
        rows = batch.filter(pc.equal(batch["kind"], REQUEST))
        if not rows.num_rows:
            return
        fields = pc.extract_regex(rows["text"].cast(pa.string()), f"^{events.REQUEST}$")
        status, ms, result = (pc.struct_field(fields, name) for name in ("status", "ms", "result"))
        late = pc.greater(ms.cast(pa.int64()), self.deadline_ms)
        good = pc.equal(status, "200")
        self.lines += rows.num_rows
        self.failed += rows.num_rows - (pc.sum(good).as_py() or 0)
        self.late += pc.sum(late).as_py() or 0
        self.available += pc.sum(pc.and_not(good, late)).as_py() or 0
        users = rows["user"].filter(good).to_numpy()
        self.got.append(list_keys(users, pc.replace_substring(result.filter(good), ", ", ",")))

    def unattributed(self, served: NDArray[np.uint64]) -> int:
        """How many lists that users got are none of those `served`, by their keys: the served log
        is written as well as may be, and what it lacks no model is credited with."""
        got = np.concatenate([np.empty(0, np.uint64), *self.got])
        lists, n = np.unique(got, return_counts=True)
        logged, m = np.unique(served, return_counts=True)
        _, at, of = np.intersect1d(lists, logged, assume_unique=True, return_indices=True)
        return int(n.sum() - np.minimum(n[at], m[of]).sum())
