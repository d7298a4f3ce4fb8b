"""Whose lines a store has: said once, under a checksum, and by offsets that only ever grow."""

import json
from pathlib import Path

import pytest

from movierec.errors import CorruptFile
from movierec.sealed import seal
from movierec.store.lineage import (
    LIFE,
    begin_life,
    begin_lineage,
    kafka_offset,
    read_lineage,
)

TOPIC, OLD, NEW = "movielog", "A" * 22, "B" * 22


def test_nothing_is_said_before_the_first_assignment(tmp_path: Path) -> None:
    assert read_lineage(tmp_path, TOPIC) is None


def test_who_is_first_says_it_and_the_others_follow(tmp_path: Path) -> None:
    first = begin_lineage(tmp_path, TOPIC, OLD)
    assert begin_lineage(tmp_path, TOPIC, NEW) == first == read_lineage(tmp_path, TOPIC)
    assert (first.life, first.topic_id, first.shift) == (0, OLD, 0)
    other = begin_lineage(tmp_path / "other", TOPIC, OLD)
    assert other.store != first.store


def test_a_new_life_keeps_the_store_and_moves_the_offsets(tmp_path: Path) -> None:
    first = begin_lineage(tmp_path, TOPIC, OLD)
    second = begin_life(tmp_path, first, NEW)
    assert begin_life(tmp_path, first, "C" * 22) == second == read_lineage(tmp_path, TOPIC)
    assert (second.life, second.topic_id, second.store) == (1, NEW, first.store)
    assert second.shift == LIFE
    assert [kafka_offset(offset) for offset in (5, second.shift, second.shift + 5)] == [5, 0, 5]


@pytest.mark.parametrize("key", ["life", "topic", "topic_id", "store", "sha256", "format"])
def test_what_was_changed_is_refused(tmp_path: Path, key: str) -> None:
    begin_lineage(tmp_path, TOPIC, OLD)
    file = tmp_path / TOPIC / "lineage/00000000.json"
    facts = json.loads(file.read_text())
    file.write_text(
        json.dumps(
            facts
            | {key: 1 if key in ("life", "format") else "other"}
            | ({"format": 2} if key == "format" else {})
        )
    )
    with pytest.raises(CorruptFile, match="restore it from a backup"):
        read_lineage(tmp_path, TOPIC)


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\xff", b'{"sha256": 1, "format": 1}'])
def test_what_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    begin_lineage(tmp_path, TOPIC, OLD)
    (tmp_path / TOPIC / "lineage/00000000.json").write_bytes(text)
    with pytest.raises(CorruptFile, match=r"00000000\.json: not what the collector wrote"):
        read_lineage(tmp_path, TOPIC)


def test_another_topic_s_is_refused(tmp_path: Path) -> None:
    begin_lineage(tmp_path, "served", OLD)
    (tmp_path / "served").rename(tmp_path / TOPIC)
    with pytest.raises(CorruptFile, match="it is that of life 0 of served"):
        read_lineage(tmp_path, TOPIC)


def test_no_topic_outgrows_its_life_and_nine_hundred_of_them_fit_a_gauge() -> None:
    """Names of segments hold the number: another one would read the stores that are there wrong."""
    three_hundred_years = 300 * 365 * 86_400
    assert 1000 * three_hundred_years < LIFE
    assert 900 * LIFE <= 1 << 53  # what a float64, as Prometheus has it, holds exactly
    assert str(LIFE).rstrip("0") == "1", "a person reads an offset of a second topic as such"


def test_what_is_written_is_of_the_format_that_earlier_releases_read(tmp_path: Path) -> None:
    """They refuse a higher number: it is raised when what is written means something else."""
    lineage = begin_lineage(tmp_path, TOPIC, OLD)
    facts = {"format": 1, "life": 0, "topic": TOPIC, "topic_id": OLD, "store": lineage.store}
    assert (tmp_path / TOPIC / "lineage/00000000.json").read_bytes() == seal(facts)
