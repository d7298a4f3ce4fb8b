"""A workspace below `.demo/`: this project's files as they stand, in a repository of their own.

Days, window, lock, metrics, cache and experiments of a demo or a replay belong to its workspace;
nothing that happens there reaches the project's repository, and nothing that the project's nightly
run commits changes what the demo makes. Whoever ran the demo can go on there with `dvc exp run`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from filecmp import cmp
from pathlib import Path

from movierec.errors import Unavailable
from movierec.files import write_text

OWN = ("data/", "metrics/", "reports/", "dvc.lock", ".dvc/config")
"""What a workspace has of its own: it starts without them and keeps them."""
CONFIG = "[core]\n    analytics = false\n"
"""Of DVC: no remote, so that a `dvc push` from here cannot reach the project's."""


def prepare(root: Path, workspace: Path) -> None:
    """Bring `workspace` to the code and parameters of `root`, uncommitted ones among them.

    What somebody changed there since the last time goes to `git stash`. From here on, programs
    that this process starts import what stands in the workspace.
    """
    if not (workspace / ".git").exists():
        workspace.mkdir(parents=True, exist_ok=True)
        _git(workspace, "init", "--quiet", "--initial-branch", "demo")
        write_text(workspace / ".dvc/config", CONFIG)
        write_text(workspace / "data/incumbent.json", "{}\n")
    else:
        _stash(workspace)
    wanted = {name for name in _files(root) if not name.startswith(OWN)}
    for name in _files(workspace):
        if name not in wanted and not name.startswith(OWN):
            (workspace / name).unlink()
    for name in sorted(wanted):
        copy(root / name, workspace / name)
    commit(workspace, "Take the project's files as they stand")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(workspace), str(workspace / "stages")])


def _stash(workspace: Path) -> None:
    """Put aside what somebody changed or added, but for what a run changes by itself."""
    paths = ["--", ".", *(f":(exclude){name}" for name in OWN)]
    if _git(workspace, "status", "--porcelain", *paths):
        options = ["--quiet", "--include-untracked"]
        _git(workspace, *_author(workspace), "stash", "push", *options, *paths)


def copy(source: Path, target: Path) -> None:
    """Copy a file where its bytes differ, times included."""
    if not target.exists() or not cmp(source, target, shallow=False):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def commit(workspace: Path, message: str) -> str:
    """Commit what changed, which is what experiments there start from; returns HEAD's name."""
    _git(workspace, "add", "--all")
    if _git(workspace, "status", "--porcelain"):
        _git(workspace, *_author(workspace), "commit", "--quiet", "--message", message)
    return _git(workspace, "rev-parse", "HEAD").strip()


def _files(repository: Path) -> Iterator[str]:
    """The files that git knows or would add, as they stand."""
    listed = _git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (repository / name).is_file():
            yield name


def _author(workspace: Path) -> list[str]:
    """Options that name the demo as author where git knows nobody."""
    known = subprocess.run(["git", "config", "user.email"], cwd=workspace, capture_output=True)
    return [] if known.stdout else ["-c", "user.name=demo", "-c", "user.email=demo@localhost"]


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Unavailable(f"git {' '.join(arguments)} in {repository}: {done.stderr.strip()}")
    return done.stdout
