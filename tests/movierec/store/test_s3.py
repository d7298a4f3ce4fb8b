"""The storage on S3: the verbs as the disk has them, sleepers, and uploads of the dead."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import movierec.store.s3
from movierec.errors import AlreadyWritten, Unavailable
from movierec.store import s3put, s3read
from movierec.store.days import closed_days, day_folder, verify_day
from movierec.store.s3 import S3
from movierec.store.s3calls import shared
from movierec.store.storage import Storage, at
from movierec.store.tail import claim_partition
from movierec.url import Url
from tests.brokers.s3 import BUCKET, Fault, Proxy
from tests.movierec.store.filling import TOPIC, close, end_of, files, put, rows, stored, watch
from tests.movierec.store.objects import MIB, always, content_of, once, pattern, writes
from tests.movierec.store.test_storage import a_life

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("s3_environment")]

SIZES = [0, 1, s3read.END_BYTES, s3read.END_BYTES + 1, 3 * MIB, 5 * MIB, 11 * MIB + 7]


# The contract, of both


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_is_read(either: Storage, size: int) -> None:
    content = pattern(size)
    assert either.put_new("a/b", writes(content)) == size
    assert content_of(either, "a/b") == content
    with either.open("a/b") as file:
        assert file.seek(0, 2) == size
        for place in {0, size // 3, size // 2, max(0, size - 10)}:
            file.seek(place)
            assert (file.tell(), file.read(9)) == (place, content[place : place + 9])


@pytest.mark.parametrize("size", [3, 6 * MIB])
def test_a_name_is_never_replaced(either: Storage, size: int) -> None:
    either.put_new("f/a", writes(b"first"))
    ran = []

    def late(file: Any) -> None:
        file.write(b"x" * size)
        ran.append(True)

    with pytest.raises(FileExistsError):
        either.put_new("f/a", late)
    assert ran and content_of(either, "f/a") == b"first"
    assert either.names("f") == ["a"]
    either.remove("f/a")
    assert either.put_new("f/a", writes(b"again")) == 5


@pytest.mark.parametrize("size", [3, 6 * MIB])
def test_of_many_writers_one_wins(either: Storage, size: int) -> None:
    def attempt(number: int) -> bool:
        try:
            either.put_new("f/a", writes(bytes([number]) * size))
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(attempt, range(4)))
    assert won.count(True) == 1
    assert content_of(either, "f/a") == bytes([won.index(True)]) * size


def test_a_failed_write_leaves_nothing(either: Storage) -> None:
    def fails(file: Any) -> None:
        file.write(b"x" * 6 * MIB)
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        either.put_new("f/a", fails)
    assert either.names("f") == []
    if isinstance(either, S3):
        assert list(either._uploads("f")) == []


def test_names_are_sorted_and_of_one_folder(either: Storage) -> None:
    for name in ("f/b", "f/a", "f/c/d", "f/c/e", "fa/x", "top"):
        either.put_new(name, writes(b""))
    assert either.names("f") == ["a", "b", "c"]
    assert either.names("f", settle=True) == ["a", "b", "c"]
    assert either.names("nowhere") == []
    assert either.names("") == ["f", "fa", "top"]
    either.remove("f/b")
    either.remove("f/b")
    assert either.names("f") == ["a", "c"]


def test_many_names_go_at_once_and_those_gone_do_not_matter(either: Storage) -> None:
    for name in ("f/a", "f/b", "f/c", "g/a", "top"):
        either.put_new(name, writes(b""))
    either.remove("f/a", "f/gone", "nowhere/a", "f/c", "g/a")
    assert (either.names("f"), either.names("")) == (["b"], ["f", "top"])
    either.remove()
    either.remove("f/b", "top")
    assert either.names("") == []


def test_what_is_not_there_is_not_found(either: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        either.open("f/a")


@pytest.mark.parametrize("size", [6 * MIB, 11 * MIB])
def test_who_is_settled_while_it_writes_is_refused(either: Storage, size: int) -> None:
    ran = []

    def settled(file: Any) -> None:
        file.write(b"x" * (size - MIB))
        either.names("f", settle=True)
        file.write(b"x" * MIB)
        ran.append(True)

    either.names("f", settle=True)
    with pytest.raises(FileNotFoundError):
        either.put_new("f/a", settled)
    assert ran and either.names("f") == []


def test_sweeping_spares_a_writer_at_work(either: Storage) -> None:
    def slow(file: Any) -> None:
        file.write(b"x" * 6 * MIB)
        either.sweep("f")

    assert either.put_new("f/a", slow) == 6 * MIB


def test_a_server_or_disk_that_refuses_second_ones_is_good(either: Storage) -> None:
    either.put_new("f/a", writes(b"1"))
    either.check("f/a")
    assert content_of(either, "f/a") == b"1"


def test_the_same_store_is_there_as_on_a_disk(root: Url, tmp_path: Path, s3_server: Any) -> None:
    disk = tmp_path / "store"
    assert a_life(root) == a_life(disk)
    assert files(s3_server.folder / "objects" / BUCKET / root.key()) == files(disk)


# Many objects in one request


def refused(*keys: tuple[str, str]) -> Fault:
    """An answer of 200 that says of keys why they are still there."""
    errors = (f"<Error><Key>{key}</Key><Code>{code}</Code></Error>" for key, code in keys)
    return Fault(200, body=f"<DeleteResult>{''.join(errors)}</DeleteResult>")


def test_a_thousand_objects_are_a_request(behind: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movierec.store.s3, "DELETED_AT_ONCE", 2)
    for name in "abcde":
        behind.put_new(f"f/{name}", writes(b""))
    behind.remove(*(f"f/{name}" for name in "abcde"))
    assert (behind.names("f"), behind.calls.made["delete_objects"]) == ([], 3)


def test_of_many_objects_those_refused_are_asked_for_again(behind: S3, s3_proxy: Proxy) -> None:
    """What the server says it has deleted is not: only what it refused goes, by the second try."""
    for name in "abc":
        behind.put_new(f"f/{name}", writes(b""))
    a, b = (behind.root.key(f"f/{name}") for name in "ab")
    s3_proxy.judge = once("delete_objects", refused((a, "NoSuchKey"), (b, "InternalError")))
    behind.remove("f/a", "f/b", "f/c")
    assert behind.names("f") == ["a", "c"]
    assert behind.calls.made["delete_objects"] == 2


def test_an_object_that_may_not_be_deleted_ends_it(behind: S3, s3_proxy: Proxy) -> None:
    a, b = (behind.root.key(f"f/{name}") for name in "ab")
    fault = refused((a, "SlowDown"), (b, "AccessDenied"), (a, "InternalError"))
    s3_proxy.judge = always("delete_objects", fault)
    with pytest.raises(Unavailable, match=f"AccessDenied for delete_objects from '{a}' to '{b}'"):
        behind.remove("f/a", "f/b")
    assert behind.calls.made["delete_objects"] == 1


def test_objects_that_stay_end_it_after_the_tries(behind: S3, s3_proxy: Proxy) -> None:
    fault = refused((behind.root.key("f/a"), "InternalError"))
    s3_proxy.judge = always("delete_objects", fault)
    with pytest.raises(Unavailable, match=r"InternalError, 4 times, for delete_objects"):
        behind.remove("f/a")


@pytest.mark.parametrize("fault", [Fault(lost=True), Fault(503, "SlowDown"), Fault(cut=9)])
def test_a_lost_answer_to_many_deletions_costs_a_try(
    behind: S3, s3_proxy: Proxy, fault: Fault
) -> None:
    for name in "ab":
        behind.put_new(f"f/{name}", writes(b""))
    s3_proxy.judge = once("delete_objects", fault)
    behind.remove("f/a", "f/b")
    assert (behind.names("f"), behind.calls.made["delete_objects"]) == ([], 2)


# Sleepers


def test_a_sleeper_whose_day_was_closed_meanwhile_is_refused(root: Url) -> None:
    """Its PUT succeeds, for its segment is gone: only the base tells."""
    sleeper = claim_partition(root, TOPIC, 0)
    put(root, [watch(1, 1)])
    put(root, [watch(2, 30)], 1)
    assert close(root, p0=2) == ["2026-11-01"]
    with pytest.raises(AlreadyWritten):
        sleeper.write(1, rows([watch(1, 1)]))
    assert at(root).names(f"{TOPIC}/segments/0") == [
        "00000000000000000001.base",
        "00000000000000000001.parquet",
    ]
    assert end_of(root) == 2


def test_a_sleeper_that_put_and_died_is_off_the_chain(root: Url) -> None:
    """It never came to look at the base; the next closing takes away what it left."""
    sleeper = claim_partition(root, TOPIC, 0)
    put(root, [watch(1, 1)])
    put(root, [watch(2, 30)], 1)
    close(root, p0=2)
    at(root).put_new(sleeper.partition.name(0), writes(b"what a segment of before had"))
    assert (end_of(root), stored(root)) == (2, [watch(2, 30)])
    put(root, [watch(3, 30)], 2)
    assert close(root, p0=3) == ["2026-11-02"]
    assert at(root).names(f"{TOPIC}/segments/0")[0] == "00000000000000000002.base"
    assert [verify_day(day_folder(root, TOPIC, d))["day"] for d in closed_days(root, TOPIC)]


def test_an_owner_that_is_overtaken_drops_what_it_has(root: Url) -> None:
    """Who slept before its PUT and wakes before the rival's comes first, as on a disk."""
    sleeper, rival = (claim_partition(root, TOPIC, 0) for _ in range(2))
    rival.write(2, rows([watch(1, 1), watch(1, 2)]))
    with pytest.raises(AlreadyWritten, match="no longer ends at offset 0"):
        sleeper.write(1, rows([watch(1, 1)]))
    assert stored(root) == [watch(1, 1), watch(1, 2)]


