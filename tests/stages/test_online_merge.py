"""The program on sums of days: all of them and no other."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import online_evaluate
import online_merge
from movierec.dataset.onlinefile import OnlineDay, write_online
from movierec.errors import BadInput
from movierec.times import day_number, day_start
from tests.inputs.answered import answer, put

DAYS = ["2026-01-05", "2026-01-06"]
NOW = day_start(day_number("2026-01-08"))
PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two days of both topics, and their sums."""
    data = tmp_path / "data"
    events = [
        f"{DAYS[0]}T10:05,1,GET /data/m/alien+1979/0.mpg",
        f"{DAYS[1]}T00:05,1,GET /data/m/jaws+1975/0.mpg",
        "2026-01-07T10:05,1,GET /data/m/jaws+1975/0.mpg",
    ]
    answers = [
        answer(f"{DAYS[0]}T10:00", "a", 1, "alien+1979"),
        answer(f"{DAYS[0]}T23:59", "b", 1, "jaws+1975"),
        answer(f"{DAYS[1]}T12:00", "c", 2, "jaws+1975", arm="svdpp"),
        answer("2026-01-07T12:00", "d", 2, "jaws+1975", arm="svdpp"),
    ]
    assert put(data, "movielog", events, NOW) == put(data, "served", answers, NOW) == DAYS
    for day, eve in [(DAYS[0], DAYS[0]), (DAYS[1], DAYS[0])]:
        arguments = ["--output", f"{data}/online/days/{day}", "--params", str(PARAMS)]
        for topic in ("movielog", "served"):
            arguments += [f"--{topic}", f"{data}/{topic}/days/{day}"]
            arguments += [f"--{topic}-before", f"{data}/{topic}/days/{eve}"]
        online_evaluate.main([*arguments, "--report", str(tmp_path / f"{day}.json")])
    return tmp_path


def merge(root: Path, *days: str) -> dict[str, Any]:
    """The report on some days."""
    window = root / "data/online/window.yaml"
    write_online(window, [OnlineDay(day, {"movielog": day, "served": day}) for day in days])
    report = root / "metrics/online.json"
    arguments = ["--window", str(window), "--days", str(root / "data/online/days")]
    arguments += ["--report", str(report), "--params", str(PARAMS)]
    assert online_merge.main(arguments) == 0
    document: dict[str, Any] = json.loads(report.read_text())
    return document


def test_it_says_what_it_merged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = merge(root, *DAYS)["experiment"]["verdict"]
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told == {"stage": "online_merge", "days": 2, "verdict": verdict}


def test_days_add_up_over_midnight(root: Path) -> None:
    report = merge(root, *DAYS)
    models = report["models"]
    assert report["days"] == DAYS
    assert (models["svd@v1.0.0"]["answers"], models["svd@v1.0.0"]["conversions"]) == (2, 2)
    assert models["svdpp@v1.0.0"]["answers"] == 1
    assert report["experiment"]["verdict"].startswith("no difference yet")


def test_an_answer_whose_next_day_is_none_of_them_is_censored(root: Path) -> None:
    shutil.rmtree(root / "data/online/days" / DAYS[1])
    model = merge(root, DAYS[0])["models"]["svd@v1.0.0"]
    assert (model["answers"], model["conversions"], model["censored"]) == (1, 1, 1)


def test_where_no_day_was_judged_there_is_a_report_of_none(tmp_path: Path) -> None:
    report = merge(tmp_path)
    assert (report["days"], report["models"], report["requests"]["lines"]) == ([], {}, 0)


def test_sums_of_another_day_are_refused_by_name(root: Path) -> None:
    with pytest.raises(BadInput, match=f"holds {DAYS[0]}, not in the window"):
        merge(root, DAYS[1])
    shutil.rmtree(root / "data/online/days" / DAYS[1])
    with pytest.raises(BadInput, match=f"{DAYS[1]}.*no such folder"):
        merge(root, *DAYS)
