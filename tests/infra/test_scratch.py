"""Folders to work in: gone at the end, gone after a kill, and never somebody else's."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.scratch import scratch, sweep

HOLDS = """
import sys
from infra.scratch import scratch
with scratch("image") as folder:
    (folder / "model").write_text("gigabytes")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def somebody(place: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Another process that works in a folder, which is an hour old."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        folder = Path(child.stdout.readline().strip())
        grow_old(folder)
        yield child, folder


def grow_old(folder: Path) -> None:
    hour_ago = folder.stat().st_mtime - 3600
    os.utime(folder, (hour_ago, hour_ago))


def test_it_goes_at_the_end_also_of_a_failure(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch("image") as folder:
        (folder / "model").write_text("x")
        assert folder.parent == place
        raise ZeroDivisionError
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_goes_when_the_next_one_comes(place: Path) -> None:
    with somebody(place) as (child, left):
        child.send_signal(signal.SIGKILL)
        child.wait()
        with scratch("card") as other:
            assert left.exists() and other.exists(), "one of another purpose is left alone"
        with scratch("image"):
            assert not left.exists()


def test_the_folder_of_a_process_that_works_is_left_alone(place: Path) -> None:
    with somebody(place) as (_, theirs):
        with scratch("image") as folder:
            grow_old(folder)
            assert sweep(place, "image") == []
        assert (theirs / "model").exists()


def test_one_that_was_just_made_and_is_not_locked_yet_is_left_alone(place: Path) -> None:
    (made := place / "movierec-image-new").mkdir()
    assert sweep(place, "image") == []
    grow_old(made)
    assert sweep(place, "image") == [made]


def test_links_and_files_of_that_name_are_left_alone(place: Path) -> None:
    (target := place / "elsewhere").mkdir()
    (place / "movierec-image-link").symlink_to(target)
    (place / "movierec-image-file").touch()
    grow_old(target)
    assert sweep(place, "image") == []
    assert target.exists()
