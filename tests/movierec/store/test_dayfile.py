"""What a day's manifest says: every count follows from the rows that it closes over."""

import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.errors import CorruptFile
from movierec.lines.events import RATES, shows_rating
from movierec.sealed import seal
from movierec.store import dayfile
from movierec.store.dayfile import DayFile, put_day
from movierec.store.days import (
    LINES,
    MANIFEST,
    REJECTED_LINES,
    day_folder,
    manifest_of,
    read_manifest,
    read_rejected,
    rejected_ratings,
    verify_day,
)
from movierec.store.durable import Disk
from movierec.store.rowfile import RowGroups
from movierec.times import day_number
from tests.inputs.lines import ANY_LINE
from tests.movierec.store.filling import TOPIC, close, files, put, rows, watch

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
        "rejected_ratings": 0,
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


WHEN = b"2026-11-01T10:00:00"
REFUSED_RATINGS = {
    WHEN + b",7,GET /rate/jaws+1975=four": "bad-rating",
    b"yesterday,7,GET /rate/jaws+1975=4": "bad-time",
    WHEN + b",seven,GET /rate/jaws+1975=4": "bad-user",
    WHEN + b",7,PUT /rate/jaws+1975=4": "unknown-action",
    WHEN + b",7,GET /rate/jaws\0+1975=4": "control-character",
    WHEN + b",7,GET /rate/jaws\xff+1975=4": "not-utf8",
    WHEN + b",7,GET /rate/" + b"x" * 70_000: "too-long",
    WHEN.replace(b"26", b"36") + b",7,GET /rate/jaws+1975=4": "time-ahead-of-clock",
    b"/rate/jaws+1975=4": "bad-time",
}
OTHERS = [b"", b"junk", b"yesterday,7,GET /data/m/rate/3.mpg", b"a,7,GET /rating/jaws=4", None]


def test_refused_lines_that_show_to_be_ratings_are_counted_whatever_their_reason(
    tmp_path: Path,
) -> None:
    lines = [watch(1, 1), *OTHERS, *REFUSED_RATINGS, *REFUSED_RATINGS, watch(2, 30)]
    put(tmp_path, lines)
    assert close(tmp_path, p0=len(lines)) == [DAY]
    folder = day_folder(tmp_path, TOPIC, DAY)
    reasons = [entry["reason"] for entry in read_rejected(folder)]
    assert reasons[len(OTHERS) :] == 2 * list(REFUSED_RATINGS.values())
    counted = 2 * len(REFUSED_RATINGS)
    assert manifest_of(folder)["totals"]["rejected_ratings"] == counted
    assert rejected_ratings(folder) == counted
    # A day of before says nothing of it: its lines do.
    manifest = manifest_of(folder)
    del manifest["totals"]["rejected_ratings"]
    (folder / MANIFEST).write_bytes(seal(manifest))
    assert rejected_ratings(folder) == counted


@given(st.lists(st.one_of(st.none(), st.binary(max_size=30), ANY_LINE), min_size=1, max_size=9))
def test_a_line_alone_shows_what_it_shows_among_others(values: list[bytes | None]) -> None:
    values = [None if v is None else v.replace(b"m", b"/rate/", 1) for v in values]
    shown = pc.match_substring_regex(pa.array(values, pa.large_binary()), RATES).to_pylist()
    assert [bool(v) for v in shown] == [shows_rating(v) for v in values]


def test_a_day_that_was_put_before_ratings_were_counted_is_the_same_day(
    tmp_path: Path, folder: Path
) -> None:
    """Its closer died before it was marked done."""
    manifest = a_day(tmp_path)
    assert manifest is not None
    del manifest["totals"]["rejected_ratings"]
    (folder / MANIFEST).write_bytes(seal(manifest))
    assert a_day(tmp_path) is None
    (folder / MANIFEST).write_bytes(seal(manifest | {"totals": 7}))
    with pytest.raises(CorruptFile, match="closed already, at other offsets"):
        a_day(tmp_path)


