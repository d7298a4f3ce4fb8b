"""The disk: what reaches it, in which order, and what a crash or another leaves."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from movierec.store import durable
from movierec.store.durable import Disk
from tests.movierec.store.filling import close, file_of, put, watch

Calls = list[tuple[Any, ...]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls that change the disk: an fsync with its path and size, the others with names."""
    made: Calls = []

    def noting(name: str, note: Callable[..., tuple[Any, ...]]) -> None:
        original = getattr(os, name)

        def call(*arguments: Any, **more: Any) -> Any:
            made.append((name, *note(*arguments)))
            return original(*arguments, **more)

        monkeypatch.setattr(os, name, call)

    def synced(descriptor: int) -> tuple[Any, ...]:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        return ("folder", path.name) if path.is_dir() else ("file", os.fstat(descriptor).st_size)

    noting("fsync", synced)
    noting("link", lambda source, target: (Path(target).name,))
    for name in ("unlink", "mkdir"):
        noting(name, lambda path, *_: (Path(path).name,))
    for name in ("rename", "replace"):
        noting(name, lambda *names: names)
    return made


def without_temporaries(calls: Calls) -> Calls:
    return [call for call in calls if not str(call[-1]).endswith(".tmp")]


def test_content_then_name_then_folder(tmp_path: Path, calls: Calls) -> None:
    """All bytes are in the file when it is synced; its name comes after, and is synced too."""
    assert Disk(tmp_path).put_new("a/b/name", lambda file: file.write(b"x" * 10)) == 10
    assert without_temporaries(calls) == [
        ("mkdir", "a"),
        ("fsync", "folder", tmp_path.name),
        ("mkdir", "b"),
        ("fsync", "folder", "a"),
        ("fsync", "file", 10),
        ("link", "name"),
        ("fsync", "folder", "b"),
    ]
    assert [call[0] for call in calls if call not in without_temporaries(calls)] == ["unlink"]
    assert calls[-1][0] == "unlink"


