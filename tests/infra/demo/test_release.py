"""Two nights of releases: what stands in the origin and on S3 in the end is what was told."""

import re
import shutil
from pathlib import Path

import pytest

from infra.demo import around, release
from infra.demo.history import DAYS
from infra.demo.report import step
from infra.demo.terminal import WIDTH, Terminal
from infra.processes import Processes
from infra.release.production import in_production
from infra.repository import git
from movierec.errors import BadInput, Unavailable
from tests.inputs.days import close_days

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_nights_are_released_undone_and_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(around, "has_docker", lambda: False)  # test_images.py builds images
    days, folder = tmp_path / "days", tmp_path / "told"
    size = {"lines_per_day": 500_000, "users": 500, "movies": 160}
    assert close_days(days / "data", DAYS[0], 3, **size, answered=True) == DAYS
    given = ["--workspace", str(days), "--output", str(folder), "--seconds", "2"]
    assert release.main(given) == 0
    told = capfd.readouterr().out
    origin = folder / "origin.git"
    assert git(origin, "tag", "--list").split() == [
        "svd#prod#1",
        "svd#prod#2",
        "svd#prod#3",
        "svd@v1.0.0",
        "svd@v1.0.1",
        "svdpp#prod#1",
        "svdpp#prod#2",
        "svdpp@v1.0.0",
        "svdpp@v1.0.1",
    ]
    assert [in_production(origin, kind) for kind in ("svd", "svdpp")] == [
        "svd@v1.0.0",
        "svdpp@v1.0.1",
    ]
    assert told.count("each read back and whole") == 2
    assert "images are left out" in told and "deploy is left out" in told
    assert re.search(r"svd@v1\.0\.0: SAME, \d+ outputs", told)
    assert re.search(r"(\d+) answers: \1 IDENTICAL, 0 DIFFERENT, 0 NOT", told)
    assert "svd@v1.0.1" in (folder / "card.html").read_text()
    assert list((folder / "s3/bucket/movierec/files/md5").iterdir())


def test_without_days_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no days there; run `make demo`"):
        around.make_repository(tmp_path / "none", tmp_path / "told", tmp_path)
    assert not (tmp_path / "told").exists()


def test_where_the_s3_server_cannot_be_built_it_ends_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No Go on PATH, and nothing built before."""
    script = tmp_path / "infra/ci/versitygw.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "infra/ci/versitygw.sh", script)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "dirname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    with (
        Processes(tmp_path, tmp_path / "logs") as processes,
        pytest.raises(BadInput, match="the S3 server could not be built"),
    ):
        around.start_s3(processes, tmp_path / "told", tmp_path, tmp_path)
    assert "Go 1.21 or later is not on PATH" in capfd.readouterr().err


def test_a_terminal_shows_what_was_typed_and_chosen_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Processes(tmp_path, tmp_path / "logs") as processes, step(1, "try", "it") as current:
        terminal = Terminal(processes)
        lines = terminal.type(current, f"echo '{'x' * 200}\nhidden'", ["xx"])
        with pytest.raises(Unavailable, match="`false` ended with 1"):
            terminal.type(current, "false")
        assert terminal.type(current, "false", may_end=(1,)) == []
    assert lines == ["x" * 200, "hidden"]
    told = capsys.readouterr().out
    assert f"  {'x' * (WIDTH - 1)}…\n" in told
    assert told.count("hidden") == 1, "in the command, and not among its lines"
