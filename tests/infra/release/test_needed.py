"""Which evaluations a raw day still waits for: of a store where the site is young, or not live."""

import json
from pathlib import Path

import pytest

from infra.release.needed import Needs
from infra.repository import git
from movierec.store.expired import put_expired
from movierec.store.storage import at
from movierec.times import day_number, day_start
from tests.inputs import answered
from tests.inputs.answered import answer

DAYS = ["2026-01-04", "2026-01-05", "2026-01-06"]
NOW = day_start(day_number("2026-01-08"))


def event(time: str) -> str:
    return f"{time},7,GET /create_account"


def put(store: Path, topic: str, times: list[str]) -> list[str]:
    """Lines of these times, collected; every day that is over is closed: which are."""
    lines = [event(time) if topic == "movielog" else answer(time, time, 7, "a") for time in times]
    return answered.put(store, topic, lines, NOW)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository, and a store whose movielog has closed three days."""
    git(tmp_path, "init", "--quiet")
    for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
        git(tmp_path, "config", name, value)
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Begin")
    times = [f"{day}T10:00" for day in [*DAYS, "2026-01-07"]]
    assert put(tmp_path / "data", "movielog", times) == DAYS
    return tmp_path


def needs(root: Path, awaited_from: str = DAYS[0]) -> Needs:
    data, reports = root / "data", root / "metrics/online"
    return Needs(data, data / "window.yaml", data / "online/window.yaml", reports, awaited_from)


def judge(root: Path, *days: str) -> None:
    """Commit the evaluation of some days."""
    for day in days:
        path = root / "metrics/online" / f"{day}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"days": [day], "open": False}))
    git(root, "add", "--force", "metrics")
    git(root, "commit", "--quiet", "--message", "Evaluate")


def test_where_no_answer_was_ever_logged_no_day_waits_for_an_evaluation(root: Path) -> None:
    assert [needs(root).reason(day) for day in DAYS] == [None] * 3


def test_days_before_the_site_was_live_wait_for_the_first_that_reads_them(root: Path) -> None:
    closed = put(root / "data", "served", [f"{DAYS[2]}T10:00", "2026-01-07T10:00"])
    assert closed == [DAYS[2]]
    before, eve, first = (needs(root).reason(day) for day in DAYS)
    assert before is None
    assert eve is not None and f"{DAYS[2]} reads it, and its online evaluation" in eve
    assert first is not None and first.startswith("its online evaluation")
    judge(root, DAYS[2])
    *others, last = (needs(root).reason(day) for day in DAYS)
    assert others == [None, None]
    assert last is not None and "2026-01-07 reads it" in last, "that day is still open"


def test_a_day_that_answers_may_still_close_waits(root: Path) -> None:
    """Its answers are collected, and stand in no closed day yet."""
    assert put(root / "data", "served", [f"{DAYS[1]}T10:00"]) == []
    reasons = [needs(root).reason(day) for day in DAYS]
    assert all(reason is not None and "is not committed" in reason for reason in reasons)


def test_a_day_that_went_in_one_topic_still_needs_its_evaluation_in_the_other(root: Path) -> None:
    put_expired(at(root / "data"), {"topic": "served", "day": DAYS[1], "manifest_sha256": "x"})
    assert "is not committed" in (needs(root).reason(DAYS[1]) or "")
    judge(root, DAYS[1])
    assert needs(root).reason(DAYS[1]) is None


def test_where_answers_stopped_for_good_later_days_wait_for_some_time_and_go(root: Path) -> None:
    """The last lines stand in no closed day: no later ones come that would close theirs."""
    assert put(root / "data", "served", [f"{DAYS[0]}T10:00"]) == []
    first, *others = (needs(root).reason(day) for day in DAYS)
    assert all("is not committed" in (reason or "") for reason in (first, *others))
    first, *others = (needs(root, "2026-01-08").reason(day) for day in DAYS)
    assert first is not None and first.startswith("its online evaluation"), "it has answers"
    assert others == [None, None]
    reasons = [needs(root, DAYS[2]).reason(day) for day in DAYS[1:]]
    assert all(reason is not None and DAYS[2] in reason for reason in reasons)
