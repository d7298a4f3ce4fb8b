"""One copy of the project in which mutants are tried, one after the other."""

import contextlib
import enum
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from infra.ci.mutations import Mutation
from infra.repository import files
from movierec.errors import Unavailable

FAST = "not slow and not broker and not fuzz"
TEST_SECONDS = 60
"""A test that takes longer than this, on a mutant, has a loop without end: it is noticed."""
TRIAL_SECONDS = 300
"""The bound of all tests of a mutant, children that outlive their test included."""
MEMORY_BYTES = 8 << 30
"""A loop without end may fill memory before its time is over."""
BASELINE_SECONDS = 1200
NO_TESTS = 5  # pytest's status when nothing was collected


class Verdict(enum.Enum):
    """What became of a mutant."""

    KILLED = "a test failed"
    TIMED_OUT = "the tests did not end"
    LIVED = "no test noticed"
    EQUIVALENT = "no test can tell"


class Copy:
    """A copy of what git knows of the project, the changes not committed yet included."""

    def __init__(self, root: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        self.cache = self.folder / ".numba"
        self.trials = 0
        for name in files(root):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, self.folder / name)

    def __enter__(self) -> "Copy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def failing(self, tests: list[str]) -> list[str]:
        """The tests that fail without a mutant, and so cannot judge one. Raises Unavailable."""
        status, output = self._pytest([*tests, "-rfE"], BASELINE_SECONDS)
        found = re.findall(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", output, re.M)
        if status not in (0, NO_TESTS) and not found:
            raise Unavailable(f"the tests do not run without a mutant: {output[-500:]}")
        return found

    def judge(
        self, file: str, mutation: Mutation, tests: list[str], known: list[str], users: list[Path]
    ) -> Verdict:
        """Run `tests` on the mutant until one fails, those `known` to fail left out.

        `users` are the files that import `file`, relative to the tree: a compiled function in
        one of them holds code or constants of it.
        """
        path = self.folder / file
        source, times = path.read_text(), path.stat()
        path.write_text(mutation.applied(source))
        # Python and numba know a file by its time: no two mutants may have the same.
        self.trials += 1
        os.utime(path, (0, self.trials))
        self._forget(users)
        try:
            # The nearest notices most, and need not wait until the others are collected.
            noticed = any(self._fail(some, known) for some in (tests[:1], tests[1:]) if some)
        except subprocess.TimeoutExpired:
            return Verdict.TIMED_OUT
        finally:
            path.write_text(source)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            self._forget(users)
        return Verdict.KILLED if noticed else Verdict.LIVED

    def _fail(self, tests: list[str], known: list[str]) -> bool:
        """Whether one of `tests` fails, those `known` to fail aside."""
        options = ["-x", f"--timeout={TEST_SECONDS}", "--timeout-method=thread"]
        deselected = [f"--deselect={test}" for test in known]
        return self._pytest([*tests, *options, *deselected], TRIAL_SECONDS)[0] not in (0, NO_TESTS)

    def _forget(self, users: list[Path]) -> None:
        """Take the machine code of these files out of numba's cache.

        Numba knows a compiled function by its own file alone: it would not see that another
        file, whose code it has compiled in, is changed.
        """
        for user in users:
            for compiled in self.cache.rglob(f"{user.stem}.*.nb?"):
                compiled.unlink()

    def _pytest(self, options: list[str], seconds: float) -> tuple[int, str]:
        """(status, output) of pytest in the copy; nothing that it started outlives the time."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")},
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(self.folder / "stages")]),
            "NUMBA_CACHE_DIR": str(self.cache),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", FAST, *options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_bound,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
            return process.returncode, output
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
