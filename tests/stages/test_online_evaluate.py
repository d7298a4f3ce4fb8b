"""The program on closed days of both topics: what it counts, reads and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

import online_evaluate
from movierec.errors import BadInput
from movierec.evaluation.online.daysums import load_sums
from movierec.times import day_number, day_start
from tests.inputs.answered import answer, put

BEFORE, DAY, NEXT = "2026-01-04", "2026-01-05", "2026-01-06"
NOW = day_start(day_number("2026-01-07"))
PARAMS = Path(__file__).parents[2] / "params.yaml"

SERVED = [
    answer(f"{BEFORE}T23:50", "z", 4, "jaws+1975"),
    answer(f"{DAY}T10:00", "a", 1, "jaws+1975", "alien+1979"),
    answer(f"{DAY}T10:00", "a", 1, "jaws+1975", "alien+1979"),  # sent twice by the producer
    answer(f"{DAY}T11:00", "b", 2, "jaws+1975"),
    answer(f"{DAY}T12:00", "d", 5, "jaws+1975"),
    answer(f"{NEXT}T01:00", "c", 3, "alien+1979"),
]
EVENTS = [
    f"{BEFORE}T23:58,5,GET /data/m/jaws+1975/40.mpg",
    f"{DAY}T00:10,4,GET /data/m/jaws+1975/0.mpg",
    f"{DAY}T10:05,1,GET /data/m/alien+1979/0.mpg",
    f"{DAY}T10:06,2,GET /data/m/alien+1979/0.mpg",
    f"{DAY}T11:00,2,recommendation request h:80, status 200, result: jaws+1975, 9 ms",
    f"{DAY}T12:05,5,GET /data/m/jaws+1975/45.mpg",
    f"{NEXT}T01:01,3,GET /data/m/alien+1979/0.mpg",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store that has closed two days of both topics."""
    assert put(tmp_path / "data", "movielog", EVENTS, NOW) == [BEFORE, DAY]
    assert put(tmp_path / "data", "served", SERVED, NOW) == [BEFORE, DAY]
    return tmp_path


def evaluate(root: Path, eve: str = BEFORE, served: str = DAY) -> dict[str, Any]:
    """The report on DAY; `eve` is the day before it, or DAY itself for none."""
    report = root / f"metrics/online/{DAY}.json"
    data = root / "data"
    arguments = ["--movielog", f"{data}/movielog/days/{DAY}", "--params", str(PARAMS)]
    arguments += ["--movielog-before", f"{data}/movielog/days/{eve}"]
    arguments += ["--served", f"{data}/served/days/{served}"]
    arguments += ["--served-before", f"{data}/served/days/{eve}"]
    arguments += ["--output", f"{data}/online/days/{DAY}", "--report", str(report)]
    assert online_evaluate.main(arguments) == 0
    document: dict[str, Any] = json.loads(report.read_text())
    return document


def test_answers_whose_time_ended_on_the_day_are_judged_with_the_day_before(root: Path) -> None:
    """Of four the one of the evening before converted after midnight; one user watched on."""
    report = evaluate(root)
    model = report["models"]["svd@v1.0.0"]
    assert (model["answers"], model["conversions"]) == (4, 2)
    assert (report["days"], report["open"], report["duplicates"]) == ([DAY], False, 1)
    assert (report["requests"]["lines"], report["requests"]["unattributed"]) == (1, 0)
    sums = load_sums(root / "data/online/days" / DAY)
    assert (sums.day, int(sums.rows["answers"].sum())) == (DAY, 4)


def test_without_a_day_before_only_its_own_answers_are_judged(root: Path) -> None:
    model = evaluate(root, eve=DAY)["models"]["svd@v1.0.0"]
    assert (model["answers"], model["conversions"]) == (3, 2), "who watched on seems to start"


def test_the_same_days_make_the_same_bytes(root: Path) -> None:
    evaluate(root)
    folder = root / "data/online/days" / DAY
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    evaluate(root)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_two_days_or_none_are_refused_by_name(root: Path) -> None:
    with pytest.raises(BadInput, match=f"{DAY} and .*{BEFORE} are two days"):
        evaluate(root, served=BEFORE)
    with pytest.raises(BadInput, match=f"{NEXT}: no closed day there"):
        evaluate(root, eve=NEXT)
    assert not (root / "metrics").exists()
