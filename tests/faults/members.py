"""Collector processes to kill, stop and wait for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.forking import Forked

ROOT = Path(__file__).parents[2]
END_SECONDS = 60.0
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]
"""By a program, not by Python between fork and exec: the producers' threads make that unsafe."""


class Member:
    """One `python -m serve.collector`, in a session of its own, its log in a file."""

    def __init__(
        self,
        log: Path,
        arguments: Sequence[str],
        environment: dict[str, str],
        *,
        without: Sequence[str] = (),
        tracer: Sequence[str] = (),
        forked: bool = False,
    ) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | Forked
        if forked:
            self.process = Forked(log, arguments, {**os.environ, **environment})
            return
        program = ["-m", "serve.collector"]
        if without:
            program = ["-m", "tests.faults.guards", ",".join(without)]
        path = os.pathsep.join([str(ROOT), str(ROOT / "stages")])
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [*DIE_WITH_PARENT, *tracer, sys.executable, *program, *arguments],
                env={**os.environ, "PYTHONPATH": path, **environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and, when it has one, its tracer."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9, and wait."""
        if self.is_running:
            self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and wait; the exit status (-9 when it did not end)."""
        if self.is_running:
            self.signal(signal.SIGTERM)
        return self.wait(END_SECONDS)

    def wait(self, seconds: float) -> int:
        """Wait for its end; kill -9 when it does not come."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The log lines so far, or those of one event."""
        lines = self.log.read_text(errors="replace").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [event for event in found if name in (None, event["event"])]

    def wait_for(self, name: str, seconds: float = 30.0, count: int = 1) -> bool:
        """Wait until it has logged `count` events of a name; False when it ends or time does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if len(self.events(name)) >= count:
                return True
            if not self.is_running:
                break
            time.sleep(0.02)
        return len(self.events(name)) >= count

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-400:].strip()
