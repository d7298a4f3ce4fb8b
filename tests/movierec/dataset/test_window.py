"""window.yaml: what it must be, how it is written, and the days that it names."""

from pathlib import Path

import pytest

from infra.release import window as program
from movierec.dataset.aggregates import save_aggregate
from movierec.dataset.window import load_days, read_window
from movierec.errors import BadInput
from movierec.store.days import MANIFEST
from tests.inputs.viewings import Viewing, aggregate_of

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A data folder with three closed days and two aggregates."""
    for day in DAYS:
        (tmp_path / "movielog/days" / day).mkdir(parents=True)
        (tmp_path / "movielog/days" / day / MANIFEST).touch()
    aggregate = aggregate_of([Viewing(0, 1, 1, "a", rating=3)], 0)
    for day in DAYS[:2]:
        save_aggregate(tmp_path / "aggregates" / day, aggregate, day, {})
    return tmp_path


def write(store: Path, *options: str) -> list[str]:
    arguments = [*options, "--store", str(store), "--written", "2026-11-04"]
    assert program.main(arguments) == 0
    return read_window(store / "window.yaml").days


def test_the_program_writes_what_the_stages_read(store: Path) -> None:
    assert write(store, "--days", DAYS[1], DAYS[0], DAYS[1]) == DAYS[:2]
    assert write(store, "--last", "2") == DAYS[1:]
    assert read_window(store / "window.yaml").written.isoformat() == "2026-11-04"


def test_aggregates_outside_the_window_are_removed(store: Path) -> None:
    write(store, "--days", DAYS[1])
    assert [path.name for path in (store / "aggregates").iterdir()] == [DAYS[1]]
    load_days(store / "aggregates", [DAYS[1]])


def test_an_expired_day_may_stay_by_its_aggregate_and_an_unknown_one_may_not(store: Path) -> None:
    (store / "movielog/days" / DAYS[0] / MANIFEST).unlink()
    assert write(store, "--days", DAYS[0]) == [DAYS[0]]
    before = (store / "window.yaml").read_bytes()
    with pytest.raises(BadInput, match="2026-11-09 is no closed day"):
        write(store, "--days", DAYS[2], "2026-11-09")
    assert (store / "window.yaml").read_bytes() == before


@pytest.mark.parametrize("bad", ["2026-11-31", "yesterday", ""])
def test_what_is_no_day_is_refused(store: Path, bad: str) -> None:
    with pytest.raises(BadInput, match="expected YYYY-MM-DD"):
        write(store, "--days", bad)


def test_a_store_without_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no closed day yet"):
        write(tmp_path, "--last", "3")
    with pytest.raises(BadInput, match="at least 1"):
        write(tmp_path, "--last", "0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('days: []\nwritten: "2026-11-04"\n', "the window is empty"),
        ('written: "2026-11-04"\n', "expected the keys days and written"),
        ("- 1\n", "expected the keys days and written"),
        ('days: [2026-11-01]\nwritten: "2026-11-04"\n', "must be quoted dates"),
        ('days: ["2026-13-01"]\nwritten: "2026-11-04"\n', "must be quoted dates"),
        ('days: ["2026-11-02", "2026-11-01"]\nwritten: "2026-11-04"\n', "must ascend"),
        ('days: ["2026-11-02", "2026-11-02"]\nwritten: "2026-11-04"\n', "must ascend"),
        ("days: [", "not YAML"),
    ],
)
def test_a_bad_window_file_says_what_is_wrong_and_what_to_do(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "window.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=f"(?s){said}.*write it with `python -m"):
        read_window(path)
    with pytest.raises(BadInput, match="no such file"):
        read_window(tmp_path / "other.yaml")


def test_an_aggregate_beside_the_window_is_refused(store: Path) -> None:
    with pytest.raises(BadInput, match="holds 2026-11-02, not in the window"):
        load_days(store / "aggregates", DAYS[:1])
