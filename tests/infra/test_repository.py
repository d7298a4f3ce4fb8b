"""Git answers for the repository that is meant, whatever a hook says of another."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.repository import PLACES, attempt, environment, files, git
from movierec.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two repositories."""
    folders = tmp_path / "ours", tmp_path / "theirs"
    for folder in folders:
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folders


def test_it_is_the_one_of_the_folder_also_from_a_hook_of_another(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = two
    monkeypatch.setenv("GIT_DIR", str(theirs / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(theirs))
    assert Path(git(ours, "rev-parse", "--show-toplevel").strip()) == ours.resolve()
    assert not environment().keys() & set(PLACES)
    assert "PATH" in environment()


def test_what_fails_says_where_and_in_gits_words(two: tuple[Path, Path]) -> None:
    with pytest.raises(Unavailable, match=r"git show nothing in .*ours: fatal: .*'nothing'"):
        git(two[0], "show", "nothing")
    assert attempt(two[0], "show", "nothing").returncode


GITS = """#!/bin/sh
[ "$1" = config ] && exec {git} "$@"
echo "$GIT_HTTP_LOW_SPEED_LIMIT $GIT_HTTP_LOW_SPEED_TIME, $GIT_SSH_COMMAND"
"""


@pytest.fixture
def said(two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose git says how it is told to be patient."""
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text(GITS.format(git=shutil.which("git")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_HTTP_LOW_SPEED_TIME"):
        monkeypatch.delenv(name, raising=False)
    return two[0]


def test_a_network_that_stands_still_is_given_up_by_git(
    said: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSFER_SECONDS", "30")
    ssh = "ssh -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o ConnectTimeout=30"
    assert git(said, "push") == git(said, "ls-remote") == f"1 30, {ssh}\n"
    assert git(said, "show") == " , \n"


def test_what_its_user_set_up_comes_first(said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_HTTP_LOW_SPEED_TIME", "7")
    git(said, "config", "core.sshCommand", "ssh -i key")
    assert git(said, "fetch") == "1 7, \n"
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -v")
    assert git(said, "fetch") == "1 7, ssh -v\n"


def test_scripts_have_the_same_git(said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its words and its status, in the repository that is meant."""
    monkeypatch.setenv("TRANSFER_SECONDS", "30")
    monkeypatch.setenv("GIT_DIR", str(said.with_name("theirs") / ".git"))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'stages'}")
    command = [sys.executable, "-m", "infra.repository"]
    fetched = subprocess.run([*command, "fetch"], cwd=said, capture_output=True, text=True)
    assert fetched.stdout == git(said, "fetch")
    shown = subprocess.run([*command, "config", "x"], cwd=said, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (1, "error: key does not contain a section: x\n")


def test_its_files_are_those_that_it_knows_or_would_add_as_they_stand(
    two: tuple[Path, Path],
) -> None:
    ours, _ = two
    (ours / ".gitignore").write_text("ignored\n")
    for name in ("kept", "gone", "ignored", "odd\nname"):
        (ours / name).write_text(name)
    git(ours, "add", "kept", "gone")
    (ours / "gone").unlink()
    assert sorted(files(ours)) == [".gitignore", "kept", "odd\nname"]
