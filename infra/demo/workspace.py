"""A workspace below `.demo/`: this project's files as they stand, in a repository of their own.

Days, window, lock, metrics, cache and experiments of a demo or a replay belong to its workspace;
nothing that happens there reaches the project's repository, and nothing that the project's nightly
run commits changes what the demo makes. Whoever ran the demo can go on there with `dvc exp run`.
"""

import os
import shutil
from filecmp import cmp
from pathlib import Path

from infra import repository
from infra.demo import compiled
from infra.repository import attempt, files, git
from movierec.dataset.onlinefile import write_online
from movierec.files import write_text

OWN = ("data/", "metrics/", "reports/", "dvc.lock", ".dvc/config")
"""What a workspace has of its own: it starts without them and keeps them."""
CONFIG = "[core]\n    analytics = false\n"
"""Of DVC: no remote, so that a `dvc push` from here cannot reach the project's."""


def prepare(root: Path, workspace: Path) -> None:
    """Bring `workspace` to the code and parameters of `root`, uncommitted ones among them.

    What somebody changed there since the last time goes to `git stash`.
    """
    if _is_begun(workspace):
        _stash(workspace)
    else:
        workspace.mkdir(parents=True, exist_ok=True)
        git(workspace, "init", "--quiet", "--initial-branch", "demo")
        git(workspace, "config", "commit.gpgSign", "false")  # nobody is there for a passphrase
        write_text(workspace / ".dvc/config", CONFIG)
        write_text(workspace / "data/incumbent.json", "{}\n")
        write_online(workspace / "data/online/window.yaml", [])
    wanted = {name for name in files(root) if not name.startswith(OWN)}
    for name in files(workspace):
        if name not in wanted and not name.startswith(OWN):
            (workspace / name).unlink()
    for name in sorted(wanted):
        copy(root / name, workspace / name)
    compiled.take(root, workspace)
    commit(workspace, "Take the project's files as they stand")


def environment(workspace: Path) -> dict[str, str]:
    """Of programs in a workspace: they import what stands there, and git and DVC see no other
    repository, even where a git hook or `git rebase --exec` named its own."""
    path = os.pathsep.join([str(workspace), str(workspace / "stages")])
    return repository.environment() | {"PYTHONPATH": path}


def _is_begun(workspace: Path) -> bool:
    """Whether its first commit is there: a beginning that was interrupted is begun again."""
    if not (workspace / ".git").exists():  # nor look in the repository around it
        return False
    return attempt(workspace, "rev-parse", "--quiet", "--verify", "HEAD").returncode == 0


def _stash(workspace: Path) -> None:
    """Put aside what somebody changed or added, but for what a run changes by itself."""
    paths = ["--", ".", *(f":(exclude){name}" for name in OWN)]
    if git(workspace, "status", "--porcelain", *paths):
        options = ["--quiet", "--include-untracked"]
        git(workspace, *author(workspace), "stash", "push", *options, *paths)


def copy(source: Path, target: Path) -> None:
    """Copy a file where its bytes differ, times included."""
    if not target.exists() or not cmp(source, target, shallow=False):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def commit(workspace: Path, message: str) -> str:
    """Commit what changed, which is what experiments there start from; returns HEAD's name."""
    git(workspace, "add", "--all")
    if git(workspace, "status", "--porcelain"):
        git(workspace, *author(workspace), "commit", "--quiet", "--message", message)
    return git(workspace, "rev-parse", "HEAD").strip()


def author(workspace: Path) -> list[str]:
    """Options that name the demo as author where git knows nobody."""
    known = attempt(workspace, "config", "user.email").stdout
    return [] if known else ["-c", "user.name=demo", "-c", "user.email=demo@localhost"]
