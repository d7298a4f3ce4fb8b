"""What the processes of one service know of each other: a page of memory that all of them share."""

import mmap
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
OF_CHILDREN = slice(13, 15)
"""Of /proc/<pid>/stat behind the name: processor time of children that have ended."""


class Board:
    """A process of its own and a pulse of each worker. Made by the parent, before it forks."""

    def __init__(self, workers: int) -> None:
        page = np.frombuffer(mmap.mmap(-1, 16 * workers), np.int64)
        self.parent = os.getpid()
        self.pids, self.pulses = page[:workers], page[workers:]

    def beat(self, worker: int) -> None:
        """The worker is not stuck."""
        self.pulses[worker] += 1

    def processes(self) -> list[int]:
        """The parent's id and those of its workers; one that is just being replaced is among
        them or not."""
        return [self.parent, *filter(None, self.pids.tolist())]


class Together(Collector):
    """`process_…` of all processes of a service, under the names and help of one process: sums, but
    for what belongs to all (when it began) and what ends each alone (open files).

    Memory is what each has for itself and, once, what they share: the sum of resident sets would
    count a package as often as it has readers.
    """

    def __init__(self, board: Board, registry: CollectorRegistry) -> None:
        self._board = board
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The figures of now."""
        pids = self._board.processes()
        found: dict[str, list[float]] = {}
        families: dict[str, Metric] = {}
        for pid in pids:
            for family in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                families.setdefault(family.name, family)
                found.setdefault(family.name, []).append(family.samples[0].value)
        for name, family in families.items():
            kind = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
            yield kind(name, family.documentation, value=self._of_all(name, found[name]))

    def _of_all(self, name: str, values: list[float]) -> float:
        match name.removeprefix("process_"):
            case "start_time_seconds":
                return min(values)
            case "open_fds" | "max_fds":
                return max(values)
            case "resident_memory_bytes":
                return memory(self._board.processes())
            case "cpu_seconds":
                return sum(values) + ended(self._board.parent)
        return sum(values)


def memory(pids: Iterable[int]) -> float:
    """Bytes that processes hold of their own, and of what they share as much as who has most."""
    own, shared = 0, 0
    for pid in pids:
        try:
            lines = (PROC / str(pid) / "status").read_text().splitlines()
        except OSError:  # it ended just now
            continue
        held = {name: int(text.split()[0]) for name, text in map(_pair, lines) if name in HELD}
        own += held["RssAnon"]
        shared = max(shared, held["RssFile"] + held["RssShmem"])
    return (own + shared) * 1024


HELD = ("RssAnon", "RssFile", "RssShmem")
"""Lines of /proc/<pid>/status, in kB."""


def _pair(line: str) -> tuple[str, str]:
    name, _, text = line.partition(":")
    return name, text


def ended(parent: int) -> float:
    """Seconds of processor of those children that have ended: a sum must not fall with them."""
    fields = (PROC / str(parent) / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[OF_CHILDREN])) / TICKS
