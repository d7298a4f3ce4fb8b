"""The plots of DVC: one picture each, a colour for each model, nothing fetched."""

import re

import pytest

from infra.paper import plots
from infra.paper.chart import COLOURS, GREY

ROWS = {
    "epoch": ("train_rmse", "filename", ["svd/epochs.csv", "svdpp/epochs.csv"]),
    "user_ratings": ("rmse", "filename", ["svd/activity.csv", "svdpp/activity.csv"]),
    "rating": (
        "dvc_inferred_y_value",
        "filename::field",
        ["svd/d.csv::actual", "svd/d.csv::predicted", "svdpp/d.csv::predicted"],
    ),
}


def spec(x: str) -> dict:
    """What `dvc plots show --json` gives for one plot, as far as the page reads it."""
    y, column, files = ROWS[x]
    values = [{x: str(n), y: f"0.{n}", column: file} for file in files for n in (1, 2, 4)]
    encoding = {"x": {"field": x, "type": "quantitative", "title": x}}
    encoding |= {"y": {"field": y, "type": "quantitative"}, "strokeDash": {"field": column}}
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    return {"$schema": schema, "data": {"values": values}, "encoding": encoding}


@pytest.mark.parametrize("x", ROWS)
def test_a_plot_overlays_both_models_in_their_colours(x: str) -> None:
    svg = plots.draw(spec(x))
    colours = [*COLOURS[:2], GREY]
    for name, colour in zip(("SVD", "SVD++", "actual"), colours, strict=True):
        assert (f">{name}<" in svg) == (colour in svg) == (name != "actual" or x == "rating")
    assert not re.search(r"(?:href|src)=", svg)


def test_groups_are_evenly_spaced_and_shares_are_bars_from_zero() -> None:
    def places(svg: str) -> list[str]:
        return re.findall(r">(\d+(?:\.\d)?)</text>", svg)

    assert places(plots.draw(spec("user_ratings")))[:3] == ["1", "2", "4"]
    assert "mark-rect role-mark" in plots.draw(spec("rating"))
    assert ">0.00<" in plots.draw(spec("rating"))


def test_every_row_is_kept() -> None:
    rows, models = plots.by_model(spec("rating"))
    assert models == ["SVD", "SVD++", "actual"]
    assert len(rows) == 9
    assert {"rating": 4.0, "dvc_inferred_y_value": 0.4, "model": "SVD++"} in rows
