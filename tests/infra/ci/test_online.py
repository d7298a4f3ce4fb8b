"""infra/ci/online.sh in a clone whose path has a space: what it commits, and when it cannot."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.ci.repro.written import KEPT
from infra.repository import environment, git
from tests.infra.release.project import DAYS, Project

ROOT = Path(__file__).resolve().parents[3]
DVC = r"""#!/bin/bash
set -e
case "$1" in
cache) echo "$PWD/../cache" ;;
repro)
  mkdir -p metrics
  sed -n 's/^  "\(.*\)":/\1/p' data/online/window.yaml | while read -r day; do
    if ! grep -qsF "online@$day" dvc.lock; then
      echo "  online@$day: 1" >>dvc.lock
      echo "$day" >>../ran
    fi
    mkdir -p metrics/online
    echo "{}" >"metrics/online/$day.json"
  done
  cat dvc.lock >metrics/online.json ;;
push) git diff --quiet HEAD -- dvc.lock || echo "$*" >>../pushed ;;
esac
"""
"""As far as a day is concerned."""
KILLED = """#!/bin/bash
case "$*" in "${KILLED_BEFORE:-nothing}"*) kill -9 0 ;; esac
"""
"""All of the night is, before a program that is called so."""
GIT = f"""{KILLED}exec {shutil.which("git")} "$@"
"""
PYTHON = f"""{KILLED}
[ "$1 $2" != "-m infra.transfer.dvc" ] || exec dvc "${{@:3}}"
[ "$1 $2 $3" = "-m infra.ci.repro --jobs" ] || exec {sys.executable} "$@"
exec dvc repro "${{@:5}}"
"""


def lock_of(*stages: str) -> str:
    """A dvc.lock that has them."""
    return "stages:\n" + "".join(f"  {stage}: 1\n" for stage in stages)


OTHER = lock_of("train@svdpp")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone whose night has found two days closed."""
    folder = tmp_path / "a night"
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "master", "origin.git")
    git(folder, "clone", "--quiet", str(folder / "origin.git"), "work")
    work = folder / "work"
    git(work, "symbolic-ref", "HEAD", "refs/heads/master")
    for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
        git(work, "config", name, value)
    (work / "infra/ci").mkdir(parents=True)
    for name in ("online.sh", "repro.sh", "alone.sh"):
        shutil.copy(ROOT / "infra/ci" / name, work / "infra/ci")
    program(work / ".venv/bin/dvc", DVC)
    program(work / ".venv/bin/python", PYTHON)
    program(work / ".venv/bin/git", GIT)
    (work / ".gitignore").write_text("/.venv/\n")
    (work / "dvc.lock").write_text(lock_of("train@svd"))
    find(work)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Begin")
    git(work, "push", "--quiet", "origin", "master")
    git(work, "checkout", "--quiet", "--detach")  # as Jenkins does
    find(work, *DAYS)
    return work


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def find(work: Path, *days: str) -> None:
    """Have a window of some days."""
    window = work / "data/online/window.yaml"
    window.parent.mkdir(parents=True, exist_ok=True)
    window.write_text("online_days:\n" + "".join(f'  "{day}":\n' for day in days))


def online(work: Path, **more: str) -> tuple[int, str]:
    """Its exit status, and what it says."""
    done = subprocess.run(
        [str(work / "infra/ci/online.sh")],
        env=environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}"} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return done.returncode, done.stdout


def evaluated(work: Path) -> list[str]:
    """The days that the origin has, by what they are and by its dvc.lock."""
    origin = work.parent / "origin.git"
    listed = git(origin, "ls-tree", "--name-only", "master", "metrics/online/")
    days = [Path(name).stem for name in listed.split() if name.endswith(".json")]
    lock = re.findall(r"^  online@(.+): 1$", git(origin, "show", "master:dvc.lock"), re.M)
    assert lock == days
    return days


