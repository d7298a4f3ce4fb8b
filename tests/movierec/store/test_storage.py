"""The seam: with another storage in `at`, the whole store lives there and nothing on the disk."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from infra.release import expire
from movierec.store import storage
from movierec.store.days import closed_days, day_folder, read_day, read_rejected, stream_day
from movierec.store.storage import at, has
from movierec.store.tail import claim_partition
from tests.movierec.store.filling import TOPIC, close, end_of, files, put, stored, watch

KEPT: dict[str, bytes] = {}


class Memory:
    """The five verbs on a dictionary, as an object store has them: no folder, no rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_new(self, name: str, write: Callable[[BinaryIO], object]) -> int:
        file = io.BytesIO()
        write(file)
        key = str(self.root / name)
        if KEPT.setdefault(key, content := file.getvalue()) is not content:
            raise FileExistsError(key)
        return len(content)

    def open(self, name: str) -> io.BufferedIOBase:
        try:
            return io.BytesIO(KEPT[str(self.root / name)])
        except KeyError:
            raise FileNotFoundError(name) from None

    def names(self, folder: str, *, settle: bool = False) -> list[str]:
        below = str(self.root / folder) + "/"
        return sorted({key[len(below) :].split("/")[0] for key in KEPT if key.startswith(below)})

    def remove(self, *names: str) -> None:
        for name in names:
            KEPT.pop(str(self.root / name), None)

    def sweep(self, folder: str) -> None:
        """A put is whole or nothing here."""

    def check(self, name: str) -> None:
        """A dictionary keeps what it has."""

    @contextmanager
    def ahead(self) -> Iterator["Memory"]:
        """All is at hand."""
        yield self


def a_life(root: Path) -> list[Any]:
    """Write, close, read, write on, expire; what was seen on the way."""
    put(root, [watch(1, 1), b"junk", watch(2, 5)])
    put(root, [watch(1, 2), watch(2, 30)], partition=1)
    claim_partition(root, TOPIC, 0).write_gap(9)
    seen: list[Any] = [close(root, p0=9, p1=2), stored(root), end_of(root), end_of(root, 1)]
    put(root, [watch(1, 3), watch(3, 30)], 2, partition=1)
    seen += [close(root, p0=9, p1=4), closed_days(root, TOPIC)]
    for day in closed_days(root, TOPIC):
        folder = day_folder(root, TOPIC, day)
        seen += [read_day(folder).to_pylist(), list(read_rejected(folder))]
        seen += [batch.to_pylist() for batch in stream_day(folder)]
    options = expire.parse(["--store", str(root), "--topics", TOPIC, "--today", "2027-01-01"])
    expire.apply(list(expire.describe("2026-11-01", options)), options)
    return [*seen, closed_days(root, TOPIC), stored(root)]


def test_another_storage_holds_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "store"
    seen = a_life(root)
    on_disk = files(root)
    root.rename(tmp_path / "away")
    monkeypatch.setattr(storage, "Disk", Memory)
    assert a_life(root) == seen
    assert not root.exists()
    assert {str(Path(key).relative_to(root)): kept for key, kept in KEPT.items()} == on_disk


def test_a_name_is_there_or_not(tmp_path: Path) -> None:
    at(tmp_path).put_new("a", lambda file: None)
    assert [has(at(tmp_path), name) for name in "ab"] == [True, False]
