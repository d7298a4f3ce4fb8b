"""A store of the first formats is read, closed and written on; one of a format to come is not."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from movierec.errors import CorruptFile
from movierec.lines.rows import ROWS
from movierec.sealed import seal
from movierec.store import segments
from movierec.store.chain import read_base
from movierec.store.days import MANIFEST, closed_days, day_folder, read_day
from movierec.store.decisions import is_done, last_closing
from movierec.store.lineage import begin_lineage
from movierec.store.rowfile import open_writer
from movierec.store.segments import FACTS, partition_at, read_segment
from movierec.store.storage import at
from tests.movierec.store.filling import TOPIC, close, file_of, files, put, stored, watch

Change = Callable[[dict[str, Any]], dict[str, Any]]
DAYS = ["2026-11-01", "2026-11-02"]


def a_store(root: Path) -> None:
    """A closed day, its base, and open segments."""
    put(root, [watch(1, 1), b"junk"])
    put(root, [watch(1, 2), watch(2, 30)], 2)
    assert close(root, p0=4) == DAYS[:1]
    put(root, [watch(2, 40), b"junk"], 4)


def as_first(root: Path) -> None:
    """The store's files as the first formats had them."""
    for path in [path for path in root.rglob("*") if path.is_file()]:
        if path.parent.parent.name == "segments" and path.suffix == ".parquet":
            with_facts(path, lambda facts: without_store(facts, 1), sealed=False)
        elif path.name == "00000000.done":  # the store's beginning was not noted
            path.unlink()
        elif path.suffix == ".done":
            path.write_bytes(b"")
        elif path.suffix == ".base":
            path.write_text('{"watermark": 5}')
        elif path.suffix == ".json":
            document = json.loads(path.read_bytes())
            del document["sha256"]
            first = document | {"format": 1} if path.name == MANIFEST else {}
            path.write_text(json.dumps(first or {key: document[key] for key in ("day", "cuts")}))


def without_store(facts: dict[str, Any], number: int) -> dict[str, Any]:
    """Facts as the formats before 3 had them."""
    return {key: value for key, value in facts.items() if key != "store"} | {"format": number}


def with_facts(
    path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], *, sealed: bool = True
) -> None:
    """A segment's file anew, with other facts."""
    rows = pq.read_table(path).cast(ROWS)
    facts = json.loads(pq.read_metadata(path).metadata[FACTS.encode()])
    file = BytesIO()
    if sealed:
        segments.write_segment(file, change(facts), rows)
    else:
        with open_writer(file, ROWS) as writer:
            writer.write_table(rows)
            text = json.dumps(change(facts))
            writer.add_key_value_metadata({FACTS: text})
    path.write_bytes(file.getvalue())


def test_a_store_of_the_first_formats_is_read_and_gone_on_with(tmp_path: Path) -> None:
    first, now = tmp_path / "first", tmp_path / "now"
    for root in (first, now):
        a_store(root)
    as_first(first)
    same = {name for name, old in files(first).items() if old == files(now)[name]}
    assert {Path(name).name for name in same} == {"lines.parquet", "rejected.jsonl"}
    for root in (first, now):
        assert closed_days(root, TOPIC) == DAYS[:1]
        assert read_base(partition_at(root, TOPIC, 0)) == 2
        assert is_done(at(root), TOPIC, 1)
    assert last_closing(at(first), TOPIC) == last_closing(at(now), TOPIC)
    assert stored(first) == stored(now)
    for root in (first, now):
        put(root, [watch(3, 30)], 6)
        assert close(root, p0=7) == DAYS[1:]
    assert stored(first) == stored(now)
    for day in DAYS:
        folders = [day_folder(root, TOPIC, day) for root in (first, now)]
        assert read_day(folders[0]) == read_day(folders[1])


def test_segments_that_do_not_say_of_which_store_they_are_are_read_and_gone_on_with(
    tmp_path: Path,
) -> None:
    begin_lineage(tmp_path, TOPIC, None)
    put(tmp_path, [watch(1, 1), b"junk"])
    before = read_segment(partition_at(tmp_path, TOPIC, 0), 0), stored(tmp_path)
    with_facts(file_of(tmp_path), lambda facts: without_store(facts, 2))
    assert (read_segment(partition_at(tmp_path, TOPIC, 0), 0), stored(tmp_path)) == before
    put(tmp_path, [watch(2, 30)], 2)
    assert close(tmp_path, p0=3) == DAYS[:1]
    assert stored(tmp_path) == [watch(2, 30)]


@pytest.mark.parametrize(("number", "said"), [(9, "a newer release wrote it"), (0, "no release")])
def test_a_format_that_is_not_known_is_named(tmp_path: Path, number: int, said: str) -> None:
    a_store(tmp_path)
    with_facts(file_of(tmp_path, 4), lambda facts: facts | {"format": number})
    for name in ("segments/0/00000000000000000002.base", "closings/00000001.json"):
        respell(tmp_path / TOPIC / name, number)
    respell(day_folder(tmp_path, TOPIC, DAYS[0]) / MANIFEST, number)
    respell(tmp_path / TOPIC / "closings/00000001.done", number)
    for read in (
        lambda: read_segment(partition_at(tmp_path, TOPIC, 0), 4),
        lambda: read_base(partition_at(tmp_path, TOPIC, 0)),
        lambda: last_closing(at(tmp_path), TOPIC),
        lambda: is_done(at(tmp_path), TOPIC, 1),
        lambda: read_day(day_folder(tmp_path, TOPIC, DAYS[0])),
    ):
        with pytest.raises(
            CorruptFile, match=f"format {number}, this release reads 1 to [23]; {said}"
        ):
            read()


def respell(path: Path, number: int) -> None:
    document = json.loads(path.read_bytes())
    del document["sha256"]
    path.write_bytes(seal(document | {"format": number}))