def hook(work: Path, text: str) -> Path:
    """What the origin does before it takes a push."""
    path = work.parent / "origin.git/hooks/pre-receive"
    program(path, f"#!/bin/sh\n{text}\n")
    return path


def rival(work: Path, *, text: str | None = None) -> str:
    """Have somebody push first, once: a commit with another dvc.lock, or as it was; its name."""
    tree = git(work, "rev-parse", "master^{tree}").strip()
    if text is not None:
        clone = work.parent / "rival"
        git(work.parent, "clone", "--quiet", str(work.parent / "origin.git"), "rival")
        (clone / "dvc.lock").write_text(text)
        find(clone, "2026-10-31")
        git(clone, "add", "--all")
        tree = git(clone, "write-tree").strip()
        git(clone, "config", "user.name", "R")
        git(clone, "config", "user.email", "r@localhost")
        git(clone, "commit", "--quiet", "--message", "Rival")
        git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/rival")
        name = git(clone, "rev-parse", "HEAD").strip()
    else:
        name = git(work, "commit-tree", tree, "-p", "master", "-m", "Rival").strip()
        git(work, "push", "--quiet", "origin", f"{name}:refs/heads/rival")
    once = 'git update-ref refs/heads/master rival; rm "$0"; exit 1'
    hook(work, f"unset GIT_QUARANTINE_PATH; {once}")
    return name


def test_each_day_is_evaluated_once_and_its_sums_go_to_the_remote_first(work: Path) -> None:
    assert online(work) == (0, "")
    assert evaluated(work) == list(DAYS)
    assert (work.parent / "pushed").read_text() == "push --quiet --with-deps online_merge\n"
    shown = git(work, "show", "--format=%s", "--name-only", "HEAD").split("\n")
    assert shown[0] == "Evaluate what was answered"
    assert sorted(filter(None, shown[1:])) == [
        "data/online/window.yaml",
        "dvc.lock",
        *("metrics/online.json", *(f"metrics/online/{day}.json" for day in DAYS)),
    ]
    assert online(work) == (0, "no day is to be evaluated\n")
    find(work, *DAYS, "2026-11-03")
    assert online(work) == (0, "")
    assert (work.parent / "ran").read_text().split() == [*DAYS, "2026-11-03"]


def test_where_no_answer_was_ever_logged_that_is_committed_once(work: Path) -> None:
    find(work)
    assert online(work) == (0, "")
    assert evaluated(work) == []
    assert online(work) == (0, "no day is to be evaluated\n")


def test_what_the_origin_refuses_is_no_race_and_is_pushed_by_the_next_run(work: Path) -> None:
    refusing = hook(work, "echo no pushes on Fridays >&2; exit 1")
    status, said = online(work)
    assert (status, "no pushes on Fridays" in said, "somebody" in said) == (2, True, False), said
    assert evaluated(work) == []
    refusing.unlink()
    assert online(work)[0] == 0
    assert evaluated(work) == list(DAYS)


@pytest.mark.parametrize("text", [None, OTHER], ids=["else", "the same files"])
def test_who_pushed_first_is_taken_up(work: Path, text: str | None) -> None:
    """Also a release, which changed the same lines of dvc.lock, and the days: it is judged anew."""
    first = rival(work, text=text)
    status, said = online(work)
    assert status == 0, said
    assert evaluated(work) == list(DAYS)
    origin = work.parent / "origin.git"
    git(origin, "merge-base", "--is-ancestor", first, "master")
    lock = git(origin, "show", "master:dvc.lock")
    online_too = "".join(f"  online@{day}: 1\n" for day in DAYS)
    assert lock == (text or lock_of("train@svd")) + online_too


def test_a_commit_that_was_not_pushed_is_made_again_where_a_rival_changed_the_same(
    work: Path,
) -> None:
    refusing = hook(work, "exit 1")
    assert online(work)[0] == 2
    refusing.unlink()
    rival(work, text=OTHER)
    status, said = online(work)
    assert status == 0, said
    assert evaluated(work) == list(DAYS)


