"""Collectors forked from one process that has imported and compiled what each of them needs.

A run of a few lines then takes 1.1 s of CPU and not 2.3, so that what is tried at a few places can
be tried at all. Nothing of brokers and store was opened before the fork, and who is killed dies
alone.
"""

import multiprocessing
import multiprocessing.connection
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from infra.processes import die_with_parent
from movierec.cli import run
from movierec.lines.parsing import parse_batch
from serve.collector.__main__ import main
from serve.collector.writer import NO_LINES

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["__main__", __name__])
_starting = threading.Lock()
"""The one process is started by who is the first to ask."""


class Forked:
    """One collector, with the verbs of Popen that a member needs."""

    def __init__(self, log: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process: BaseProcess = _context.Process(
            target=_collect, args=(log, list(arguments), dict(environment)), daemon=True
        )
        with _starting:
            self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        """Its status, None while it runs."""
        with self._asking:  # it is told once, and whoever else asked in that moment hears 255
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its status when it has ended. Raises TimeoutExpired."""
        multiprocessing.connection.wait([self._process.sentinel], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("a forked collector", timeout or 0.0)
        return status


def _collect(log: Path, arguments: list[str], environment: dict[str, str]) -> None:
    die_with_parent()
    os.setsid()
    with log.open("ab", buffering=0) as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    run(main)


parse_batch(NO_LINES, 0)  # compiles
