"""Charts as SVG: drawn here by Vega-Lite, and fetched from nowhere when a page is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
"""Names the language; nothing is fetched from it."""
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]
"""One a model, told apart by colour-blind readers too (Okabe and Ito 2008)."""
GREY = "#6a737d"
"""Of what is measured against."""
CONFIG = {
    "axis": {
        "labelFontSize": 12,
        "labelSeparation": 6,
        "titleFontSize": 13,
        "titleFontWeight": 400,
    },
    "legend": {"labelFontSize": 13, "columnPadding": 24},
    "title": {"fontSize": 13, "fontWeight": 600, "anchor": "start"},
    "view": {"stroke": None},
}
PANEL_WIDTH, ROW_HEIGHT = 190, 22
CURVE_WIDTH, CURVE_HEIGHT = 680, 220


@dataclass(frozen=True)
class Dot:
    """One value of a panel: whose, and between what it lies where that was measured."""

    who: str
    value: float
    interval: tuple[float, float] | None = None


def svg(spec: Mapping[str, Any]) -> str:
    """A Vega-Lite specification as an SVG element."""
    drawn: str = vl_convert.vegalite_to_svg({"$schema": SCHEMA, "config": CONFIG, **spec})
    return drawn


def dots(panels: Mapping[str, Sequence[Dot]], colours: Mapping[str, str], columns: int = 3) -> str:
    """A dot a value, with its interval as a bar: a panel a measure, everybody in the order of
    `colours`, and on a scale of each panel's own, which need not begin at zero."""
    return svg(
        {
            "concat": [_panel(title, values, colours) for title, values in panels.items()],
            "columns": columns,
            "spacing": {"row": 18, "column": 30},
            "padding": {"left": 24, "right": 12},  # labels are wider than their measured width
        }
    )


def _panel(title: str, values: Sequence[Dot], colours: Mapping[str, str]) -> dict[str, Any]:
    rows = [
        {"who": dot.who, "value": dot.value}
        | (dict(zip(("low", "high"), dot.interval, strict=True)) if dot.interval else {})
        for dot in values
    ]
    found = {dot.who for dot in values}
    order = [who for who in colours if who in found]
    scale = {"domain": list(colours), "range": list(colours.values())}
    y = {"field": "who", "type": "nominal", "sort": order, "title": None}
    x = {
        "type": "quantitative",
        "scale": {"zero": False, "padding": 10},
        "axis": {"tickCount": 4},
        "title": None,
    }
    return {
        "title": title,
        "width": PANEL_WIDTH,
        "height": ROW_HEIGHT * len(order),
        "data": {"values": rows},
        "encoding": {
            "y": {**y, "axis": {"grid": True, "ticks": False, "domain": False}},
            "color": {"field": "who", "type": "nominal", "scale": scale, "legend": None},
        },
        "layer": [
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.35},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {"x": {**x, "field": "value"}},
            },
        ],
    }


@dataclass(frozen=True)
class Curve:
    """One line of a plot: whose, and its points (x, y)."""

    who: str
    points: Sequence[tuple[float, float]]


def curves(lines: Sequence[Curve], titles: tuple[str, str], grouped: bool = False) -> str:
    """Lines over one another. `titles` are of x and y; `grouped`: the values of x name groups,
    which are evenly spaced."""
    rows = [{"who": line.who, "x": x, "y": y} for line in lines for x, y in line.points]
    names = [line.who for line in lines]
    x, y = ({"field": name, "title": title} for name, title in zip("xy", titles, strict=True))
    kind = {"type": "ordinal", "axis": {"labelAngle": 0}} if grouped else {"type": "quantitative"}
    mark: dict[str, Any] = {"type": "line", "strokeWidth": 2}
    return svg(
        {
            "data": {"values": rows},
            "width": CURVE_WIDTH,
            "height": CURVE_HEIGHT,
            "mark": mark | ({"point": {"size": 50}} if grouped else {}),
            "encoding": {
                "x": {"axis": {"grid": False}, **x, **kind},
                "y": {**y, "type": "quantitative", "scale": {"zero": False}},
                "color": {
                    "field": "who",
                    "type": "nominal",
                    "title": None,
                    "scale": {"domain": names, "range": COLOURS[: len(names)]},
                    "legend": {"orient": "top"},
                },
            },
        }
    )
