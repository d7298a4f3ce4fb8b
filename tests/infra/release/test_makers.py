"""Who is asked, what becomes of those who cannot be, and how many are asked at a time."""

import subprocess
from pathlib import Path

import pytest

from infra.release import makers as program
from infra.release.again import Maker
from infra.release.makers import Makers
from infra.release.tag import Tag, resolve_any
from movierec.errors import BadInput, CorruptFile
from tests.infra.release.served import answered
from tests.inputs.packages import STRANGER, package


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@pytest.fixture
def svd(tmp_path: Path) -> Path:
    return package(tmp_path / "m", "svd")


def test_what_is_no_release_needs_its_package(repository: Path) -> None:
    with Makers(repository, None, None, why=False) as makers:
        for model in ("svd@demo", "svd@unreleased", "of-monday", "svd@v1"):
            with pytest.raises(BadInput, match=f"^{model} is no release: .*by --model-dir$"):
                makers.of(model)


def test_a_release_that_is_not_there_is_refused_each_time_and_looked_for_once(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolving(repository: Path, name: str) -> Tag:
        asked.append(name)
        return resolve_any(repository, name)

    monkeypatch.setattr(program, "resolve_any", resolving)
    with Makers(repository, None, None, why=False) as makers:
        for _ in range(3):
            with pytest.raises(BadInput, match=r"no tag svd@v9\.0\.0 of a commit; `git fetch"):
                makers.of("svd@v9.0.0")
    assert asked == ["svd@v9.0.0"]


def test_so_many_are_asked_at_a_time_and_no_process_is_left(repository: Path, svd: Path) -> None:
    line = answered(svd, STRANGER)
    with Makers(repository, None, svd, why=False) as makers:
        made = [makers.of(f"svd@{n}") for n in range(program.OPEN)]
        assert makers.of("svd@0") is made[0]
        made.append(makers.of("svd@new"))
        ended = [maker._process.poll() for maker in made]
        assert ended == [None, 0, *[None] * (program.OPEN - 1)], "the one longest not asked"
        assert makers.of("svd@1").answer(line)["tier"] == "popular"
        made.append(makers.of("svd@1"))
    assert [maker._process.poll() for maker in made] == [0] * len(made)


def test_a_damaged_package_is_named(repository: Path, svd: Path) -> None:
    (svd / "users.npy").write_bytes(b"nonsense")
    with (
        Makers(repository, None, svd, why=False) as makers,
        pytest.raises(CorruptFile, match=r"makes no answer of its model: .*users\.npy"),
    ):
        makers.of("svd@demo")


def test_code_that_cannot_be_asked_says_so(tmp_path: Path, svd: Path) -> None:
    with (
        pytest.raises(BadInput, match=r"svd@v0\.1\.0: its code has no serve/service/again\.py"),
        Maker("svd@v0.1.0", svd, tmp_path, why=False),
    ):
        pass


def test_a_child_that_dies_is_an_error_and_no_answer(repository: Path, svd: Path) -> None:
    line = answered(svd, STRANGER)
    with Makers(repository, None, svd, why=False) as makers:
        maker = makers.of("svd@demo")
        with pytest.raises(CorruptFile, match="JSONDecodeError"):
            maker.answer(b"{")
        maker._process.wait()
        with pytest.raises(CorruptFile, match="JSONDecodeError"):
            maker.answer(line)
