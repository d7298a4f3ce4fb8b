"""Runs stages side by side: `dvc repro --single-item` of each, once what it reads is there.

DVC gives its lock up while a command runs, and takes it to hash, to keep and to write dvc.lock: so
its processes wait for each other there, and nowhere else.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from infra.processes import die_with_parent
from infra.repository import environment

COMMAND = (sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item")
CHUNK = 1 << 16
STOP_SECONDS = 10
HINTS = (
    "To track the changes with git, run:",
    "git add dvc.lock",
    "To enable auto staging, run:",
    "dvc config core.autostage true",
    "Use `dvc push` to send your updates to remote storage.",
)
"""What each DVC ends with, which is said to a person who runs one."""


@dataclass
class Ended:
    """How it ended: 0, or the status of the first stage that failed, and what was not begun."""

    status: int = 0
    stage: str = ""
    not_begun: list[str] = field(default_factory=list)


class Running:
    """A stage that runs, in a session of its own; its lines are printed whole, with its name."""

    def __init__(self, name: str, width: int) -> None:
        self.name = name
        self.head = f"{name:<{width}} | ".encode()
        self.part = b""
        self.process = subprocess.Popen(
            [*COMMAND, name],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout

    def read(self) -> bool:
        """Print what has come; whether more may."""
        chunk = os.read(self.output.fileno(), CHUNK)
        *lines, self.part = (self.part + (chunk or b"\n")).split(b"\n")
        for line in lines:
            said = line.decode(errors="replace").strip()
            if said and said not in HINTS:
                sys.stdout.buffer.write(self.head + line + b"\n")
        sys.stdout.flush()
        return bool(chunk)

    def wait(self) -> int:
        """Its status, when nothing more can be read of it and of all that it started."""
        self.output.close()
        return self.process.wait()

    def stop(self) -> None:
        """End it and its command."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.output.close()


def run_beside(due: Mapping[str, set[str]], at_once: int) -> Ended:
    """Run stages, each after those that it names, at most `at_once` at a time. After one that
    fails none is begun, and those that run end by themselves. When this is interrupted, they are
    ended."""
    sorter = TopologicalSorter(due)
    sorter.prepare()
    ready: deque[str] = deque()
    ended = Ended()
    begun = set[str]()
    width = max(map(len, due), default=0)
    with selectors.DefaultSelector() as watched:
        try:
            while True:
                ready.extend(sorter.get_ready())
                while ready and not ended.status and len(watched.get_map()) < at_once:
                    stage = Running(ready.popleft(), width)
                    watched.register(stage.output, selectors.EVENT_READ, stage)
                    begun.add(stage.name)
                if not watched.get_map():
                    break
                for key, _ in watched.select():
                    stage = key.data
                    if stage.read():
                        continue
                    watched.unregister(stage.output)
                    if status := stage.wait():
                        ended = ended if ended.status else Ended(status, stage.name)
                    else:
                        sorter.done(stage.name)
        finally:
            for key in list(watched.get_map().values()):
                key.data.stop()
    ended.not_begun = [name for name in due if name not in begun]
    return ended
