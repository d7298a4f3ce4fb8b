"""The pictures of the page of online evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.ci.online.measured import Night, Release
from infra.paper.chart import COLOURS, GREY, Dot, dots, svg
from movierec.evaluation.validation import MEASURES

WIDTH, HEIGHT = 680, 220
SQUARE = 190


def colours_of(arms: Sequence[str]) -> dict[str, str]:
    """arm → its colour, the same in every picture."""
    return {arm: COLOURS[k % len(COLOURS)] for k, arm in enumerate(sorted(set(arms)))}


def taken_up(models: Mapping[str, Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    """Conversion and minutes of each release, with their intervals."""
    panels = {
        "Conversion": [
            Dot(name, one["conversion"], (one["low"], one["high"])) for name, one in models.items()
        ],
        "Minutes watched an answer": [
            Dot(name, one["minutes"]["mean"], _ends(one["minutes"]))
            for name, one in models.items()
            if one["minutes"]["mean"] is not None
        ],
        "Online RMSE": [
            Dot(name, one["rmse"]["value"])
            for name, one in models.items()
            if one["rmse"]["value"] is not None
        ],
    }
    shades = {name: colours.get(one["arm"], GREY) for name, one in models.items()}
    return dots({title: found for title, found in panels.items() if found}, shades)


def _ends(one: Mapping[str, Any]) -> tuple[float, float] | None:
    return None if one["low"] is None else (one["low"], one["high"])


def night_by_night(nights: Sequence[Night], arm: str, against: str) -> str:
    """The difference of two arms' conversion as it was known each night, with its confidence
    sequence."""
    rows = [
        {"day": n.day, "difference": n.difference, "low": n.low, "high": n.high} for n in nights
    ]
    y = {"type": "quantitative", "axis": {"format": "+.1%", "tickCount": 6, "minExtent": 56}}
    title = f"{arm} − {against}: conversion"
    x = {
        "field": "day",
        "type": "ordinal",
        "title": None,
        "axis": {"grid": False, "labelAngle": 0, "labelOverlap": True},
    }
    return svg(
        {
            "width": WIDTH,
            "height": HEIGHT,
            "data": {"values": rows},
            "encoding": {"x": x},
            "layer": [
                {
                    "mark": {"type": "area", "color": COLOURS[0], "opacity": 0.18},
                    "encoding": {
                        "y": {"field": "low", **y, "title": title},
                        "y2": {"field": "high"},
                    },
                },
                {
                    "mark": {"type": "rule", "color": COLOURS[0], "strokeWidth": 2},
                    "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
                },
                {
                    "mark": {"type": "line", "color": COLOURS[0], "point": {"size": 60}},
                    "encoding": {"y": {"field": "difference", **y}},
                },
                {
                    "mark": {"type": "rule", "color": GREY, "strokeDash": [5, 4]},
                    "encoding": {"y": {"datum": 0}, "x": None},
                },
            ],
        }
    )


def predicted(found: Sequence[Release], measures: Sequence[str], colours: Mapping[str, str]) -> str:
    """Conversion over each measure, a dot a release."""
    rows: list[dict[str, Any]] = [
        {
            "arm": one.arm,
            "conversion": one.conversion,
            "low": one.interval[0],
            "high": one.interval[1],
            **{name: one.offline[name] for name in measures if name in one.offline},
        }
        for one in found
        if one.offline is not None
    ]
    return svg(
        {
            "hconcat": [
                _over(name, _domain([row[name] for row in rows if name in row]), colours, k == 0)
                for k, name in enumerate(measures)
            ],
            "data": {"values": rows},
            "spacing": 34,
            "padding": {"left": 8, "right": 12},
            "resolve": {"scale": {"y": "shared"}},
        }
    )


def _domain(values: Sequence[float]) -> list[float]:
    """From where to where an axis goes: one value alone has room on both sides."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.0 if low < high else abs(low) / 10 or 1.0
    return [low - room, high + room]


def _over(
    measure: str, domain: Sequence[float], colours: Mapping[str, str], first: bool
) -> dict[str, Any]:
    shown = MEASURES[measure].replace("@k", "")
    y: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"zero": False, "padding": 8},
        "axis": {"format": ".0%", "tickCount": 5},
        "title": "conversion" if first else None,
    }
    colour = {
        "field": "arm",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(colours), "range": list(colours.values())},
        "legend": {"orient": "top", "symbolOpacity": 1} if first else None,
    }
    x = {
        "field": measure,
        "type": "quantitative",
        "scale": {"zero": False, "padding": 12, "domain": domain},
        "axis": {"grid": False, "tickCount": 4},
        "title": f"offline {shown}",
    }
    return {
        "width": SQUARE,
        "height": SQUARE,
        "transform": [{"filter": f"isValid(datum.{measure})"}],
        "encoding": {"x": x, "color": colour},
        "layer": [
            {
                "mark": {"type": "rule", "opacity": 0.4, "strokeWidth": 2},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {"y": {"field": "conversion", **y}},
            },
        ],
    }
