"""Reading from S3: by ranges, ahead, in bounded memory, and what is gone meanwhile."""

from typing import Any

import pytest

from movierec.store import s3read
from movierec.store.s3 import S3
from movierec.store.storage import Storage
from tests.brokers.s3 import Fault, Proxy
from tests.movierec.store.objects import MIB, content_of, once, pattern, writes

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("s3_environment")]


@pytest.mark.parametrize("operation", ["get_object", "head_object", "list_objects_v2"])
@pytest.mark.parametrize("fault", [Fault(lost=True), Fault(503, "SlowDown"), Fault(cut=10)])
def test_reading_survives_what_passes(
    behind: S3, s3_proxy: Proxy, operation: str, fault: Fault
) -> None:
    behind.put_new("f/a", writes(pattern(3 * MIB)))
    s3_proxy.judge = once(operation, fault)
    assert content_of(behind, "f/a") == pattern(3 * MIB)
    assert behind.names("f") == ["a"]
    with pytest.raises(FileExistsError):
        behind.put_new("f/a", writes(b""))


def test_an_object_that_is_replaced_or_removed_is_not_read_on(storage: S3) -> None:
    for name in ("f/a", "f/b"):
        storage.put_new(name, writes(pattern(MIB)))
    replaced, removed = storage.open("f/a"), storage.open("f/b")
    for name in ("f/a", "f/b"):
        storage.remove(name)
    storage.put_new("f/a", writes(b"y" * MIB))
    with pytest.raises(OSError, match="Stale"):
        replaced.read()
    with pytest.raises(FileNotFoundError):
        removed.read()


def test_memory_of_a_reader_is_bounded(storage: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3read, "BLOCK_BYTES", MIB)
    content = pattern(7 * MIB)
    storage.put_new("f/a", writes(content))
    before = storage.calls.made["get_object"]
    with storage.open("f/a") as file:
        raw: Any = file.raw  # type: ignore[attr-defined]
        assert file.read() == content
        assert len(raw._blocks) <= s3read.BLOCKS
    assert storage.calls.made["get_object"] - before == 1 + 7


def test_a_walk_opens_what_the_storage_opens(either: Storage) -> None:
    names = [f"f/{number:020d}.parquet" for number in range(150)]
    for name in names:
        either.put_new(name, writes(name.encode()))
    with either.ahead() as walking:
        for name in names[:100]:
            assert content_of(walking, name) == name.encode()
        for name in names[101::7]:  # some are passed over
            assert content_of(walking, name) == name.encode()
        late = f"f/{200:020d}.parquet"
        either.put_new(late, writes(b"late"))
        assert content_of(walking, late) == b"late"
        with pytest.raises(FileNotFoundError):
            walking.open(f"f/{201:020d}.parquet")