def test_a_day_of_bad_lines_only_lists_the_first_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dayfile, "LISTED_BYTES", 4000)
    monkeypatch.setattr(dayfile, "REJECTED_ROWS", 3)
    put(tmp_path, [watch(1, 1), *[b"junk"] * 50, watch(2, 30)])
    put(tmp_path, [*[b"\xff"] * 60], partition=1)
    put(tmp_path, [*[b"\xff"] * 40], partition=1, start=60)
    put(tmp_path, [b"junk"], partition=2)
    assert close(tmp_path, p0=52, p1=100, p2=1) == [DAY]
    folder = day_folder(tmp_path, TOPIC, DAY)
    assert (folder / REJECTED_LINES).stat().st_size <= 4000
    listed = [(entry["partition"], entry["offset"]) for entry in read_rejected(folder)]
    first = {p: [offset for partition, offset in listed if partition == p] for p in range(3)}
    assert first[0] == list(range(1, len(first[0]) + 1)) and 5 < len(first[0]) < 50
    assert first[1] == list(range(len(first[1]))) and 5 < len(first[1]) < 100
    assert first[2] == [0]  # each partition has a share of its own
    manifest = read_manifest(tmp_path, TOPIC, DAY)
    assert manifest["totals"]["reasons"] == {"bad-time": 51, "not-utf8": 100}
    assert manifest["totals"]["rejected"] == 151
    partitions = manifest["partitions"]
    assert partitions["0"]["unlisted"] == 50 - len(first[0])
    assert partitions["1"]["unlisted"] == 100 - len(first[1])
    assert partitions["1"]["rejected"] == 100 and "unlisted" not in partitions["2"]


def test_which_lines_are_listed_follows_from_the_lines_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the rows come: another closer, or a segment that was read again."""
    monkeypatch.setattr(dayfile, "LISTED_BYTES", 2000)
    lines = [watch(1, 1), *(b"x" * (i * 37 % 100) for i in range(60))]
    made = []
    for size in (1, 7, 100):

        def fill(day: DayFile, size: int = size) -> None:
            day.begin_partition(0, len(lines), [])
            for start in range(0, len(lines), size):
                day.add(rows(lines[start : start + size], start))

        put_day(Disk(tmp_path / str(size)), TOPIC, day_number(DAY), fill)
        folder = day_folder(tmp_path / str(size), TOPIC, DAY)
        made.append(((folder / REJECTED_LINES).read_bytes(), manifest_of(folder)["partitions"]))
    assert made[0] == made[1] == made[2]
    assert 1500 < len(made[0][0]) <= 2000


def test_how_many_rows_are_counted_together_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [watch(1, n, user=n % 5) if n % 7 else b"junk" * n for n in range(40)]

    def fill(day: DayFile) -> None:
        for partition, share in enumerate((lines[:15], lines[15:15], lines[15:])):
            day.begin_partition(partition, len(share), [])
            for start in range(0, len(share), 4):
                day.add(rows(share[start : start + 4], start))

    made = []
    for held_rows, held_bytes in ((1, 1 << 20), (10, 1 << 20), (1 << 16, 1), (1 << 16, 1 << 20)):
        monkeypatch.setattr(dayfile, "HELD_ROWS", held_rows)
        monkeypatch.setattr(dayfile, "HELD_BYTES", held_bytes)
        root = tmp_path / f"{held_rows}-{held_bytes}"
        put_day(Disk(root), TOPIC, day_number(DAY), fill)
        made.append(files(root))
    assert made[0] == made[1] == made[2] == made[3]
    partitions = read_manifest(root, TOPIC, DAY)["partitions"].values()
    assert [(p["stored"], p["rejected"]) for p in partitions] == [(12, 3), (0, 0), (22, 3)]


@pytest.mark.parametrize(("limit", "most"), [("HELD_ROWS", 12), ("HELD_BYTES", 500)])
def test_no_more_is_held_than_is_counted_together(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    """Lines of 64 KB, or a whole night of small segments: neither fills the memory."""
    monkeypatch.setattr(dayfile, limit, most)
    taken: list[pa.Table] = []
    monkeypatch.setattr(RowGroups, "add", lambda _, table: taken.append(table))
    day = DayFile(TOPIC, day_number(DAY), None, io.BytesIO())
    day.begin_partition(0, 100, [])
    for start in range(0, 100, 4):
        day.add(rows([watch(1, 1)] * 4, start))
        assert sum(table.num_rows for table in taken) > start - 12
    assert len(taken) > 5


def a_day(root: Path, stored: int = 2) -> dict[str, Any] | None:
    """Put a day of some watches and a refused line of partition 0."""
    lines = [*(watch(1, minute) for minute in range(stored)), b"junk"]

    def fill(day: DayFile) -> None:
        day.begin_partition(0, len(lines), [])
        day.add(rows(lines))

    return put_day(Disk(root), TOPIC, day_number(DAY), fill)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a day whose closer died before the manifest."""
    assert a_day(tmp_path) is not None
    folder = day_folder(tmp_path, TOPIC, DAY)
    (folder / MANIFEST).unlink()
    return folder


