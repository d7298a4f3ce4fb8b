"""Child processes that never outlive the demo, however it ends."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from movierec.errors import Unavailable

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
STOP_SECONDS = 15.0
LOG_TAIL_LINES = 5


def die_with_parent() -> None:
    """Ask the kernel to end this child when the demo is gone, even by kill -9 (Linux)."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Processes:
    """Starts programs of this project in the background and stops them all at the end.

    Each child has a session of its own, so Ctrl-C reaches only the demo, which then stops
    the children in the reverse order of their start. Output goes to `<logs>/<name>.log`.
    """

    def __init__(self, root: Path, logs: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.root = root
        self.logs = logs
        self.environment = environment
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A second Ctrl-C while stopping must not leave a child behind.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.stop_all()
        finally:
            signal.signal(signal.SIGINT, previous)

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None
    ) -> None:
        """Start `command` as `name`; `env` adds to the environment."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self._spawn(name, command, env, stdout=log, stderr=subprocess.STDOUT)

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """Run `command` to its end and return what it printed on stdout.

        Its stderr goes to the terminal when a person watches (progress), else to its log.
        Raises Unavailable, naming the program and quoting its log, when it ends with a status
        other than 0.
        """
        with (self.logs / f"{name}.log").open("wb") as log:
            stderr = None if sys.stderr.isatty() else log
            process = self._spawn(name, command, env, stdout=subprocess.PIPE, stderr=stderr)
            output, _ = process.communicate()
            log.write(output)
        if status := self.wait(name):
            raise Unavailable(f"{name} ended with status {status}: {self.tail(name)}")
        return output.decode()

    def lines(self, name: str, command: Sequence[str]) -> Iterator[str]:
        """Run `command` and yield its lines, stderr among them, as they come; then `wait`."""
        process = self._spawn(name, command, None, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                yield line.decode(errors="replace")

    def wait(self, name: str) -> int:
        """Wait for `name` to end by itself; returns its status."""
        status = self.running[name].wait()
        del self.running[name]
        return status

    def _spawn(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None,
        *,
        stdout: IO[bytes] | int,
        stderr: IO[bytes] | int | None,
    ) -> subprocess.Popen[bytes]:
        self.running[name] = subprocess.Popen(
            command,
            cwd=self.root,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        return self.running[name]

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until `ready()`; raises Unavailable when `name` ends first or time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            status = self.running[name].poll()
            if status is not None:
                raise Unavailable(f"{name} ended with status {status}: {self.tail(name)}")
            if time.monotonic() > deadline:
                raise Unavailable(f"{name} was not ready in {seconds:.0f} s: {self.tail(name)}")
            time.sleep(0.05)

    def stop(self, name: str) -> int:
        """End `name` with SIGTERM, or SIGKILL when it does not answer; returns its status."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()

    def stop_all(self) -> int:
        """Stop every child, the last one started first; returns how many there were."""
        names = list(reversed(self.running))
        for name in names:
            self.stop(name)
        return len(names)

    def tail(self, name: str) -> str:
        """The last lines of a child's log, joined, for an error message."""
        lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-LOG_TAIL_LINES:])


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def answers_ok(url: str) -> bool:
    """Whether a GET of `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
