"""Locks of a git that was killed: taken away when nobody can hold them, and no others."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from dvc.lock import make_lock
from dvc.rwlock import RWLOCK_LOCK

from infra.release.alone import NAME, alone
from infra.release.leftovers import mend_rwlock, take_away
from infra.repository import git
from tests.infra.release.project import Project

LOCKS = ["index.lock", "HEAD.lock", "refs/heads/main.lock", "refs/tags/svd@v1.0.0.lock"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    return tmp_path


def lock(repository: Path) -> list[Path]:
    paths = [repository / ".git" / name for name in LOCKS]
    for path in paths:
        path.touch()
    return paths


def killed(repository: Path) -> None:
    """As if a release had been killed just now."""
    (repository / ".git" / NAME).write_text("4711\n")


def test_what_a_killed_release_left_locked_stops_nobody(repository: Path) -> None:
    killed(repository)
    paths = lock(repository)
    with alone(repository):
        assert not any(path.exists() for path in paths)
    git(repository, "-c", "user.name=T", "-c", "user.email=t@l", "commit", "--allow-empty", "-mA")


def test_a_lock_of_whoever_else_is_left(repository: Path) -> None:
    paths = lock(repository)
    with alone(repository):
        assert all(path.exists() for path in paths), "no release was killed here"
    with alone(repository):
        assert all(path.exists() for path in paths), "the one before ended well"
    for path in paths:
        os.utime(path, (1, 1))
    killed(repository)
    with alone(repository):
        assert all(path.exists() for path in paths), "they were there before it"


def test_nothing_is_unlocked_under_a_git_that_runs(repository: Path) -> None:
    paths = lock(repository)
    # It waits for its input, in the repository.
    reading = subprocess.Popen(["git", "hash-object", "--stdin"], cwd=repository, stdin=-1)
    assert take_away(repository / ".git", 0) == []
    assert all(path.exists() for path in paths)
    reading.communicate(b"")
    assert sorted(take_away(repository / ".git", 0)) == sorted(paths)


@pytest.mark.parametrize("left", ["", '{"read": {'])
def test_what_a_killed_dvc_left_half_written_stops_nobody(trained: Project, left: str) -> None:
    trained.write(".dvc/tmp/rwlock", left)
    done = trained.release("register")
    assert done.status == 0, done


def test_what_dvc_writes_just_now_is_left(tmp_path: Path) -> None:
    file = tmp_path / "rwlock"
    file.write_text("")
    with make_lock(str(tmp_path / RWLOCK_LOCK), tmp_dir=str(tmp_path)):
        mend_rwlock(tmp_path)
        assert file.exists()
    mend_rwlock(tmp_path)
    assert not file.exists()


def noted(number: int) -> str:
    """DVC's file when the process of that number reads and writes."""
    info = {"pid": number, "cmd": "dvc repro"}
    return json.dumps({"read": {"/data": [info]}, "write": {"/models": info}})


def test_what_dvc_noted_of_somebody_alive_is_left(tmp_path: Path) -> None:
    file = tmp_path / "rwlock"
    file.write_text(noted(os.getpid()))
    mend_rwlock(tmp_path)
    assert file.read_text() == noted(os.getpid())


def test_what_dvc_noted_of_the_dead_goes_whoever_has_their_number(tmp_path: Path) -> None:
    file = tmp_path / "rwlock"
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # its end is still to be asked for
        file.write_text(noted(ended.pid))
        mend_rwlock(tmp_path)
        assert not file.exists()
    file.write_text(noted(ended.pid))
    mend_rwlock(tmp_path)
    assert not file.exists()
    file.write_text(noted(os.getpid()))
    os.utime(file, (1e9, 1e9))  # long before this process began
    mend_rwlock(tmp_path)
    assert not file.exists()


def test_a_file_of_dvc_of_another_form_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "rwlock").write_text('{"write": []}')
    mend_rwlock(tmp_path)
    assert not (tmp_path / "rwlock").exists()
