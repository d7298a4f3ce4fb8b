"""Records of deleted days: verified, of both formats, and never written over."""

import json
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import CorruptFile
from movierec.sealed import unseal
from movierec.store.expired import expired_days, is_expired, put_expired
from movierec.store.storage import at
from tests.movierec.store.filling import TOPIC, files

DAY, NEXT = "2026-11-01", "2026-11-02"
RECORD = f"expired/{TOPIC}/{DAY}.json"


def entry(day: str = DAY, **changes: Any) -> dict[str, Any]:
    """As `infra.release.expire` makes one."""
    facts = {"topic": TOPIC, "day": day, "bytes": 12, "lines": 3}
    return {**facts, "manifest_sha256": "ab" * 32, "expired": "2026-12-24", **changes}


def test_what_was_deleted_is_known_by_topic_and_day(tmp_path: Path) -> None:
    storage = at(tmp_path)
    assert expired_days(storage, TOPIC) == [] and not is_expired(storage, TOPIC, DAY)
    for day in (NEXT, DAY):
        put_expired(storage, entry(day))
    assert expired_days(storage, TOPIC) == [DAY, NEXT]
    assert is_expired(storage, TOPIC, NEXT) and not is_expired(storage, "served", NEXT)
    assert unseal((tmp_path / RECORD).read_bytes()) == ({"format": 2, **entry()}, True)


def test_a_record_stays_as_it_was_first_written(tmp_path: Path) -> None:
    put_expired(at(tmp_path), entry())
    before = files(tmp_path)
    put_expired(at(tmp_path), entry(expired="2026-12-25"))  # a run that goes on with another's
    with pytest.raises(CorruptFile, match="another manifest"):
        put_expired(at(tmp_path), entry(manifest_sha256="cd" * 32))
    assert files(tmp_path) == before


def test_a_record_without_a_checksum_is_read_when_it_is_one_of_before(tmp_path: Path) -> None:
    path = tmp_path / RECORD
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(entry()) + "\n")
    assert expired_days(at(tmp_path), TOPIC) == [DAY]
    put_expired(at(tmp_path), entry(expired="2026-12-25"))
    for spoiled in (entry(NEXT), entry(topic="served"), {"day": DAY}, entry(manifest_sha256=5)):
        path.write_text(json.dumps(spoiled))
        with pytest.raises(CorruptFile, match=rf"{DAY}\.json: not the record of a deleted day"):
            expired_days(at(tmp_path), TOPIC)


def test_a_format_to_come_is_named(tmp_path: Path) -> None:
    put_expired(at(tmp_path), entry(format=3))
    with pytest.raises(CorruptFile, match="format 3, this release reads 1 to 2; a newer release"):
        is_expired(at(tmp_path), TOPIC, DAY)


def test_what_is_no_record_by_its_name_is_passed_over(tmp_path: Path) -> None:
    put_expired(at(tmp_path), entry())
    (tmp_path / f"expired/{TOPIC}/notes.txt").write_text("why these went")
    assert expired_days(at(tmp_path), TOPIC) == [DAY]
