"""dvc.lock put in order and made whole: its text alone."""

from pathlib import Path

import pytest
from dvc.utils.serialize import dumps_yaml

from infra.ci.repro.written import KEPT, begin, only_one, settle
from movierec.errors import Unavailable


def text_of(*names: str) -> str:
    """A dvc.lock, as DVC writes it."""
    stages = {name: {"cmd": f"do {name}", "deps": [{"path": "a", "size": 7}]} for name in names}
    return dumps_yaml({"schema": "2.0", "stages": stages})


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Of two stages."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "dvc.lock").write_text(text_of("y", "x"))
    return tmp_path / "dvc.lock"


def test_new_stages_come_last_in_the_order_given_and_old_ones_stay(lock: Path) -> None:
    begin(lock, lock.parent / "tmp")
    lock.write_text(text_of("y", "x", "d", "b", "c"))
    settle(lock, lock.parent / "tmp", ["a", "b", "c", "d", "x", "y"])
    assert lock.read_text() == text_of("y", "x", "b", "c", "d")
    assert list((lock.parent / "tmp").iterdir()) == []


def test_a_lock_in_order_is_not_written_again(lock: Path) -> None:
    begin(lock, lock.parent / "tmp")
    lock.write_text(text_of("y", "x", "b"))
    before = lock.stat()
    settle(lock, lock.parent / "tmp", ["b", "x", "y"])
    # Not the whole of stat: that it was read moves its access time.
    assert (lock.stat().st_ino, lock.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_is_new_is_what_was_not_there_before_the_run_that_was_killed(lock: Path) -> None:
    begin(lock, lock.parent / "tmp")
    lock.write_text(text_of("y", "x", "c"))
    begin(lock, lock.parent / "tmp")
    lock.write_text(text_of("y", "x", "c", "b"))
    settle(lock, lock.parent / "tmp", ["b", "c"])
    assert lock.read_text() == text_of("y", "x", "b", "c")


def test_a_torn_lock_is_as_before_wherever_it_was_torn(lock: Path) -> None:
    """But at the end of a line: what stands there is whole, the rest is run again."""
    text, more = lock.read_text(), text_of("y", "x", "b")
    begin(lock, lock.parent / "tmp")
    for length in range(len(more)):
        lock.write_text(more[:length])
        begin(lock, lock.parent / "tmp")
        if not more[:length].endswith("\n"):
            assert lock.read_text() == text
    assert (lock.parent / "tmp" / KEPT).read_text() == text


def test_the_first_lock_of_all_goes_when_it_is_torn(lock: Path) -> None:
    lock.unlink()
    begin(lock, lock.parent / "tmp")
    lock.write_text("schema: '2")
    begin(lock, lock.parent / "tmp")
    assert not lock.exists()
    settle(lock, lock.parent / "tmp", [])
    assert not lock.exists()


def test_what_was_changed_after_a_kill_is_left(lock: Path) -> None:
    """By git, or by `dvc repro`."""
    begin(lock, lock.parent / "tmp")
    lock.write_text(text_of("x"))
    begin(lock, lock.parent / "tmp")
    settle(lock, lock.parent / "tmp", ["x", "y"])
    assert lock.read_text() == text_of("x")


def test_only_one_has_a_project(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(Unavailable, match="stages run here already"),
        only_one(tmp_path),
    ):
        pytest.fail("there are two")
    with only_one(tmp_path):
        pass