@pytest.mark.parametrize(
    "before",
    ["fetch", "rebase", "-m infra.transfer.dvc", "add", "commit", "-m infra.repository push"],
)
def test_killed_it_is_finished_by_the_next(work: Path, before: str) -> None:
    assert online(work, KILLED_BEFORE=before)[0] in (-9, 128 + 9)  # what runs alone has a group
    assert evaluated(work) == []
    status, said = online(work)
    assert (status, evaluated(work)) == (0, list(DAYS)), said
    assert git(work, "status", "--porcelain") == ""
    assert online(work) == (0, "no day is to be evaluated\n")


@pytest.mark.parametrize("kept", [True, False])
def test_a_lock_that_a_kill_has_torn_is_taken_back_by_its_copy(work: Path, kept: bool) -> None:
    was = (work / "dvc.lock").read_text()
    (work / "dvc.lock").write_text("stages:\n  tra")
    if kept:
        (work / ".dvc/tmp").mkdir(parents=True)
        (work / ".dvc/tmp" / KEPT).write_text(was)
    status, said = online(work)
    assert (status, evaluated(work)) == ((0, list(DAYS)) if kept else (2, [])), said


def test_what_else_is_staged_is_named_and_left(work: Path) -> None:
    (work / "params.yaml").write_text("mine\n")
    git(work, "add", "params.yaml")
    status, said = online(work)
    assert (status, evaluated(work)) == (2, [])
    assert "params.yaml: it is staged; commit that, or take it back" in said
    assert git(work, "status", "--porcelain", "params.yaml") == "A  params.yaml\n"


def test_a_newer_window_is_not_replaced_by_that_of_a_night_that_was_killed(work: Path) -> None:
    assert online(work, KILLED_BEFORE="fetch") == (-9, "")
    find(work, DAYS[0])
    assert online(work)[0] == 0
    assert evaluated(work) == [DAYS[0]]


def test_somebody_who_is_first_each_time_is_told(work: Path) -> None:
    rival(work)
    status, said = online(work, MOVIEREC_TRIES="1")
    assert (status, "somebody pushed to master first" in said) == (3, True), said


@pytest.mark.parametrize("staged", [False, True])
def test_what_was_trained_and_not_registered_is_not_committed_along(
    work: Path, staged: bool
) -> None:
    (work / "dvc.lock").write_text(OTHER)
    if staged:
        git(work, "add", "dvc.lock")
    status, said = online(work)
    assert (status, evaluated(work)) == (2, []), said
    assert "take it back" in said


@pytest.mark.slow
def test_with_dvc_the_sums_are_on_the_remote_and_a_new_night_costs_a_day(
    tmp_path: Path,
) -> None:
    """The pipeline in seconds, by DVC itself, which has trained, and committed that."""
    trained = Project(tmp_path)
    trained.begin()
    work = trained.work
    assert trained.release("register").status == 0
    for name in ("online.sh", "repro.sh", "alone.sh"):
        (work / "infra/ci").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "infra/ci" / name, work / "infra/ci")
    (work / ".git/info/exclude").write_text("/infra/\n")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ours = {"PATH": path, "PYTHONPATH": f"{ROOT / 'stages'}:{ROOT}"}
    for day in DAYS:
        trained.answer(day)
        done = subprocess.run(
            ["infra/ci/online.sh", "main"],
            cwd=work, env=environment() | ours, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        ran = re.findall(r"Running stage '(.+)':", done.stdout)
        assert ran == [f"online@{day}", "online_merge"]
    shutil.rmtree(work / ".dvc/cache")
    shutil.rmtree(work / "data/online/days")
    pulled = subprocess.run(
        [sys.executable, "-m", "dvc", "pull", "--quiet", *(f"data/online/days/{d}" for d in DAYS)],
        cwd=work, env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert pulled.returncode == 0, pulled.stderr
    told = json.loads(git(trained.origin, "show", f"main:metrics/online/{DAYS[0]}.json"))
    assert told == {"days": [DAYS[0]], "open": False}