# Uploads of the dead


def test_an_upload_of_the_dead_is_swept_once_it_is_old(storage: S3) -> None:
    dead = s3put.Upload(shared(), BUCKET, storage.root.key("f/a"), 5 * MIB)
    dead.write(b"x" * 6 * MIB)
    other = s3put.Upload(shared(), BUCKET, storage.root.key("f/g/a"), 5 * MIB)
    other.write(b"x" * 6 * MIB)
    later = replace(storage, stale=timedelta(seconds=-10))  # the server says whole seconds
    later.sweep("f")  # old, but of this process
    storage.calls.uploads.clear()
    storage.sweep("f")  # not of this process, but young
    assert len(list(storage._uploads("f"))) == 1
    later.sweep("f")
    assert list(storage._uploads("f")) == []
    assert len(list(storage._uploads("f/g"))) == 1
    with pytest.raises(FileNotFoundError):
        dead.put()


# Who may not be used


def test_a_server_that_ignores_the_condition_is_refused(behind: S3, s3_proxy: Proxy) -> None:
    """It answers 200 to every PUT, or to every completion, as old servers do."""
    behind.put_new("f/a", writes(b"1"))
    for operation, how in [("put_object", "PUT"), ("complete_multipart_upload", "upload in parts")]:
        s3_proxy.judge = always(operation, Fault(200))
        with pytest.raises(Unavailable, match=f"a second {how} of .* took the place of the first"):
            behind.check("f/a")
    s3_proxy.judge = lambda request: Fault()
    behind.check("f/a")


def test_hadoops_client_is_told_to_ask_as_ours_does(storage: S3) -> None:
    storage.put_new("a/b", writes(b"1"))
    lent = storage.lend("a/b")
    assert lent.url == f"s3a://{BUCKET}/{storage.root.key('a/b')}" and lent == storage.lend("a/b")
    assert lent.options["fs.s3a.endpoint"] == storage.calls.client.meta.endpoint_url
    assert lent.options["fs.s3a.endpoint.region"] == "us-east-1"
    assert lent.options["fs.s3a.path.style.access"] == "true"
    assert not any("canary" in value for value in lent.options.values())
    assert storage.lend("a/none").state == ()
    storage.remove("a/b")
    storage.put_new("a/b", writes(b"2"))
    assert storage.lend("a/b").state != lent.state
