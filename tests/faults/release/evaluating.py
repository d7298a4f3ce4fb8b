"""infra/ci/online.sh: killed before each program that it runs, between the data's push, the commit
and the commit's push, and while the origin takes that; and run again."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from infra.repository import environment, git
from tests.faults.killing import spread
from tests.faults.release.bed import DATES, Bed, leftovers
from tests.faults.release.killing import hook, unlock
from tests.faults.release.outcome import Outcome
from tests.faults.release.state import is_whole, objects_of, refs_of
from tests.infra.release.project import DAYS, Ended, Project

ROOT = Path(__file__).resolve().parents[3]
BRANCH = "main"
SCRIPTS = ("online.sh", "repro.sh", "alone.sh")
PROGRAMS = {"git": shutil.which("git"), "dvc": "", "python": sys.executable}
COUNTS = """\
#!/bin/bash
# {program}, counted: before the call of the number wanted all of the night is killed
echo "{name} $1 $2 $3" >>"$NIGHT_CALLS"
if [ "$(wc -l <"$NIGHT_CALLS")" = "$NIGHT_ENDS" ]; then
  kill -9 "-$NIGHT_GROUP" 0
fi
exec {program} "$@"
"""
BEGINS = 'export NIGHT_GROUP=$$; exec infra/ci/online.sh "$0"'


def killed(bed: Bed) -> Outcome:
    """Nobody sees half an evaluation, or one whose sums are not on the remote."""
    outcome = Outcome("online.sh killed before each program, and in its push")
    begun = trained(bed)
    undisturbed = bed.project(begun)
    assert night(undisturbed).status == 0, "nothing disturbs it"
    calls = calls_of(undisturbed)
    expected = told(undisturbed)
    for place in spread(len(calls), bed.pick(2, len(calls))):
        project = bed.project(begun)
        ended = night(project, place)
        judge(bed, outcome, project, (begun, expected), ended, f"before {calls[place - 1]}")
    for name in ("pre-receive", "post-receive")[: bed.pick(1, 2)]:
        project = bed.project(begun)
        hook(project.origin, name, 'kill -9 "-$NIGHT_GROUP" 0')
        ended = night(project)
        (project.origin / "hooks" / name).unlink()
        unlock(outcome, project.origin)
        judge(bed, outcome, project, (begun, expected), ended, f"in {name}")
    outcome.note(f"an undisturbed night runs {len(calls)} programs")
    return outcome


def trained(bed: Bed) -> Project:
    """A project that was released, and has a day of answers to be judged."""
    project = bed.project(bed.done)
    (project.work / "infra/ci").mkdir(parents=True)
    for name in SCRIPTS:
        shutil.copy(ROOT / "infra/ci" / name, project.work / "infra/ci")
    programs = project.work / ".venv/bin"
    programs.mkdir(parents=True)
    for name, found in PROGRAMS.items():
        program = found or str(Path(sys.executable).with_name(name))
        (programs / name).write_text(COUNTS.format(program=program, name=name))
        (programs / name).chmod(0o755)
    (project.work / ".git/info/exclude").write_text("/infra/\n/.venv/\n")
    project.answer(DAYS[0])
    return project


def night(project: Project, ends: int = 0) -> Ended:
    """Evaluate; `ends` is the number of the call, from 1, before which it is killed."""
    calls = project.folder / "calls"
    calls.unlink(missing_ok=True)
    given = {"NIGHT_CALLS": str(calls), "NIGHT_ENDS": str(ends)} | DATES
    given["PYTHONPATH"] = f"{ROOT / 'stages'}:{ROOT}"  # the work has the scripts alone
    done = subprocess.run(
        ["bash", "-c", BEGINS, BRANCH],
        cwd=project.work,
        env=environment() | given,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Ended(done.returncode, done.stdout)


def calls_of(project: Project) -> list[str]:
    """What the last night ran."""
    return (project.folder / "calls").read_text().splitlines()


def told(project: Project) -> tuple[str, list[str]]:
    """What the origin's branch has (its tree), and its tags."""
    tree = git(project.origin, "rev-parse", f"{BRANCH}^{{tree}}").strip()
    return tree, sorted(refs_of(project.origin).keys())


def judge(
    bed: Bed,
    outcome: Outcome,
    project: Project,
    known: tuple[Project, tuple[str, list[str]]],
    ended: Ended,
    when: str,
) -> None:
    """What the origin has is what it had, or all of the evaluation with its data; the next night
    leaves what an undisturbed one does, and the one after it has nothing to do."""
    begun, expected = known
    outcome.tried += 1
    if ended.status != -signal.SIGKILL:
        outcome.note(f"killed {when}: it ended with {ended.status}: {ended.output}")
    look(outcome, project, begun, expected, when)
    started = time.monotonic()
    again = night(project)
    outcome.slowest = max(outcome.slowest, time.monotonic() - started)
    look(outcome, project, begun, expected, f"{when}, then again")
    third = night(project)
    left = [*leftovers(project), git(project.work, "status", "--porcelain").strip()]
    if (
        (again.status, third.status, told(project)) == (0, 0, expected)
        and "no day is to be evaluated" in third.output
        and not any(left)
    ):
        outcome.recovered += 1
        shutil.rmtree(project.folder, ignore_errors=True)
    else:
        outcome.note(f"killed {when}: {told(project)}; {left}; {ended}; {again}; {third}")


def look(
    outcome: Outcome,
    project: Project,
    begun: Project,
    expected: tuple[str, list[str]],
    when: str,
) -> None:
    """Count what no moment may have."""
    if not all(
        is_whole(project.store, md5) for md5 in objects_of(project.origin, project.store, BRANCH)
    ):
        outcome.wrong += 1
        outcome.note(f"{when}: the branch names what is not on the remote")
    if told(project) not in (told(begun), expected):
        outcome.half += 1
        outcome.note(f"{when}: the origin has {told(project)}")
