"""One copy of the project in which mutants are tried, one after the other."""

import contextlib
import enum
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from infra.ci.mutations import Mutation
from movierec.errors import Unavailable

FAST = "not slow and not broker and not fuzz"
TRIAL_SECONDS = 180
"""A mutant that takes longer than this has a loop without end: it is noticed."""
BASELINE_SECONDS = 1200
NO_TESTS = 5  # pytest's status when nothing was collected
COMPILED = re.compile(r"@(numba\.)?(kernel|njit|intrinsic)\b|njit\(")


class Verdict(enum.Enum):
    """What became of a mutant."""

    KILLED = "a test failed"
    TIMED_OUT = "the tests did not end"
    LIVED = "no test noticed"


class Copy:
    """A copy of what git knows of the project, the changes not committed yet included."""

    def __init__(self, root: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, capture_output=True, check=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, names):
            if (root / name).is_file():  # a file that git knows may be removed
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
        status, output = self._pytest([*tests, "-rfE"], BASELINE_SECONDS, self._cache())
        found = re.findall(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", output, re.M)
        if status not in (0, NO_TESTS) and not found:
            raise Unavailable(f"the tests do not run without a mutant: {output[-500:]}")
        return found

    def judge(self, file: str, mutation: Mutation, tests: list[str], known: list[str]) -> Verdict:
        """Run `tests` on the mutant until one fails, those `known` to fail left out."""
        path = self.folder / file
        source, times = path.read_text(), path.stat()
        options = [*tests, "-x", *(f"--deselect={test}" for test in known)]
        path.write_text(mutation.applied(source))
        # Numba knows a compiled function by its own file alone: it would not see that another
        # file, whose code it has compiled in, is changed.
        compiled = bool(COMPILED.search(source))
        cache = Path(tempfile.mkdtemp(dir=self.folder)) if compiled else self._cache()
        try:
            status = self._pytest(options, TRIAL_SECONDS, cache)[0] if tests else NO_TESTS
        except subprocess.TimeoutExpired:
            return Verdict.TIMED_OUT
        finally:
            path.write_text(source)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            if compiled:
                shutil.rmtree(cache, ignore_errors=True)
        return Verdict.LIVED if status in (0, NO_TESTS) else Verdict.KILLED

    def _cache(self) -> Path:
        return self.folder / ".numba"

    def _pytest(self, options: list[str], seconds: float, cache: Path) -> tuple[int, str]:
        """(status, output) of pytest in the copy; nothing that it started outlives the time."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")},
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(self.folder / "stages")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": str(cache),
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
        )
        try:
            output, _ = process.communicate(timeout=seconds)
            return process.returncode, output
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
