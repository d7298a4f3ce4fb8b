"""The program that names the days of the next training."""

import shutil
from pathlib import Path

import pytest

from infra.release import window as program
from movierec.dataset.aggregates import save_aggregate
from movierec.dataset.onlinefile import OnlineDay, read_online
from movierec.dataset.window import load_days
from movierec.dataset.windowfile import read_window
from movierec.errors import BadInput
from movierec.store.days import MANIFEST
from movierec.store.expired import put_expired
from movierec.store.storage import at
from tests.inputs.viewings import Viewing, aggregate_of

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A data folder with three closed days and two aggregates."""
    for day in DAYS:
        (tmp_path / "movielog/days" / day).mkdir(parents=True)
        (tmp_path / "movielog/days" / day / MANIFEST).write_text("{}")
    aggregate = aggregate_of([Viewing(0, 1, 1, "a", rating=3)], 0)
    for day in DAYS[:2]:
        save_aggregate(tmp_path / "aggregates" / day, aggregate, day, {})
    return tmp_path


def close(store: Path, topic: str, *days: str) -> None:
    for day in days:
        (store / topic / "days" / day).mkdir(parents=True)
        (store / topic / "days" / day / MANIFEST).write_text("{}")


def judged(store: Path, *options: str) -> list[OnlineDay]:
    """The days whose answers are to be judged."""
    write(store, "--last", "1", *options)
    return read_online(store / "online/window.yaml")


def keeping(store: Path, count: int) -> list[str]:
    """Options that judge no more than so many days."""
    path = store / "params.yaml"
    shipped = (Path(__file__).parents[3] / "params.yaml").read_text()
    assert "online:\n  days: 14 " in shipped
    path.write_text(shipped.replace("online:\n  days: 14 ", f"online:\n  days: {count} "))
    return ["--params", str(path), "--reports", str(store / "reports")]


def evaluate(store: Path, *days: str) -> None:
    """Have the evaluations of some days."""
    (store / "reports").mkdir(exist_ok=True)
    for day in days:
        (store / "reports" / f"{day}.json").write_text("{}")


def test_no_answer_is_judged_before_both_topics_have_closed_a_day(store: Path) -> None:
    assert judged(store) == []
    close(store, "served", "2026-10-31", "2026-11-04")
    assert judged(store) == []


def test_the_newest_days_of_both_topics_are_judged_with_the_days_before(store: Path) -> None:
    close(store, "served", *DAYS[1:])
    second = OnlineDay(DAYS[1], {"movielog": DAYS[0], "served": DAYS[1]})
    third = OnlineDay(DAYS[2], {"movielog": DAYS[1], "served": DAYS[1]})
    assert judged(store) == [second, third]
    for day in DAYS:
        (store / "online/days" / day).mkdir(parents=True)
    evaluate(store, DAYS[1])
    assert judged(store, *keeping(store, 1)) == [third]
    assert [path.name for path in (store / "online/days").iterdir()] == [DAYS[2]]


def test_an_older_day_is_judged_once_however_late(store: Path) -> None:
    close(store, "served", *DAYS)
    evaluate(store, DAYS[1])
    assert [item.day for item in judged(store, *keeping(store, 1))] == [DAYS[0], DAYS[2]]
    evaluate(store, DAYS[0])
    assert [item.day for item in judged(store, *keeping(store, 1))] == [DAYS[2]]


def test_a_day_whose_day_before_has_expired_is_not_judged_anew(store: Path) -> None:
    close(store, "served", *DAYS)
    put_expired(at(store), {"topic": "served", "day": DAYS[1], "manifest_sha256": "x"})
    assert [item.day for item in judged(store)] == DAYS, "it is to go, and is still there"
    shutil.rmtree(store / "served/days" / DAYS[1])
    assert [item.day for item in judged(store)] == DAYS[:1]


def write(store: Path, *options: str) -> list[str]:
    arguments = [*options, "--store", str(store), "--written", "2026-11-04"]
    assert program.main(arguments) == 0
    return read_window(store / "window.yaml").days


def test_the_program_writes_what_the_stages_read(store: Path) -> None:
    assert write(store, "--days", DAYS[1], DAYS[0], DAYS[1]) == DAYS[:2]
    assert write(store, "--last", "2") == DAYS[1:]
    assert read_window(store / "window.yaml").written == "2026-11-04"


def test_aggregates_outside_the_window_are_removed(store: Path) -> None:
    write(store, "--days", DAYS[1])
    assert [path.name for path in (store / "aggregates").iterdir()] == [DAYS[1]]
    load_days(store / "aggregates", [DAYS[1]])


def test_an_expired_day_may_stay_by_its_aggregate_and_an_unknown_one_may_not(store: Path) -> None:
    shutil.rmtree(store / "movielog/days" / DAYS[0])
    assert write(store, "--days", DAYS[0]) == [DAYS[0]]
    before = (store / "window.yaml").read_bytes()
    with pytest.raises(BadInput, match="2026-11-09 is no closed day"):
        write(store, "--days", DAYS[2], "2026-11-09")
    assert (store / "window.yaml").read_bytes() == before


@pytest.mark.parametrize("bad", ["2026-11-31", "2026-13-01", "20261101", "yesterday", ""])
def test_what_is_no_day_is_refused(store: Path, bad: str) -> None:
    with pytest.raises(BadInput, match="expected YYYY-MM-DD"):
        write(store, "--days", bad)


def test_a_store_without_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no closed day yet"):
        write(tmp_path, "--last", "3")
    with pytest.raises(BadInput, match="at least 1"):
        write(tmp_path, "--last", "0")
