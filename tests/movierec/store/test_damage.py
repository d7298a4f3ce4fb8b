"""Whatever happens to a file of the store: one line that names it, or the same rows as before."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import CorruptFile
from movierec.store.chain import read_base
from movierec.store.days import MANIFEST, day_folder, manifest_of, read_day, read_rejected
from movierec.store.decisions import is_done, last_closing
from movierec.store.expired import expired_days, is_expired, put_expired
from movierec.store.lineage import begin_lineage
from movierec.store.openrows import open_rejected, open_rows
from movierec.store.segments import opened, partition_at, partitions_of, read_segment
from movierec.store.storage import at
from movierec.store.tail import claim_partition
from tests.inputs.damage import damaged
from tests.movierec.store.filling import TOPIC, close, file_of, files, put, watch

DAY, GONE = "2026-11-01", "2026-10-31"


def live_store(root: Path, user: int = 1) -> Path:
    """Two partitions, a closed day, a base that moved, open segments and refused lines."""
    begin_lineage(root, TOPIC, None)
    put(root, [watch(1, 1, user), b"junk"])
    put(root, [watch(1, 2, user), watch(2, 30, user)], 2)
    put(root, [watch(1, 3, user), b"\xff"], partition=1)
    assert close(root, p0=4, p1=2) == [DAY]
    put(root, [watch(2, 40, user), b"bad"], 4)
    put_expired(at(root), {"topic": TOPIC, "day": GONE, "manifest_sha256": f"{user:064}"})
    return root


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store, and another's of the same topic, offsets and days."""
    return (
        live_store(tmp_path_factory.mktemp("store")),
        live_store(tmp_path_factory.mktemp("foreign"), user=2),
    )


@pytest.fixture
def stores(kept: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    shutil.copytree(kept[0], tmp_path / "store")
    return tmp_path / "store", kept[1]


def rows_of(root: Path, start: int) -> tuple[Any, ...]:
    segment = read_segment(partition_at(root, TOPIC, 0), start)
    with opened(partition_at(root, TOPIC, 0), start) as rows:
        return segment, rows.read().to_pylist()


NAMES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "base": (
        f"{TOPIC}/segments/0/00000000000000000002.base",
        lambda root: read_base(partition_at(root, TOPIC, 0)),
    ),
    "segment": (f"{TOPIC}/segments/0/00000000000000000002.parquet", lambda root: rows_of(root, 2)),
    "closing": (f"{TOPIC}/closings/00000001.json", lambda root: last_closing(at(root), TOPIC)),
    "done": (f"{TOPIC}/closings/00000001.done", lambda root: is_done(at(root), TOPIC, 1)),
    "manifest": (
        f"{TOPIC}/days/{DAY}/{MANIFEST}",
        lambda root: manifest_of(day_folder(root, TOPIC, DAY)),
    ),
    "expired": (f"expired/{TOPIC}/{GONE}.json", lambda root: is_expired(at(root), TOPIC, GONE)),
}


@pytest.mark.parametrize("which", NAMES)
def test_no_byte_of_what_is_believed_can_change(which: str, stores: tuple[Path, Path]) -> None:
    (root, _), (name, read) = stores, NAMES[which]
    path = root / name
    content, tried = path.read_bytes(), 0
    read(root)
    for other in damaged(content):
        path.write_bytes(other)
        with pytest.raises(CorruptFile, match=rf"(?s){path.name}: .*; (move|restore)"):
            read(root)
        tried += 1
    assert tried >= 2 * len(content)


@pytest.mark.parametrize("which", NAMES)
def test_a_folder_where_a_file_must_be_is_named(which: str, stores: tuple[Path, Path]) -> None:
    (root, _), (name, read) = stores, NAMES[which]
    (root / name).unlink()
    (root / name).mkdir()
    with pytest.raises(CorruptFile, match=(root / name).name):
        read(root)


ELSEWHERE = {
    "base": ("segments/0", "segments/1"),
    "segment": ("2.parquet", "4.parquet"),
    "closing": ("00000001.json", "00000002.json"),
    "done": ("00000001.done", "00000002.done"),
    "manifest": (DAY, "2026-11-02"),
    "expired": (GONE, "2026-11-02"),
}


@pytest.mark.parametrize("which", NAMES)
@pytest.mark.parametrize("other", ["topic", "place"])
def test_a_file_of_another_place_is_refused(
    which: str, other: str, stores: tuple[Path, Path]
) -> None:
    """All its checksums hold: it is whole, and not ours."""
    (root, _), (name, _) = stores, NAMES[which]
    change = (TOPIC, "served") if other == "topic" else ELSEWHERE[which]
    target = root / name.replace(*change)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / name, target)
    with pytest.raises(CorruptFile, match=r"it is that of|it says"):
        reread(target, root, "served" if other == "topic" else TOPIC)


