"""Metrics of a service of several processes: whichever is asked tells of all.

Each worker counts into files in memory under its own number (the multiprocess mode of Prometheus'
client), and a scrape adds them up. A worker that takes another's place goes on with its files, so
that no counter falls; what it holds begins at nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from serve.service.board import Board, Together

SHARED_MEMORY = Path("/dev/shm")
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""By which the client's files are told where to be."""


class Tally:
    """The files of one service. Made by the parent, before it forks."""

    def __init__(self) -> None:
        there = os.access(SHARED_MEMORY, os.W_OK)  # a disk could make a request wait
        self.folder = Path(
            tempfile.mkdtemp(prefix="movierec-", dir=SHARED_MEMORY if there else None)
        )
        os.environ[FOLDER] = str(self.folder)

    def count_as(self, who: str) -> None:
        """Metrics that this process makes from now on are counted under a name of its own."""
        values.ValueClass = values.MultiProcessValue(lambda: who)  # type: ignore[no-untyped-call]

    def registry(self, board: Board, own: CollectorRegistry) -> CollectorRegistry:
        """All that a scrape tells: of the metrics in `own` the sum, of processes what they are
        together."""
        registry = CollectorRegistry(auto_describe=True)
        Together(board, registry)
        Summed(own, registry, self.folder)
        return registry

    def close(self) -> None:
        """Forget the files; whoever is last may do it."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Summed(MultiProcessCollector):
    """The library's collector, which says what it may tell of before anything was counted: `name[]`
    of a scrape is looked up in that."""

    def __init__(self, own: CollectorRegistry, registry: CollectorRegistry, folder: Path) -> None:
        self._own = own
        super().__init__(registry, str(folder))  # type: ignore[no-untyped-call]

    def describe(self) -> Iterable[Metric]:
        """The metrics of a worker, but for those of its process."""
        return [one for one in self._own.collect() if not one.name.startswith("process_")]
