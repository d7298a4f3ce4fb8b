"""A panel as a picture: lines or areas over time, with a scale that fits and what fired shaded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.grafana.asking import Series, Span
from infra.grafana.boardfile import Drawn
from infra.grafana.units import scale_of, text, title
from infra.paper.chart import COLOURS, GREY, svg

PALETTE = [*COLOURS, "#56b4e9", "#e69f00", "#8a63d2", GREY]
MOST = len(PALETTE)
"""Series of a picture: more of them nobody tells apart."""
WIDTH, HEIGHT = 330, 130
"""Of a third of a row."""
LIMIT = "#b42318"
DOTS = 3
"""Of fewer points, a line shows too little."""


@dataclass(frozen=True)
class Line:
    """A series of a picture. `bound`: an end of the interval around the line of its colour."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    bound: bool = False

    @property
    def last(self) -> float:
        """Its newest value."""
        return self.points[-1][1]


def lines(panel: Drawn, answers: Sequence[Sequence[Series]]) -> tuple[list[Line], int]:
    """What a panel shows of the answers to its targets, and how many series it leaves out: those
    whose values are the smallest."""
    found = [
        (target.name(one.labels), one.points)
        for target, series in zip(panel.targets, answers, strict=True)
        for one in series
        if one.points and not target.bound
    ]
    greatest = sorted(found, key=lambda one: max(abs(value) for _, value in one[1]), reverse=True)
    kept = {id(points) for _, points in greatest[:MOST]}
    shown = [(name, points) for name, points in found if id(points) in kept]
    made = [
        Line(name, colour, points) for (name, points), colour in zip(shown, PALETTE, strict=False)
    ]
    return made + list(_bounds(panel, answers, made)), len(found) - len(made)


def _bounds(
    panel: Drawn, answers: Sequence[Sequence[Series]], made: Sequence[Line]
) -> Iterator[Line]:
    """The ends of the intervals, each in the colour of what it is around."""
    colours = {line.name: line.colour for line in made}
    for target, series in zip(panel.targets, answers, strict=True):
        for one in series:
            around = panel.targets[0].name(one.labels)
            if target.bound and one.points and around in colours:
                yield Line(target.name(one.labels), colours[around], one.points, bound=True)


def picture(
    panel: Drawn, shown: Sequence[Line], span: Span, fired: Sequence[tuple[float, float]]
) -> str:
    """The picture as SVG; `fired`: from when to when one of its alerts did."""
    top = sum if panel.stacked else max
    peaks = [max(abs(value) for _, value in line.points) for line in shown]
    scale = scale_of(panel.unit, max(top(peaks), abs(panel.limit or 0)))
    layers: list[dict[str, Any]] = []
    if fired:
        layers.append(_shade(fired))
    layers += _marks(panel, shown, span, scale.factor)
    if panel.limit is not None:
        layers.append(_across(panel.limit * scale.factor))
    y = {
        "field": "y",
        "type": "quantitative",
        "stack": "zero" if panel.stacked else None,
        "title": title(panel.axis, panel.unit, scale),
        "scale": _domain(panel, shown, scale.factor),
        "axis": {"tickCount": 4, "domain": False, "ticks": False, "minExtent": 42},
    }
    return svg(
        {
            "width": WIDTH if panel.width >= 8 else 2 * WIDTH // 3,
            "height": HEIGHT,
            "background": None,
            "encoding": {"x": _time(span), "y": y},
            "layer": layers,
        }
    )


def _marks(
    panel: Drawn, shown: Sequence[Line], span: Span, factor: float
) -> Iterator[dict[str, Any]]:
    for bound in (False, True):
        chosen = [line for line in shown if line.bound == bound]
        if not chosen:
            continue
        few = max(len(line.points) for line in chosen) < DOTS
        mark: dict[str, Any] = {"type": "line", "strokeWidth": 1 if bound else 1.6}
        if panel.stacked:
            mark = {"type": "area", "opacity": 0.75}
        if bound:
            mark |= {"strokeDash": [3, 3]}
        elif few:
            mark |= {"point": {"size": 30}}
        names = {line.name: line.colour for line in chosen}
        yield {
            "data": {"values": list(_rows(chosen, span.step, factor))},
            "mark": mark,
            "encoding": {
                "color": {
                    "field": "who",
                    "type": "nominal",
                    "legend": None,
                    "scale": {"domain": list(names), "range": list(names.values())},
                }
            },
        }


def _rows(chosen: Sequence[Line], step: float, factor: float) -> Iterator[dict[str, Any]]:
    """Points as rows; where values are missing, a row without one breaks the line."""
    for line in chosen:
        before = line.points[0][0]
        for at, value in line.points:
            if at - before > 1.5 * step:
                yield {"who": line.name, "x": 1000 * (before + step), "y": None}
            yield {"who": line.name, "x": 1000 * at, "y": value * factor}
            before = at


def _time(span: Span) -> dict[str, Any]:
    seconds = span.end - span.start
    form = "%H:%M:%S" if seconds < 600 else "%H:%M" if seconds < 86_400 else "%d %b"
    return {
        "field": "x",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc", "domain": [1000 * span.start, 1000 * span.end]},
        "axis": {"format": form, "tickCount": 4, "grid": False, "labelFlush": True},
    }


def _domain(panel: Drawn, shown: Sequence[Line], factor: float) -> dict[str, Any]:
    """From where to where the axis goes. What never changes has room above it and below."""
    values = [value for line in shown for _, value in line.points]
    least, most = min(values), max(values)
    if panel.most is not None:
        return {"domain": [factor * (panel.least or 0), factor * panel.most], "nice": False}
    if least == most and panel.limit is None and not (panel.stacked and most):
        room = abs(most) / 10 or 1 / factor
        foot = 0 if panel.least == 0 else least - room
        return {"domain": [factor * foot, factor * (most + room)]}
    return {"zero": panel.least == 0, "nice": True}


def _across(value: float) -> dict[str, Any]:
    return {
        "data": {"values": [{"y": value}]},
        "mark": {"type": "rule", "color": LIMIT, "strokeDash": [6, 3]},
        "encoding": {"x": None},
    }


def _shade(fired: Sequence[tuple[float, float]]) -> dict[str, Any]:
    rows = [{"x": 1000 * start, "x2": 1000 * end} for start, end in fired]
    return {
        "data": {"values": rows},
        "mark": {"type": "rect", "color": LIMIT, "opacity": 0.12},
        "encoding": {"x2": {"field": "x2"}, "y": None},
    }


def number(line: Line, unit: str) -> str:
    """The newest value of a series, with its unit."""
    return text(line.last, unit)


def periods(series: Sequence[Series], step: float) -> Mapping[str, list[tuple[float, float]]]:
    """Alert → from when to when it fired, of the series of ALERTS."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in series:
        spans = found.setdefault(one.labels["alertname"], [])
        begun = before = one.points[0][0]
        for at, _ in one.points[1:]:
            if at - before > 1.5 * step:
                spans.append((begun, before + step))
                begun = at
            before = at
        spans.append((begun, before + step))
    return found