def reread(path: Path, root: Path, topic: str) -> object:
    """What the reader of a file's kind says of it."""
    number = path.parent.name
    match path.suffix, path.name:
        case ".base", _:
            return read_base(partition_at(root, topic, int(number)))
        case ".parquet", _:
            return read_segment(partition_at(root, topic, int(number)), int(path.stem))
        case ".done", _:
            return is_done(at(root), topic, int(path.stem))
        case _, "manifest.json":
            return manifest_of(path.parent)
        case _, _ if "expired" in path.parts:
            return expired_days(at(root), topic)
    return last_closing(at(root), topic)


def everything(root: Path) -> list[Any]:
    """All that readers of a store say."""
    storage, folder = at(root), day_folder(root, TOPIC, DAY)
    return [
        read_day(folder).to_pylist(),
        list(read_rejected(folder)),
        manifest_of(folder),
        open_rows(root, TOPIC).to_pylist(),
        list(open_rejected(root, TOPIC)),
        last_closing(storage, TOPIC),
        is_done(storage, TOPIC, 1),
        expired_days(storage, TOPIC),
        [read_base(partition_at(root, TOPIC, number)) for number in partitions_of(root, TOPIC)],
        close(root, p0=6, p1=2),
    ]


def test_a_damage_anywhere_in_a_store_is_named_or_changes_nothing(
    stores: tuple[Path, Path],
) -> None:
    root, foreign = stores
    before, theirs = everything(root), files(foreign)
    refused = 0
    for name, content in files(root).items():
        # By another store's lineage all segments are another's: they are what is named.
        strange = b"" if "/lineage/" in name else theirs[name]
        for other in damaged(content, strange, most=3):
            (root / name).write_bytes(other)
            try:
                assert everything(root) == before, name
            except CorruptFile as error:
                refused += 1
                assert Path(name).name in str(error) and "; " in str(error)
        (root / name).write_bytes(content)
    assert refused > 90
    assert everything(root) == before


@pytest.mark.parametrize("name", ["segment", "gap"])
def test_another_store_s_segment_of_the_same_place_is_refused_and_the_advice_works(
    stores: tuple[Path, Path], name: str
) -> None:
    root, foreign = stores
    for store in stores if name == "gap" else ():
        claim_partition(store, TOPIC, 0).write_gap(9)
    start = 6 if name == "gap" else 4
    path = file_of(root, start)
    shutil.copy(file_of(foreign, start), path)
    said = r"it is of the store \w{32}, and this is \w{32}\); move it away, and the collector"
    for read in (
        lambda: claim_partition(root, TOPIC, 0),
        lambda: open_rows(root, TOPIC),
        lambda: close(root, p0=6, p1=2),
        lambda: rows_of(root, start),
    ):
        with pytest.raises(CorruptFile, match=rf"{path.name}: not a segment \({said}"):
            read()
    path.rename(root / "away")
    assert claim_partition(root, TOPIC, 0).end == start


def test_a_segment_that_was_exchanged_after_its_facts_were_read_is_refused(
    stores: tuple[Path, Path],
) -> None:
    root, foreign = stores
    partition = partition_at(root, TOPIC, 0)
    assert read_segment(partition, 4) is not None
    shutil.copy(file_of(foreign, 4), file_of(root, 4))
    with pytest.raises(CorruptFile, match="it is of the store"), opened(partition, 4):
        pass


def test_advice_to_move_a_damaged_segment_away_works(stores: tuple[Path, Path]) -> None:
    root, _ = stores
    before = everything(root)
    path = file_of(root, 4)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptFile, match="move it away, and the collector reads its offsets"):
        everything(root)
    path.rename(root / "away")
    put(root, [watch(2, 40), b"bad"], 4)
    assert everything(root) == before


def test_advice_to_move_a_damaged_mark_away_works(stores: tuple[Path, Path]) -> None:
    root, _ = stores
    before, path = everything(root), root / NAMES["done"][0]
    content = path.read_bytes()
    path.write_bytes(b"")
    with pytest.raises(CorruptFile, match="move it away, and the day is verified and marked"):
        close(root, p0=6, p1=2)
    path.rename(root / "away")
    assert close(root, p0=6, p1=2) == []
    assert path.read_bytes() == content
    assert everything(root) == before
