"""promote, rollback, act: killed before every call; and two who promote at once, each another."""

from collections.abc import Sequence

from infra.repository import git
from tests.faults.killing import spread
from tests.faults.release.bed import Bed, is_orderly, leftovers
from tests.faults.release.killing import before_call, hook
from tests.faults.release.others import PAUSED, await_file
from tests.faults.release.outcome import Outcome
from tests.faults.release.state import refs_of
from tests.infra.release.acting.acts import committed
from tests.infra.release.acting.evaluation import TODAY, evaluation
from tests.infra.release.project import Ended, Project
from tests.infra.release.shop import shop

FIRST, SECOND = "svd@v1.0.0", "svd@v1.1.0"
PROMOTE = ("promote", SECOND)
ACT = ("act", "--no-deploy", "--today", TODAY)
ROLLBACK = ("rollback", "svd", "--no-deploy")


def promote(bed: Bed) -> Outcome:
    """A second release is promoted, and killed before each call."""
    return at_calls(bed, "promote killed before every call", sold(bed, [FIRST]), PROMOTE)


def rollback(bed: Bed) -> Outcome:
    """The second release is rolled back from, and killed before each call."""
    begun = sold(bed, [FIRST, SECOND])
    return at_calls(bed, "rollback killed before every call", begun, ROLLBACK)


def act(bed: Bed) -> Outcome:
    """The second release is found worse by online evaluation; what acts on that is killed."""
    begun = sold(bed, [FIRST, SECOND])
    committed(begun, evaluation(SECOND, FIRST))
    return at_calls(bed, "act on a verdict killed before every call", begun, ACT)


def sold(bed: Bed, promoted: Sequence[str]) -> Project:
    """A project whose releases came into production in that order."""
    folder = bed.folder / f"shop-{next(bed.numbers)}"
    folder.mkdir()
    project = shop(folder)
    project.outputs = bed.folder
    for name in promoted:
        assert bed.run(project, "promote", name).status == 0
    return project


def at_calls(bed: Bed, fault: str, begun: Project, verb: Sequence[str]) -> Outcome:
    """Kill, look, run again: the same tags as undisturbed, and no more."""
    outcome = Outcome(fault)
    counting = bed.project(begun)
    told = counting.folder / "calls"
    assert bed.run(counting, *verb, before=before_call(-1, told)).status == 0
    expected, calls = refs_of(counting.origin), len(told.read_text())
    for place in spread(calls, bed.pick(3, calls)):
        project = bed.project(begun)
        ended = bed.run(project, *verb, before=before_call(place - 1))
        outcome.tried += 1
        if refs_of(project.origin) not in (refs_of(begun.origin), expected):
            outcome.half += 1
        again = bed.run(project, *verb)
        judge(outcome, project, expected, [ended, again], f"killed before call {place}")
    outcome.note(f"an undisturbed run makes {calls} calls")
    return outcome


def judge(
    outcome: Outcome, project: Project, expected: dict[str, str], ended: list[Ended], when: str
) -> None:
    """What the origin has is what was expected, so is what is here, and nothing lies about."""
    found = refs_of(project.origin)
    outcome.wrong += len(found.items() - expected.items())
    good = ended[-1].status == 0 and found == expected and refs_of(project.work) == expected
    if good and not leftovers(project) and all(map(is_orderly, ended)):
        outcome.recovered += 1
    else:
        said = [(one.status, one.output) for one in ended]
        outcome.note(f"{when}: {found}; {leftovers(project)}; {said}")


def at_once(bed: Bed) -> Outcome:
    """Two clones promote different releases: one ends with 3, and the tags say one after the
    other when he promotes again."""
    outcome = Outcome("two clones promote different releases at once")
    for _ in range(bed.pick(1, 4)):
        project = sold(bed, [])
        clone = project.folder / "two"
        git(project.folder, "clone", "--quiet", str(project.origin), str(clone))
        for key, value in {"user.name": "T", "user.email": "t@localhost"}.items():
            git(clone, "config", key, value)
        two = Project(project.folder)
        two.work, two.outputs = clone, bed.folder
        hook(project.origin, "pre-receive", PAUSED)
        first = bed.start(project, "promote", FIRST)
        await_file(project.origin / "reached")
        second = bed.run(two, "promote", SECOND)
        (project.origin / "go").touch()
        ended = first.end()
        outcome.tried += 1
        stages = git(project.origin, "tag", "--list", "*#*").split()
        outcome.wrong += stages != ["svd#prod#1"]
        again = bed.run(project, "promote", FIRST)
        stages = git(project.origin, "tag", "--list", "*#*").split()
        if (ended.status, second.status, again.status) == (3, 0, 0) and len(stages) == 2:
            outcome.recovered += 1
        else:
            outcome.note(f"{stages}: {ended}, {second}, {again}")
    return outcome