def test_a_file_that_is_there_already_stays_and_the_manifest_fits_it(
    tmp_path: Path, folder: Path
) -> None:
    """One that died before the manifest may have had other libraries: other bytes, same rows."""
    pq.write_table(pq.read_table(folder / LINES), folder / LINES, compression="none")
    theirs = (folder / LINES).read_bytes()
    manifest = a_day(tmp_path)
    assert manifest is not None
    assert (folder / LINES).read_bytes() == theirs
    assert manifest["files"][LINES]["sha256"] == hashlib.sha256(theirs).hexdigest()
    before = files(folder)
    assert a_day(tmp_path) is None
    assert files(folder) == before


def one_row_less(folder: Path) -> None:
    pq.write_table(pq.read_table(folder / LINES).slice(1), folder / LINES)


def another_row(folder: Path) -> None:
    """As many rows as ours, and one is another's."""
    table = pq.read_table(folder / LINES)
    user = table.schema.get_field_index("user")
    pq.write_table(table.set_column(user, "user", pa.array([1, 7])), folder / LINES)


def more_rows(folder: Path) -> None:
    """Ours, and a row group more."""
    table = pq.read_table(folder / LINES)
    pq.write_table(pa.concat_tables([table, table]), folder / LINES, row_group_size=2)


def a_byte_of_a_page(folder: Path) -> None:
    content = bytearray((folder / LINES).read_bytes())
    names = pq.read_schema(folder / LINES).names
    column = pq.read_metadata(folder / LINES).row_group(0).column(names.index("time"))
    content[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    (folder / LINES).write_bytes(content)


def no_parquet(folder: Path) -> None:
    (folder / LINES).write_bytes(b"no Parquet")


def no_refused_line(folder: Path) -> None:
    (folder / REJECTED_LINES).write_bytes(b"")


def another_refused_line(folder: Path) -> None:
    """As many as ours."""
    content = (folder / REJECTED_LINES).read_bytes()
    (folder / REJECTED_LINES).write_bytes(content.replace(b"junk", b"punk"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_parquet, f"{LINES}: not the day's lines"),
        (one_row_less, f"{LINES}: not the day's lines .other rows"),
        (another_row, f"{LINES}: not the day's lines .other rows"),
        (a_byte_of_a_page, f"{LINES}: not the day's lines .could not verify page integrity"),
        (more_rows, f"{LINES}: not the day's lines .more rows"),
        (no_refused_line, f"{REJECTED_LINES}: not the day's refused lines"),
        (another_refused_line, f"{REJECTED_LINES}: not the day's refused lines"),
    ],
)
def test_a_foreign_file_makes_no_day(
    tmp_path: Path, folder: Path, change: Callable[[Path], None], said: str
) -> None:
    change(folder)
    with pytest.raises(CorruptFile, match=f"{DAY}/{said}.*move the folder away"):
        a_day(tmp_path)
    assert not (folder / MANIFEST).exists()
    shutil.move(folder, tmp_path / "away")
    assert a_day(tmp_path) is not None
    verify_day(folder)


def test_a_file_where_the_folder_must_be_makes_no_day(tmp_path: Path) -> None:
    folder = day_folder(tmp_path, TOPIC, DAY)
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")
    with pytest.raises(CorruptFile, match=f"{DAY}: a file, where a day's folder must be"):
        a_day(tmp_path)


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"{}", None])
def test_a_day_that_was_closed_at_other_offsets_is_not_taken_for_ours(
    tmp_path: Path, folder: Path, manifest: bytes | None
) -> None:
    assert a_day(tmp_path) is not None
    text = (folder / MANIFEST).read_bytes().replace(b'"cut": 3', b'"cut": 9')
    (folder / MANIFEST).write_bytes(text if manifest is None else manifest)
    with pytest.raises(CorruptFile, match=f"{DAY}: closed already, at other offsets; restore"):
        a_day(tmp_path)
