"""The git origin: gone, read-only, refusing all or a part, and lying about what it took."""

import contextlib
import subprocess
from collections.abc import Iterator

from tests.faults.release.bed import Bed
from tests.faults.release.killing import hook
from tests.faults.release.outcome import Outcome
from tests.infra.release.project import Project


@contextlib.contextmanager
def gone(project: Project) -> Iterator[None]:
    """It is not there."""
    away = project.origin.with_name("away")
    project.origin.rename(away)
    yield
    away.rename(project.origin)


@contextlib.contextmanager
def read_only(project: Project) -> Iterator[None]:
    """Its disk takes nothing: root, too, is refused there."""
    place = str(project.origin)
    subprocess.run(["mount", "--bind", place, place], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    yield
    subprocess.run(["umount", place], check=True)


def hooked(name: str, script: str):
    """It runs this at that moment of a push."""

    @contextlib.contextmanager
    def fault(project: Project) -> Iterator[None]:
        hook(project.origin, name, script)
        yield
        (project.origin / "hooks" / name).unlink()

    return fault


FAULTS = {
    "gone": gone,
    "read-only": read_only,
    "pre-receive refuses": hooked("pre-receive", "exit 1"),
    "update refuses a tag": hooked("update", "case $1 in *svdpp@*) exit 1;; esac"),
    "update refuses the branch": hooked("update", "case $1 in *heads*) exit 1;; esac"),
    "receive-pack dies after it took all": hooked("post-receive", "kill -9 $PPID"),
    "receive-pack dies before it takes any": hooked("pre-receive", "kill -9 $PPID"),
    "receive-pack dies at the second ref": hooked(
        "update", "echo >> count; [ $(wc -l < count) = 2 ] && kill -9 $PPID"
    ),
}


def faulty(bed: Bed) -> Outcome:
    """Each of these while a release runs; then it is as it was."""
    outcome = Outcome("git origin gone, read-only, refusing, dying between")
    for name, fault in list(FAULTS.items())[:: bed.pick(3, 1)]:
        project = bed.project()
        with fault(project):
            ended = bed.run(project)
        outcome.tried += 1
        bed.look(outcome, project, f"origin {name}")
        bed.recover(outcome, project, f"origin {name}", ended)
    return outcome
