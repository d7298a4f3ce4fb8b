"""Somebody else who releases at the same time: in the same repository, and in another clone."""

import os
import shutil
import time
from pathlib import Path

from infra.repository import git
from tests.faults.release.bed import DATES, Bed
from tests.faults.release.killing import hook
from tests.faults.release.outcome import Outcome
from tests.infra.release.project import Ended, Project

PAUSED = "[ -e reached ] && exit 0; echo here > reached; while [ ! -e go ]; do sleep 0.05; done"


def at_once_here(bed: Bed) -> Outcome:
    """Two in one repository, the second while the first pushes: refused, and nothing broken."""
    outcome = Outcome("two releases at once in one repository: one is refused")
    for _ in range(bed.pick(1, 5)):
        project = bed.project()
        hook(project.origin, "pre-receive", PAUSED)
        first = bed.start(project)
        await_file(project.origin / "reached")
        second = bed.run(project)
        bed.look(outcome, project, "while one pushes")
        (project.origin / "go").touch()
        ended = first.end()
        (project.origin / "hooks/pre-receive").unlink()
        judge(bed, outcome, project, ended, second, refused_by=2)
    return outcome


def at_once_elsewhere(bed: Bed) -> Outcome:
    """Two clones of one origin and one remote. One is first; the other ends with 3, takes that up,
    and finds that all is released."""
    outcome = Outcome("two clones release at once: one ends with 3, and goes on")
    for _ in range(bed.pick(1, 6)):
        one = bed.project()
        two = other_clone(bed, one)
        hook(one.origin, "pre-receive", PAUSED)
        first = bed.start(one)
        await_file(one.origin / "reached")
        second = bed.run(two, before=later)
        (one.origin / "go").touch()
        ended = first.end()
        (one.origin / "hooks/pre-receive").unlink()
        late = one if ended.status else two
        catch_up(late)
        judge(bed, outcome, late, ended, second, refused_by=3)
    return outcome


def judge(
    bed: Bed, outcome: Outcome, late: Project, one: Ended, two: Ended, refused_by: int
) -> None:
    """One must be done and the other refused, by that status; then who was late runs it again."""
    outcome.tried += 1
    bed.look(outcome, late, "two at once")
    if sorted((one.status, two.status)) == [0, refused_by]:
        bed.recover(outcome, late, "two at once", by_content=True)
    else:
        outcome.note(f"ended with {one.status} and {two.status}: {one.output}{two.output}")


def later() -> None:
    """Release at another time: the same content, another commit."""
    os.environ.update(dict.fromkeys(DATES, "1795000060 +0000"))


def other_clone(bed: Bed, one: Project) -> Project:
    """A clone of the same origin, on the same remote, that trained the same."""
    two = bed.project()
    shutil.rmtree(two.origin)
    shutil.rmtree(two.store, ignore_errors=True)
    git(two.work, "remote", "set-url", "origin", str(one.origin))
    two.origin, two.store = one.origin, one.store
    text = f"['remote \"store\"']\n    url = {one.store}\n"
    (two.work / ".dvc/config.local").write_text(text)
    return two


def catch_up(late: Project) -> None:
    """What `register` tells him who comes second to do."""
    git(late.work, "stash", "--quiet")
    git(late.work, "pull", "--quiet", "--rebase")
    late.repro()


def await_file(path: Path) -> None:
    """Wait until it is there: the run comes to it, or ends."""
    while not path.exists():
        time.sleep(0.01)
