"""Closed days that are brought from the store's place to where the stages read them."""

import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from infra.release import bring, expire
from movierec.errors import BadInput, CorruptFile
from movierec.store.days import LINES, MANIFEST, closed_days, day_folder, read_day
from movierec.store.durable import Disk
from movierec.url import root_of
from tests.brokers.s3 import BUCKET
from tests.movierec.store.filling import TOPIC, close, files, put, watch

DAYS = ["2026-11-01", "2026-11-02"]


def filled(root: Path) -> Path:
    """A store with two closed days and an open one."""
    put(root, [watch(1, 1), b"junk"])
    put(root, [watch(2, 30)], 2)
    put(root, [watch(3, 30)], 3)
    assert close(root, p0=4) == DAYS
    return root


def brought(store: Path, into: Path) -> int:
    """The program's exit status."""
    return bring.main(["--store", str(store), "--into", str(into)])


def days_of(root: Path) -> dict[str, bytes]:
    """All bytes of closed days."""
    return files(root / TOPIC / "days")


def test_days_come_once_and_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, here = filled(tmp_path / "store"), tmp_path / "data"
    (here / "aggregates").mkdir(parents=True)
    assert brought(store, here) == 0
    assert days_of(here) == days_of(store)
    assert {path.name for path in (here / TOPIC).iterdir()} == {"days"}
    assert capsys.readouterr().out == "".join(f"brought  {TOPIC}/{day}\n" for day in DAYS)
    assert brought(store, here) == 0
    assert capsys.readouterr().out == ""


def test_what_died_halfway_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, here = filled(tmp_path / "store"), tmp_path / "data"
    put_new = Disk.put_new
    for last in ("rejected.jsonl", MANIFEST):

        def dies(disk: Disk, name: str, write: Any, last: str = last) -> int:
            if name.endswith(last):
                raise KeyboardInterrupt
            return put_new(disk, name, write)

        with monkeypatch.context() as patch:
            patch.setattr(Disk, "put_new", dies)
            with pytest.raises(KeyboardInterrupt):
                brought(store, here)
        assert closed_days(here, TOPIC) == []
        (here / TOPIC / "days" / DAYS[0] / LINES).write_bytes(b"half")
    assert brought(store, here) == 0
    assert days_of(here) == days_of(store)


def test_a_file_that_is_not_its_manifests_is_refused(tmp_path: Path) -> None:
    store, here = filled(tmp_path / "store"), tmp_path / "data"
    path = day_folder(store, TOPIC, DAYS[1]) / LINES
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(CorruptFile, match=f"{DAYS[1]}/{LINES}: SHA-256 differs"):
        brought(store, here)
    assert closed_days(here, TOPIC) == DAYS[:1]
    assert list((here / TOPIC / "days" / DAYS[1]).iterdir()) == []


def test_what_expired_there_goes_here(tmp_path: Path) -> None:
    store, here = filled(tmp_path / "store"), tmp_path / "data"
    brought(store, here)
    options = expire.parse(["--store", str(store), "--topics", TOPIC, "--today", "2027-01-01"])
    expire.apply(list(expire.describe(DAYS[0], options)), options)
    assert brought(store, here) == 0
    assert closed_days(here, TOPIC) == DAYS[1:]
    assert files(here / "expired") == files(store / "expired") != {}


def test_a_collectors_own_folder_and_another_day_of_the_name_are_refused(tmp_path: Path) -> None:
    store, here = filled(tmp_path / "store"), tmp_path / "data"
    with pytest.raises(BadInput, match="a collector's own store"):
        brought(here, store)
    put(here, [watch(1, 7)])
    put(here, [watch(2, 31)], 1)
    close(here, p0=2)
    shutil.rmtree(here / TOPIC / "segments")
    with pytest.raises(CorruptFile, match="another day than the store has under this name"):
        brought(store, here)


@pytest.mark.slow
def test_from_s3(tmp_path: Path, s3_environment: None) -> None:
    store, here = root_of(f"s3://{BUCKET}/{uuid.uuid4().hex}"), tmp_path / "data"
    filled(store)
    assert brought(store, here) == 0
    for day in DAYS:
        ours, theirs = (read_day(day_folder(root, TOPIC, day)) for root in (here, store))
        assert ours.equals(theirs)
