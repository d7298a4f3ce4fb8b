"""A committed dashboard is read whole, with values in the places of its variables."""

import re

import pytest

from infra.grafana.boardfile import read_dashboard
from infra.grafana.build import BOARDS, FOLDER
from movierec.errors import UserError

RATE = {"__rate_interval": "60s"}


@pytest.mark.parametrize("name", BOARDS)
def test_all_that_the_code_describes_is_read(name: str) -> None:
    read = read_dashboard(FOLDER / f"{name}.json", RATE)
    for (title, panels), row in zip(read.rows, BOARDS[name].rows, strict=True):
        assert title == row.title
        for panel, made in zip(panels, row.panels, strict=True):
            for field in ("title", "about", "unit", "limit", "stacked", "number", "empty", "width"):
                assert getattr(panel, field) == getattr(made, field), (made.title, field)
            assert (panel.least, panel.most) == (made.least, made.most)
            assert panel.axis == ("" if made.number else made.axis)
            assert tuple(panel.alerts) == made.alerts
            legends = [(one.legend, one.bound) for one in panel.targets]
            assert legends == [(one, False) for one in made.queries] + [
                (one, True) for one in made.bounds
            ]
            assert not any("$" in one.expr for one in panel.targets)


def test_a_variable_is_all_of_it_unless_a_value_is_given() -> None:
    one = read_dashboard(FOLDER / "service.json", RATE | {"arm": "svd"})
    texts = [target.expr for _, panels in one.rows for p in panels for target in p.targets]
    assert set(re.findall(r'arm=~"([^"]*)"', "".join(texts))) == {"svd"}
    assert set(re.findall(r'job=~"([^"]*)"', "".join(texts))) == {".*"}
    assert set(re.findall(r"\[(\w+)\]", "".join(texts))) == {"60s", "1h"}


def test_a_series_is_called_by_its_labels() -> None:
    read = read_dashboard(FOLDER / "service.json", RATE)
    [panel] = [p for _, panels in read.rows for p in panels if p.title == "CPU"]
    assert panel.targets[0].name({"arm": "svd", "instance": "svd:8080"}) == "svd svd:8080"
    assert panel.targets[0].name({"arm": "svd"}) == "svd "


def test_what_is_not_there_says_what_writes_it(tmp_path) -> None:
    with pytest.raises(UserError, match=r"infra\.grafana\.build"):
        read_dashboard(tmp_path / "none.json", RATE)