def test_a_name_is_never_replaced_and_durable_when_it_is_refused(
    tmp_path: Path, calls: Calls
) -> None:
    """Whoever has the name may have died before the folder was synced."""
    (tmp_path / "name").write_bytes(b"theirs")
    written = []
    with pytest.raises(FileExistsError):
        Disk(tmp_path).put_new("name", written.append)
    assert len(written) == 1
    assert (tmp_path / "name").read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["name"]
    assert without_temporaries(calls)[-2:] == [
        ("link", "name"),
        ("fsync", "folder", tmp_path.name),
    ]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fails(file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        Disk(tmp_path).put_new("folder/name", fails)
    assert list((tmp_path / "folder").iterdir()) == []


def test_names_are_sorted_and_without_those_of_writers_at_work(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    for name in ("f/b", "f/a", "f/c/d"):
        disk.put_new(name, lambda file: None)
    (tmp_path / "f/.a.0.tmp").touch()
    assert disk.names("f") == ["a", "b", "c"]
    assert disk.names("nowhere") == []
    assert disk.names("f/a") == []
    assert (tmp_path / "f/.a.0.tmp").exists()


def test_settling_removes_what_died_writers_left_and_makes_names_durable(
    tmp_path: Path, calls: Calls
) -> None:
    disk = Disk(tmp_path)
    disk.put_new("f/a", lambda file: None)
    (tmp_path / "f/.a.0.tmp").touch()
    calls.clear()
    assert disk.names("f", settle=True) == ["a"]
    assert calls == [("unlink", ".a.0.tmp"), ("fsync", "folder", "f")]
    assert disk.names("new", settle=True) == []


def put_and_die(root: Path, call: str) -> None:
    """Put a file in a process of its own, killed where it calls `os.<call>`."""
    program = f"""
import os, signal
from pathlib import Path
from movierec.store.durable import Disk
os.{call} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Disk(Path({str(root)!r})).put_new("f/a", lambda file: file.write(b"half"))
"""
    died = subprocess.run([sys.executable, "-c", program], check=False)
    assert died.returncode == -signal.SIGKILL


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_sweeping_removes_what_a_writer_left_that_was_killed(tmp_path: Path, call: str) -> None:
    disk = Disk(tmp_path)
    disk.put_new("f/b", lambda file: None)
    put_and_die(tmp_path, call)
    (tmp_path / "f/.notes").touch()  # no name of ours
    [left] = (tmp_path / "f").glob(".*.tmp")
    assert left.name.startswith(".a.")
    disk.sweep("f")
    disk.sweep("nowhere")
    assert {path.name for path in (tmp_path / "f").iterdir()} == {".notes", "b"}


def test_sweeping_spares_a_writer_at_work(tmp_path: Path) -> None:
    disk = Disk(tmp_path)

    def slow(file: Any) -> None:
        file.write(b"one ")
        disk.sweep("f")
        file.write(b"two")

    assert disk.put_new("f/a", slow) == 7
    assert (tmp_path / "f/a").read_bytes() == b"one two"


def test_a_file_that_is_swept_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, lock, swept = Disk(tmp_path), durable._lock, []

    def late(file: Any, how: int) -> bool:
        if not swept:
            swept.append(file)
            disk.sweep("f")
        return lock(file, how)

    monkeypatch.setattr(durable, "_lock", late)
    assert disk.put_new("f/a", lambda file: file.write(b"ours")) == 4
    assert swept and (tmp_path / "f/a").read_bytes() == b"ours"


def test_where_the_file_system_has_no_locks_all_is_put_and_nothing_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", none)
    disk = Disk(tmp_path)
    assert disk.put_new("f/a", lambda file: file.write(b"ours")) == 4
    (tmp_path / "f/.a.0.tmp").touch()
    disk.sweep("f")
    assert (tmp_path / "f/.a.0.tmp").exists()


def test_another_may_do_the_same_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes the folder just before us, and clears up what we are about to."""
    mkdir, unlink = Path.mkdir, Path.unlink
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", lambda p, **more: (mkdir(p), mkdir(p, **more)))
        patch.setattr(Path, "unlink", lambda p, **more: (unlink(p), unlink(p, **more)))
        assert Disk(tmp_path).put_new("f/a", lambda file: file.write(b"ours")) == 4
        (tmp_path / "f/.a.0.tmp").touch()
        assert Disk(tmp_path).names("f", settle=True) == ["a"]
    assert (tmp_path / "f/a").read_bytes() == b"ours"


def test_a_folder_goes_with_its_last_name(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    for name in ("f/a", "f/b", "top"):
        disk.put_new(name, lambda file: None)
    disk.remove("f/a")
    disk.remove("f/a")
    assert disk.names("f") == ["b"]
    disk.remove("f/b")
    assert disk.names("") == ["top"]
    disk.remove("top")
    assert tmp_path.is_dir()


def test_each_folder_of_many_names_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, rmdir, looked = Disk(tmp_path), Path.rmdir, list[Path]()

    def looks(path: Path) -> None:
        looked.append(path)
        rmdir(path)

    monkeypatch.setattr(Path, "rmdir", looks)
    names = [f"{folder}/{name}" for folder in ("f", "f/g") for name in "abc"]
    for name in names:
        disk.put_new(name, lambda file: None)
    disk.remove(*names)
    assert looked == [tmp_path / "f/g", tmp_path / "f"]
    assert disk.names("") == []


def test_a_day_is_durable_before_its_segments_go(tmp_path: Path, calls: Calls) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], 1)
    calls.clear()
    close(tmp_path, p0=2)
    sizes = {path.stat().st_size for path in tmp_path.rglob("days/*/*")}
    made = without_temporaries(calls)
    synced = [i for i, call in enumerate(made) if call[:2] == ("fsync", "file")]
    assert sizes <= {made[i][2] for i in synced}
    order = [c for c in made if c[0] in ("link", "unlink")]
    assert [c[1] for c in order] == [
        "00000000.done",  # the first look at the topic
        "00000001.json",
        "lines.parquet",
        "rejected.jsonl",
        "manifest.json",
        "00000001.done",
        "00000000000000000001.base",
        file_of(tmp_path).name,
    ]
    for index, call in enumerate(made):
        if call[0] == "link":  # content before, folder after, with nothing between
            assert made[index - 1][:2] == ("fsync", "file")
            assert made[index + 1][:2] == ("fsync", "folder")


def test_a_file_that_has_a_folders_name_is_not_taken_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match="/a'"):
        Disk(tmp_path).put_new("a/b", lambda file: None)
