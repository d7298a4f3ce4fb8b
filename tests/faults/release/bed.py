"""The test bed: projects that are ready to be released, and what a release of them leaves behind
when nothing disturbs it."""

import itertools
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from infra.repository import git
from tests.faults.release.outcome import Outcome
from tests.faults.release.state import State, releases_of, state_of, without_data
from tests.infra.release.project import Ended, Project, Running

DATES = {"GIT_AUTHOR_DATE": "1795000000 +0000", "GIT_COMMITTER_DATE": "1795000000 +0000"}
"""With one clock for all runs the same release has the same commit and the same tags."""
LEFTOVERS = ("*.lock", "movierec-release.index*")
"""Files in a `.git` that a run which ended has no use for, and that may stop the next. Objects that
were begun are not among them: nobody reads them, and `git gc` removes them."""
HELD = "movierec-*.lock"
"""Files whose locks the kernel takes back; they may lie there."""

Before = Callable[[], object]


def nothing() -> None:
    """Disturb nothing."""


class Bed:
    """Makes projects for the faults of one run, and judges what became of them."""

    def __init__(self, folder: Path, quick: bool = False, without: Before = nothing) -> None:
        self.folder = folder
        self.quick = quick
        self.without = without
        """Takes a guard away, in the process that releases."""
        self.numbers = itertools.count()
        self.trained = Project(folder / "trained")
        self.trained.folder.mkdir(parents=True)
        self.trained.begin()
        undisturbed = self.project()
        assert self.run(undisturbed).status == 0, "nothing disturbs it"
        self.expected = self.state(undisturbed)
        self.expected_content = self.state(undisturbed, by_content=True)
        self.names = releases_of(undisturbed.origin)
        self.done = undisturbed
        """A project with a release, to be copied."""

    def project(self, of: Project | None = None, folder: Path | None = None) -> Project:
        """A copy of one that was trained and not released."""
        folder = folder or self.folder / f"try-{next(self.numbers)}"
        project = (of or self.trained).copy(folder)
        project.outputs = self.folder
        return project

    def pick(self, quick: int, full: int) -> int:
        """How much to do."""
        return quick if self.quick else full

    def start(self, project: Project, *given: str, before: Before = nothing) -> Running:
        """Start a verb as the head of a process group, at the time that all runs have."""

        def prepare() -> None:
            os.setsid()
            os.environ.update(DATES)
            self.without()
            before()

        return project.start(*(given or ("register",)), before=prepare)

    def run(self, project: Project, *given: str, before: Before = nothing) -> Ended:
        """Run a verb to its end."""
        return self.start(project, *given, before=before).end()

    def state(self, project: Project, by_content: bool = False) -> State:
        return state_of(project.work, project.origin, project.store, by_content)

    def look(self, outcome: Outcome, project: Project, when: str) -> None:
        """Count what no moment may have: a tag without its data, and half a release."""
        if wrong := without_data(project.origin, project.store):
            outcome.wrong += len(wrong)
            outcome.note(f"{when}: {', '.join(wrong)} without data")
        refs = self.state(project).refs
        begun = self.state(self.trained).refs
        if refs not in (begun, self.expected.refs) and not self._is_whole(project):
            outcome.half += 1
            outcome.note(f"{when}: the origin has {refs}")

    def _is_whole(self, project: Project) -> bool:
        """Whether the origin has a release made at another time, or by somebody else before."""
        return releases_of(project.origin) in ([], self.names) and (
            not releases_of(project.origin)
            or len({git(project.origin, "rev-parse", f"{n}^{{}}") for n in (*self.names, "main")})
            == 1
        )

    def recover(
        self,
        outcome: Outcome,
        project: Project,
        when: str,
        disturbed: Ended | None = None,
        by_content: bool = False,
    ) -> None:
        """Run it again, undisturbed: it must leave what an undisturbed run leaves, and nothing
        that stops the one after it. `disturbed` is how the run before ended: by a signal, or as
        its manual says."""
        started = time.monotonic()
        ended = self.run(project)
        outcome.slowest = max(outcome.slowest, time.monotonic() - started)
        self.look(outcome, project, f"{when}, then again")
        broken = self.promises(project, ended, by_content)
        if disturbed and not is_orderly(disturbed):
            broken.append(f"it ended with {disturbed.status}: {disturbed.output}")
        if broken:
            outcome.note(f"{when}: {'; '.join(broken)}")
        else:
            outcome.recovered += 1
            shutil.rmtree(project.folder, ignore_errors=True)

    def promises(self, project: Project, ended: Ended, by_content: bool = False) -> list[str]:
        """What is not as after an undisturbed run; what was run then has ended so."""
        broken = []
        if ended.status:
            return [f"the next run ended with {ended.status}: {ended.output.strip()}"]
        if self.state(project, by_content) != (
            self.expected_content if by_content else self.expected
        ):
            broken.append(f"it left {self.state(project, by_content)}")
        if changed := git(project.work, "status", "--porcelain"):
            broken.append(f"it left changes: {changed}")
        if left := leftovers(project):
            broken.append(f"it left {', '.join(left)}")
        whole = self.run(project, "verify")
        if whole.status or whole.output.count("  whole") != len(self.names):
            broken.append(f"verify ended with {whole.status}: {whole.output}")
        again = self.run(project)
        if again.status or again.output.count("all is done") != len(self.names):
            broken.append(f"a third run ended with {again.status}: {again.output}")
        return broken


def is_orderly(ended: Ended) -> bool:
    """Whether it was killed, is done, or says in a line what is to be mended."""
    return ended.status <= 0 or (ended.status in (2, 3) and "Traceback" not in ended.output)


def leftovers(project: Project) -> list[str]:
    """What lies in the repositories, and does not belong there when nothing runs."""
    places = (project.work / ".git", project.origin)
    found = [path for place in places for name in LEFTOVERS for path in place.rglob(name)]
    return [str(path.relative_to(project.folder)) for path in found if not path.match(HELD)]


Fault = Callable[[Bed], Outcome]
