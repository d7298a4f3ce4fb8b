"""Closed days as readers see them: whole, verified, and to the byte."""

import json
import shutil
from io import BufferedIOBase
from pathlib import Path

import pytest

from movierec.errors import BadInput, CorruptFile
from movierec.lines.rows import STORED
from movierec.sealed import seal
from movierec.store import days
from movierec.store.days import (
    LINES,
    MANIFEST,
    closed_days,
    day_folder,
    lent_lines,
    manifest_of,
    raw_of,
    read_day,
    read_manifest,
    read_rejected,
    rejected_entry,
    stream_day,
    verify_day,
)
from tests.movierec.store.filling import TOPIC, close, put, watch


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """A closed day with two good lines and three refused ones."""
    put(tmp_path, [watch(1, 1), b"junk \xff\x00", b"text", watch(1, 2), b"", watch(2, 30)])
    assert close(tmp_path, p0=6) == ["2026-11-01"]
    return day_folder(tmp_path, TOPIC, "2026-11-01")


def test_a_day_is_there_when_its_manifest_is(day: Path, tmp_path: Path) -> None:
    (day.parent / "2026-11-02").mkdir()
    shutil.copy(day / LINES, day.parent / "2026-11-02")
    (day.parent / "not-a-day").mkdir()
    shutil.copy(day / MANIFEST, day.parent / "not-a-day")
    assert closed_days(tmp_path, TOPIC) == ["2026-11-01"]
    assert closed_days(tmp_path, "other") == []
    assert read_manifest(tmp_path, TOPIC, "2026-11-01") == manifest_of(day)


def test_rows_come_whole_by_column_or_as_a_stream(day: Path) -> None:
    rows = read_day(day)
    assert rows.schema == STORED and rows.num_rows == 2
    assert read_day(day, ["user", "movie"]) == rows.select(["user", "movie"])
    batches = list(stream_day(day))
    assert [row for batch in batches for row in batch.to_pylist()] == rows.to_pylist()
    (some,) = stream_day(day, ["user", "movie"])
    assert some.to_pylist() == rows.select(["user", "movie"]).to_pylist()


@pytest.mark.parametrize("file", ["lines.parquet", "rejected.jsonl"])
def test_a_damaged_day_is_named(day: Path, file: str) -> None:
    verify_day(day)
    content = bytearray((day / file).read_bytes())
    content[len(content) // 2] ^= 1
    (day / file).write_bytes(content)
    with pytest.raises(CorruptFile, match=f"{file}: SHA-256 differs"):
        read_day(day)
    (day / file).unlink()
    with pytest.raises(CorruptFile, match=f"{file}: missing"):
        list(stream_day(day))
    shutil.rmtree(day)
    with pytest.raises(BadInput, match="no closed day there"):
        read_day(day)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 3}, "format 3, this release reads 1 to 2; a newer release wrote it"),
        ({"format": 0}, "no release wrote that"),
        ({"format": None}, "no release wrote that"),
        ({"format": 1}, "format 1 with a sha256"),
        ({"files": {}}, "it names the files"),
        ({"files": {"lines.parquet": {}}}, "it names the files"),
        ({"files": 3}, "not this day's manifest"),
        ({"day": "2026-11-02"}, "it is that of"),
        ({"topic": "served"}, "it is that of"),
    ],
)
def test_a_manifest_of_another_format_place_or_files_is_refused(
    day: Path, change: dict[str, object], said: str
) -> None:
    (day / MANIFEST).write_bytes(seal(manifest_of(day) | change))
    with pytest.raises(CorruptFile, match=rf"manifest\.json: .*{said}"):
        manifest_of(day)


def test_a_day_that_goes_or_changes_after_it_was_verified_is_read_on(day: Path) -> None:
    """An expiry, or somebody who restores, at the same time."""
    expected = list(read_rejected(day)), read_day(day).to_pylist()
    rejected, rows = read_rejected(day), stream_day(day)
    got = [next(rejected)], next(rows).to_pylist()
    shutil.rmtree(day)
    got[0].extend(rejected)
    assert got == expected


def test_a_day_that_goes_while_it_is_verified_is_named(
    day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = days.entry_of

    def going(file: BufferedIOBase) -> dict[str, object]:
        entry = verify(file)
        shutil.rmtree(day, ignore_errors=True)
        return entry

    monkeypatch.setattr(days, "entry_of", going)
    with pytest.raises(BadInput, match="no closed day there"):
        read_day(day)


def test_rejected_lines_keep_their_bytes_and_reason(day: Path) -> None:
    entries = list(read_rejected(day))
    assert [(e["partition"], e["offset"], e["raw"], e["reason"]) for e in entries] == [
        (0, 1, b"junk \xff\x00", "not-utf8"),
        (0, 2, b"text", "bad-time"),
        (0, 4, b"", "bad-time"),
    ]


@pytest.mark.parametrize("raw", [b"", b"text", b"\xff", "é\n".encode(), None])
def test_the_bytes_of_a_refused_line_come_back(raw: bytes | None) -> None:
    row = {"partition": 1, "offset": 2, "timestamp": 3, "reason": "x", "raw": raw, "text": None}
    entry = json.loads(json.dumps(rejected_entry(row)))
    assert raw_of(entry) == raw
    assert "length" not in entry
    cut = json.loads(json.dumps(rejected_entry({**row, "text": "70000 00ff"})))
    assert (raw_of(cut), cut["length"], cut["sha256"]) == (raw, 70_000, "00ff")


def test_what_is_lent_is_verified_and_stays_while_it_is_read(day: Path) -> None:
    with lent_lines(day) as lent:
        assert Path(lent.url) == day / LINES and not lent.options
    copy = day.parent / "copy"
    for removed in (False, True):
        shutil.copy(day / LINES, copy)
        with (
            pytest.raises(CorruptFile, match=rf"{LINES}: removed or replaced while it was read"),
            lent_lines(day),
        ):
            (day / LINES).unlink() if removed else copy.replace(day / LINES)  # the same bytes
            raise ZeroDivisionError  # what became of the reader
    with pytest.raises(CorruptFile, match=f"{LINES}: missing"), lent_lines(day):
        pass
