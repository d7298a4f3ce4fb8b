"""The numbers of alerts.yml are held by promtool's tests; and the program sees when one is not."""

from pathlib import Path

import pytest
import yaml

from infra.prometheus.mutations import main
from movierec.errors import BadInput

pytestmark = pytest.mark.slow

RULE = {"alert": "High", "expr": "x > 10", "for": "2m"}


def case(at: str, *values: str) -> dict[str, object]:
    """High fires at a time for as many series as there are values."""
    return {"alertname": "High", "eval_time": at, "exp_alerts": [{"exp_labels": {}}] * len(values)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule and a test that holds its threshold and its comparison, and not its `for`."""
    rules = {"groups": [{"name": "g", "rules": [RULE]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    series = [{"series": "x", "values": "9x9 11x9 0x9"}]
    cases = [case("9m"), case("15m", "11"), case("25m")]
    test = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": cases,
        "name": "High, ever",
    }
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/x.yml").write_text(yaml.safe_dump({"tests": [test]}))
    return tmp_path


def tried(folder: Path) -> int:
    return main(["--rules", str(folder / "rules.yml"), "--tests", str(folder / "tests")])


def test_a_change_that_no_test_notices_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(folder) == 1
    assert capsys.readouterr().out.splitlines() == [
        "not noticed: High: for: 2m → 180s",
        "not noticed: High: for: 2m → 80s",
        "5 tried, 3 noticed, 2 not",
    ]


def test_tests_that_fail_anyhow_show_nothing(folder: Path) -> None:
    text = (folder / "rules.yml").read_text().replace("x > 10", "x > 100")
    (folder / "rules.yml").write_text(text)
    with pytest.raises(BadInput, match="High: its tests fail though nothing is changed"):
        tried(folder)


def test_what_promtool_takes_for_no_rule_is_told_and_not_that_it_was_noticed(folder: Path) -> None:
    text = (folder / "rules.yml").read_text().replace("for: 2m", "labels: {a-b: c}")
    (folder / "rules.yml").write_text(text)
    with pytest.raises(BadInput, match="invalid label name: a-b"):
        tried(folder)


def test_a_rule_that_nothing_tests_is_told(folder: Path) -> None:
    (folder / "tests/x.yml").write_text("tests: []")
    with pytest.raises(BadInput, match="High: nothing tests it by what it reads"):
        tried(folder)


@pytest.mark.timeout(1800)
def test_the_tests_of_our_alerts_notice_every_change(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([])
    *unnoticed, count = capsys.readouterr().out.splitlines()
    assert unnoticed == [], count
    assert status == 0
