"""What a day's manifest says: every count follows from the rows that it closes over."""

import hashlib
from pathlib import Path

from movierec.store.dayfile import put_day
from movierec.store.days import LINES, REJECTED_LINES, day_folder, read_manifest
from movierec.store.durable import Disk
from movierec.times import day_number
from tests.movierec.store.filling import TOPIC, close, files, put, watch

DAY = "2026-11-01"


def test_the_manifest_counts_what_the_day_holds(tmp_path: Path) -> None:
    rating = b"2026-11-01T10:00:00,7,GET /rate/jaws+1975=4"
    put(tmp_path, [watch(1, 1), b"junk", rating, b"\xff", b"more junk", watch(2, 30)])
    put(tmp_path, [b"junk"], partition=1)
    assert close(tmp_path, p0=6, p1=1) == [DAY]
    manifest = read_manifest(tmp_path, TOPIC, DAY)
    assert (manifest["topic"], manifest["day"], manifest["gaps"]) == (TOPIC, DAY, [])
    assert manifest["totals"] == {
        "stored": 2,
        "rejected": 4,
        "late": 0,
        "watch": 1,
        "rating": 1,
        "request": 0,
        "account": 0,
        "served": 0,
        "reasons": {"bad-time": 3, "not-utf8": 1},
    }
    none = {"first": None, "last": None, "stored": 0, "rejected": 0, "late": 0}
    assert manifest["partitions"] == {
        "0": {"cut": 5, "first": 0, "last": 4, "stored": 2, "rejected": 3, "late": 0},
        "1": none | {"cut": 1, "first": 0, "last": 0, "rejected": 1},
    }
    folder = day_folder(tmp_path, TOPIC, DAY)
    assert manifest["files"] == {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in ((n, (folder / n).read_bytes()) for n in (LINES, REJECTED_LINES))
    }


def test_late_lines_go_to_the_day_they_arrive_in_and_are_counted(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 30)])
    assert close(tmp_path, p0=2) == [DAY]
    put(tmp_path, [watch(1, 2), watch(3, 30)], start=2)
    assert close(tmp_path, p0=4) == ["2026-11-02"]
    totals = read_manifest(tmp_path, TOPIC, "2026-11-02")["totals"]
    assert (totals["stored"], totals["late"]) == (2, 1)


def test_a_file_that_is_there_already_stays_and_the_manifest_fits_it(tmp_path: Path) -> None:
    """One that died before the manifest may have had other libraries: other bytes, same rows."""
    folder = day_folder(tmp_path, TOPIC, DAY)
    folder.mkdir(parents=True)
    (folder / REJECTED_LINES).write_bytes(b"theirs")
    manifest = put_day(Disk(tmp_path), TOPIC, day_number(DAY), lambda day: None)
    assert manifest is not None
    assert (folder / REJECTED_LINES).read_bytes() == b"theirs"
    assert manifest["files"][REJECTED_LINES]["sha256"] == hashlib.sha256(b"theirs").hexdigest()
    before = files(folder)
    assert put_day(Disk(tmp_path), TOPIC, day_number(DAY), lambda day: None) is None
    assert files(folder) == before
