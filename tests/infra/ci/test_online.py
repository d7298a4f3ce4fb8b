"""infra/ci/online.sh in a clone whose path has a space: what it commits, and when it cannot."""

import shutil
import subprocess
from pathlib import Path

import pytest

from infra.repository import environment, git

ROOT = Path(__file__).resolve().parents[3]
DAYS = ("2026-11-01", "2026-11-02")
EVALUATE = "import pathlib, sys; pathlib.Path(sys.argv[-1]).write_text('{}')\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone, its origin and the collector's folder beside it."""
    folder = tmp_path / "a night"
    for day in DAYS:
        for topic in ("movielog", "served"):
            (folder / f"store/{topic}/days/{day}").mkdir(parents=True)
            (folder / f"store/{topic}/days/{day}/manifest.json").write_text("{}")
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "master", "origin.git")
    git(folder, "clone", "--quiet", str(folder / "origin.git"), "work")
    work = folder / "work"
    git(work, "symbolic-ref", "HEAD", "refs/heads/master")
    for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
        git(work, "config", name, value)
    (work / "infra/ci").mkdir(parents=True)
    shutil.copy(ROOT / "infra/ci/online.sh", work / "infra/ci")
    (work / "stages").mkdir()
    (work / "stages/online_evaluate.py").write_text(EVALUATE)
    (work / "metrics/online").mkdir(parents=True)
    (work / "metrics/online/README").write_text("by day\n")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Begin")
    git(work, "push", "--quiet", "origin", "master")
    git(work, "checkout", "--quiet", "--detach")  # as Jenkins does
    return work


def online(work: Path) -> tuple[int, str]:
    """Its exit status, and what it says."""
    done = subprocess.run(
        [str(work / "infra/ci/online.sh")],
        env=environment() | {"MOVIEREC_STORE": str(work.parent / "store")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def evaluated(work: Path) -> list[str]:
    """The days that the origin has."""
    listed = git(work.parent / "origin.git", "ls-tree", "--name-only", "master", "metrics/online/")
    return [Path(name).stem for name in listed.split() if name.endswith(".json")]


def hook(work: Path, text: str) -> Path:
    """What the origin does before it takes a push."""
    path = work.parent / "origin.git/hooks/pre-receive"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_each_day_is_evaluated_once(work: Path) -> None:
    assert online(work) == (0, "")
    assert evaluated(work) == list(DAYS)
    assert online(work) == (0, "no day is to be evaluated\n")


def test_what_the_origin_refuses_is_no_race_and_is_pushed_by_the_next_run(work: Path) -> None:
    refusing = hook(work, "echo no pushes on Fridays >&2; exit 1")
    status, said = online(work)
    assert (status, "no pushes on Fridays" in said, "somebody" in said) == (2, True, False), said
    assert evaluated(work) == []
    refusing.unlink()
    assert online(work)[0] == 0
    assert evaluated(work) == list(DAYS)


def test_who_pushed_first_is_taken_up(work: Path) -> None:
    rival = git(work, "commit-tree", "master^{tree}", "-p", "master", "-m", "Rival").strip()
    git(work, "push", "--quiet", "origin", f"{rival}:refs/heads/rival")
    once = 'git update-ref refs/heads/master rival; rm "$0"; exit 1'
    hook(work, f"unset GIT_QUARANTINE_PATH; {once}")
    status, said = online(work)
    assert status == 0, said
    assert evaluated(work) == list(DAYS)
    git(work.parent / "origin.git", "merge-base", "--is-ancestor", rival, "master")
