"""The collector with a guard taken away, to see that its fault then costs lines.

python -m tests.faults.guards GUARD[,GUARD] [arguments of serve.collector]
"""

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from movierec.cli import run
from movierec.lines.rows import ROWS
from movierec.store.tail import Tail, Written, claim_partition
from serve.collector.__main__ import main
from serve.collector.loop import Collector

_fsync = os.fsync


def fsync() -> None:
    """Nothing is made durable."""
    os.fsync = lambda descriptor: None


def fsync_errors_end() -> None:
    """An fsync that fails is passed over."""

    def passing(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            _fsync(descriptor)

    os.fsync = passing


def disk_is_truth() -> None:
    """Reading goes on at the offset that Kafka has committed, and not where the disk ends."""

    def resume(self: Any, partition: Any) -> int:
        tail = claim_partition(self._root, partition.topic, partition.partition)
        tail.end = owner[0].consumer.committed(partition) or 0
        self._tails[partition] = tail
        self.lag.begin(partition, tail.end)
        return tail.end

    owner: list[Collector] = []
    begin = Collector.run

    def run_and_remember(self: Collector, consumer: Any) -> int:
        owner.append(self)
        return begin(self, consumer)

    Collector.run = run_and_remember  # type: ignore[method-assign]
    from serve.collector.writer import Writer

    Writer.resume = resume  # type: ignore[method-assign]


def gaps_are_recorded() -> None:
    """Offsets that the broker no longer has count as read."""

    def forget(self: Tail, end: int) -> Written:
        return self.write(end, ROWS.empty_table())

    Tail.write_gap = forget  # type: ignore[method-assign]


def unpacking_is_bounded() -> None:
    """A message is unpacked whole, whatever it holds."""
    from serve.collector.fetch import recordbatch

    recordbatch.PLAIN_BYTES = 1 << 40


def connections_are_bounded() -> None:
    """The metrics port takes every connection."""
    from serve import http

    http.connections_within_files = lambda wanted: 1 << 20


GUARDS: dict[str, tuple[Callable[[], None], str]] = {
    "fsync": (fsync, "power-cut"),
    "fsync-errors-end": (fsync_errors_end, "disk-errors"),
    "disk-is-truth": (disk_is_truth, "offsets-gone"),
    "gaps-are-recorded": (gaps_are_recorded, "retention"),
    "unpacking-is-bounded": (unpacking_is_bounded, "bombs"),
    "connections-are-bounded": (connections_are_bounded, "flood"),
}
"""name → (what takes it away, the fault that must then cost something). That segments are never
replaced is shown by tests/movierec/store/test_tail.py: here the next reader mends it."""


if __name__ == "__main__":
    for name in sys.argv.pop(1).split(","):
        GUARDS[name][0]()
    run(main)
