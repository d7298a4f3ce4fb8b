"""Answers are found in closed days and open segments: the last one of a user, those of a request,
a day's, a sample; each once, wherever its line stands."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from infra.release.answers import NEAR, Found, ServedLog, sample
from movierec.errors import BadInput, CorruptFile
from movierec.store.closing import Closer
from movierec.store.days import day_folder, read_manifest
from movierec.times import HOUR, MINUTE, parse_time
from tests.infra.release.served import NOW, TOPIC, put

GRACE = 600


def line(time: str, user: int = 42, id: str = "r", model: str = "svd@v1.0.0") -> bytes:
    said = {"v": 1, "time": f"2026-11-{time}", "request_id": id, "user": user, "model": model}
    return json.dumps(said | {"arm": "svd", "tier": "model", "ids": ["jaws+1975"]}).encode()


def close(root: Path, end: int) -> list[str]:
    made = Closer(root, TOPIC, 1).close_due_days({0: end}, GRACE, NOW)
    return [manifest["day"] for manifest in made]


def at(time: str) -> int:
    """2026-11 and that, in ns."""
    moment = parse_time(f"2026-11-{time}")
    assert moment is not None
    return moment[0]


@pytest.fixture
def log(tmp_path: Path) -> ServedLog:
    """Days 1 to 3 closed, and lines of the 4th open. A line of the 1st came on the 3rd."""
    lines = [
        line("01T10:00", id="a"),
        line("01T10:20", user=7, id="b"),
        line("02T09:00", id="c"),
        line("02T09:00", id="c"),  # a retry
        line("02T09:30", user=7, id="d"),
        line("03T08:00", id="e"),
        line("01T23:00", id="late"),
        line("03T12:00", user=7, id="a"),  # an id that a caller gave before
        line("04T02:00", id="f"),
        line("04T02:01", user=7, id="g"),
    ]
    assert close(tmp_path, put(tmp_path, lines)) == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert read_manifest(tmp_path, TOPIC, "2026-11-03")["totals"]["late"] == 1
    return ServedLog(tmp_path)


def last(log: ServedLog, user: int, time: str) -> str | None:
    found, _ = log.last(user, at(time))
    return None if found is None else found.said["request_id"]


@pytest.mark.parametrize(
    ("time", "id"),
    [
        ("05T00:00", "f"),
        ("04T02:00:00.000000001", "f"),
        ("04T02:00", "e"),  # until then, and not at it
        ("03T08:00", "c"),
        ("02T09:00", "late"),
        ("01T23:00", "a"),
        ("01T10:00", None),
    ],
)
def test_the_last_answer_before_a_moment_also_of_a_line_that_came_days_late(
    log: ServedLog, time: str, id: str | None
) -> None:
    assert last(log, 42, time) == id


def test_nobody_else_s_answer_is_a_user_s(log: ServedLog) -> None:
    assert last(log, 7, "30T00:00") == "g"
    assert last(log, 4, "30T00:00") is None


def test_those_within_an_hour_are_told_of_each_once(log: ServedLog) -> None:
    found, near = log.last(42, at("02T09:30"))
    assert found is not None and found.said["request_id"] == "c" and near == []
    put(log.root, [line("04T02:50", id="h"), line("04T03:10", id="i"), line("04T05:00", id="j")])
    found, near = log.last(42, at("04T03:00"))
    assert found is not None and found.said["request_id"] == "h"
    assert [other.said["request_id"] for other in near] == ["f", "i"]
    assert NEAR == HOUR > MINUTE


def test_it_reads_no_day_that_is_older_than_what_it_found(
    log: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged day shows that it was read."""
    spoil(log, "2026-11-01")
    assert last(log, 42, "02T12:00") == "c"
    with pytest.raises(CorruptFile, match=r"2026-11-01.*SHA-256 differs"):
        last(log, 42, "02T08:00")


def spoil(log: ServedLog, day: str) -> None:
    path = day_folder(log.root, TOPIC, day) / "lines.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def ids(found: Sequence[Found]) -> list[tuple[int, str]]:
    return [(answer.said["user"], answer.said["request_id"]) for answer in found]


