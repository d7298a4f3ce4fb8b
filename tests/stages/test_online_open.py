"""The program on lines that no closed day holds yet."""

import json
from pathlib import Path
from typing import Any

import pytest

import online_open
from movierec.errors import BadInput
from movierec.times import day_number, day_start
from tests.inputs.answered import answer, put

EVE, DAY = "2026-01-05", "2026-01-06"
NOW = day_start(day_number("2026-01-07"))
PARAMS = Path(__file__).parents[2] / "params.yaml"


def evaluate(root: Path) -> dict[str, Any]:
    report = root / "online.json"
    arguments = ["--store", str(root / "data"), "--report", str(report), "--params", str(PARAMS)]
    assert online_open.main(arguments) == 0
    document: dict[str, Any] = json.loads(report.read_text())
    return document


def test_answers_count_before_their_time_is_over_and_what_went_on_before_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two open answers: to somebody who began the movie on the last closed day, and to another."""
    events = [
        f"{EVE}T23:58,1,GET /data/m/alien+1979/40.mpg",
        f"{DAY}T23:58,1,GET /data/m/alien+1979/45.mpg",
        f"{DAY}T23:58,2,GET /data/m/alien+1979/0.mpg",
    ]
    assert put(tmp_path / "data", "movielog", events, NOW) == [EVE]
    answers = [answer(f"{DAY}T23:57", str(user), user, "alien+1979") for user in (1, 2)]
    assert put(tmp_path / "data", "served", answers, NOW) == []
    report = evaluate(tmp_path)
    model = report["models"]["svd@v1.0.0"]
    assert (model["answers"], model["conversions"], report["open"]) == (2, 1, True)
    told = json.loads(capsys.readouterr().out)
    assert (told["day"], told["answers"]) == (DAY, 2)
    assert told["verdict"] == report["experiment"]["verdict"]


def test_a_store_without_an_open_answer_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "data", "movielog", [f"{DAY}T10:00,1,GET /data/m/alien+1979/0.mpg"], NOW)
    with pytest.raises(BadInput, match="no answer there that is in no closed day"):
        evaluate(tmp_path)
