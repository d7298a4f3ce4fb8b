"""Git answers for the repository that is meant, whatever a hook says of another."""

import subprocess
from pathlib import Path

import pytest

from infra.repository import PLACES, attempt, environment, git
from movierec.errors import Unavailable


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