def test_the_answers_to_requests_are_those_of_the_newest_day_that_has_them(log: ServedLog) -> None:
    assert ids(log.requests(["d", "g"])) == [(7, "d"), (7, "g")]
    assert ids(log.requests(["a"])) == [(7, "a")]
    assert ids(log.requests(["c"])) == [(42, "c")]
    assert ids(log.requests(["a"], "2026-11-01")) == [(42, "a")]
    assert ids(log.requests(["late"], "2026-11-01")) == [(42, "late")]


def test_all_answers_to_an_id_that_was_given_twice_are_found(log: ServedLog) -> None:
    put(log.root, [line("04T03:00", id="twice"), line("04T03:01", user=9, id="twice")])
    assert ids(log.requests(["twice"])) == [(42, "twice"), (9, "twice")]


def test_an_id_that_is_only_part_of_another_is_not_that(log: ServedLog) -> None:
    """Nor is one that stands in another field."""
    put(log.root, [line("04T03:00", id="la"), line("04T03:00", model="f", id="x")])
    assert ids(log.requests(["f"])) == [(42, "f")]
    for id in ("lat", "svd", "model"):
        with pytest.raises(BadInput, match=f"no answer to the request {id};"):
            log.requests([id])


def test_a_request_that_is_nowhere_is_named_with_what_there_is(log: ServedLog) -> None:
    with pytest.raises(
        BadInput, match=r"no answer to the request y, z;.* 2026-11-01 to 2026-11-03"
    ):
        log.requests(["z", "a", "y"])
    with pytest.raises(BadInput, match=r"no answer to the request d of 2026-11-03; "):
        log.requests(["d"], "2026-11-03")


def test_a_day_has_the_answers_of_its_date(log: ServedLog) -> None:
    assert sorted(ids(list(log.all("2026-11-01")))) == [(7, "b"), (42, "a"), (42, "late")]
    assert sorted(ids(list(log.all("2026-11-04")))) == [(7, "g"), (42, "f")]
    assert sorted(ids(list(log.all("2026-11-09")))) == []
    assert len(list(log.all())) == 10


def test_where_a_line_was_found_is_said(log: ServedLog) -> None:
    [closed], [open_] = log.requests(["e"]), log.requests(["f"])
    assert closed.where == "served: the closed day 2026-11-03, partition 0, offset 5"
    assert open_.where == "served: no closed day yet, partition 0, offset 8"
    assert closed.line == line("03T08:00", id="e") and closed.time == at("03T08:00")


def test_a_sample_is_of_lines_and_not_of_where_they_stand(log: ServedLog, tmp_path: Path) -> None:
    before = sample(log.all(), 5, seed=3)
    assert [answer.time for answer in before] == sorted(answer.time for answer in before)
    other = ServedLog(tmp_path / "open")
    put(other.root, [answer.line for answer in reversed(list(log.all()))], partition=1)
    assert ids(sample(other.all(), 5, seed=3)) == ids(before)
    assert any(ids(sample(log.all(), 5, seed)) != ids(before) for seed in range(5))
    assert len(sample(log.all(), 100, seed=3)) == 9, "a line that was sent twice is one answer"


def test_every_answer_is_drawn_about_as_often() -> None:
    """1,000 samples of 3 out of 12: each is in 250 of them, ± 5 standard deviations (13.7)."""
    found = [Found.of(line("01T10:00", user=user), "here") for user in range(12)]
    drawn = itertools.chain.from_iterable(sample(found, 3, seed) for seed in range(1000))
    counts = np.bincount([answer.said["user"] for answer in drawn], minlength=12)
    assert counts.sum() == 3000 and (abs(counts - 250) < 69).all()


def test_a_line_that_is_none_is_named() -> None:
    with pytest.raises(BadInput, match=r"line 3: b'\{' is no served line \(not-json\)"):
        Found.of(b"{", "line 3")
