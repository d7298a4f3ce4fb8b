"""Every panel of every dashboard as a picture, on one page that needs neither Grafana nor network.

    python -m infra.grafana.pictures --prometheus URL --output reports/monitoring.html

Reads the committed dashboards, asks a running Prometheus each panel's own queries, and draws the
answers. What fires stands on top, and its time is shaded in the pictures of what it watches.
Whether somebody is told of it the Alertmanager knows: Prometheus' own, or --alertmanager.
"""

import argparse
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.grafana.asking import Alert, Prometheus, Span
from infra.grafana.boardfile import Dashboard, Drawn, read_dashboard
from infra.grafana.drawing import lines, number, periods, picture
from infra.grafana.silences import INHIBITED, SILENCED, Alertmanager, with_silences
from infra.grafana.units import digits
from infra.paper import page
from movierec.cli import real, run
from movierec.errors import BadInput
from movierec.files import write_text

FOLDER = Path(__file__).resolve().parent / "dashboards"
ORDER = ("service", "quality", "data", "machine")
POINTS = 120
"""Of a line, about."""
FIRING = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
WATCHDOG = "Watchdog"
"""Fires always: that it does tells that alerts come through."""


def main(arguments: list[str]) -> int:
    """Write the page; prints how many pictures it has."""
    options = parse(arguments)
    prometheus = Prometheus(options.prometheus)
    targets = prometheus.targets()
    scrape = max([seconds_of(one["scrapeInterval"]) for one in targets], default=15.0)
    span = span_of(60 * options.minutes, scrape, time.time(), prometheus.oldest())
    values = {"__rate_interval": f"{max(4 * scrape, span.step + scrape):.0f}s"}
    boards = [read_dashboard(FOLDER / f"{name}.json", values) for name in ORDER]
    fired = periods(prometheus.range(FIRING, span), span.step)
    drawn = [(board, list(figures(board, prometheus, span, fired))) for board in boards]
    alerts = known(prometheus, options.alertmanager)
    write_text(options.output, fill(drawn, alerts, targets, span))
    made = [figure for _, rows in drawn for _, row in rows for figure in row]
    empty = sum(figure["svg"] is None and not figure["numbers"] for figure in made)
    print(f"{len(made)} panels, {empty} of them without values, are in {options.output}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="pictures",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--alertmanager", metavar="URL", help="(the one that Prometheus tells)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--minutes", type=real, default=360.0, help="how far back (360)")
    options = parser.parse_args(arguments)
    if options.minutes <= 0:
        raise BadInput(f"--minutes {options.minutes:g}: nothing lies between now and then")
    return options


def known(prometheus: Prometheus, alertmanager: str | None) -> list[Alert]:
    """The alerts, those that are silenced so. Where there is no Alertmanager nobody is told
    anything, and what fires fires."""
    alerts = prometheus.alerts()
    for url in [alertmanager] if alertmanager else prometheus.alertmanagers()[:1]:
        alerts = with_silences(alerts, Alertmanager(url).suppressed())
    return alerts


def seconds_of(duration: str) -> float:
    """Of a duration as Prometheus writes it.

    >>> seconds_of("15s"), seconds_of("1m30s"), seconds_of("500ms")
    (15.0, 90.0, 0.5)
    """
    found = re.findall(r"(\d+)(ms|[smhd])", duration)
    return sum(int(count) * UNITS[unit] for count, unit in found)


def span_of(seconds: float, scrape: float, now: float, oldest: float) -> Span:
    """The times of a page: `seconds` back from `now`, or as far as there are values."""
    start = min(max(now - seconds, oldest), now - scrape)
    step = max(scrape, (now - start) / POINTS)
    return Span(start, now, step)


def figures(
    board: Dashboard,
    prometheus: Prometheus,
    span: Span,
    fired: Mapping[str, list[tuple[float, float]]],
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(row's title, its figures) of a dashboard."""
    for title, panels in board.rows:
        yield title, [figure(panel, prometheus, span, fired) for panel in panels]


def figure(
    panel: Drawn,
    prometheus: Prometheus,
    span: Span,
    fired: Mapping[str, list[tuple[float, float]]],
) -> dict[str, Any]:
    """What the template shows of a panel."""
    shown, left_out = lines(panel, [prometheus.range(one.expr, span) for one in panel.targets])
    told = [line for line in shown if not line.bound]
    loud = {name: fired[name] for name in panel.alerts if name in fired}
    spans = [one for periods_ in loud.values() for one in periods_]
    return {
        "panel": panel,
        "svg": page.picture(picture(panel, shown, span, spans))
        if shown and not panel.number
        else None,
        "numbers": [(line.name, number(line, panel.unit)) for line in told if panel.number],
        "legend": [(line.name, line.colour, number(line, panel.unit)) for line in told],
        "left_out": left_out,
        "fired": sorted(loud),
    }


def fill(
    drawn: Sequence[tuple[Dashboard, Any]],
    alerts: Sequence[Alert],
    targets: Sequence[Mapping[str, Any]],
    span: Span,
) -> str:
    """The page."""
    jobs: dict[str, list[bool]] = {}
    for one in targets:
        jobs.setdefault(one["labels"]["job"], []).append(one["health"] == "up")
    return page.fill(
        "grafana/pictures.html",
        {
            "boards": drawn,
            **{
                state: [one for one in alerts if one.state == state and one.name != WATCHDOG]
                for state in ("firing", "pending", SILENCED, INHIBITED)
            },
            "watchdog": any(one.name == WATCHDOG for one in alerts),
            "jobs": [(job, sum(up), len(up)) for job, up in sorted(jobs.items())],
            "start": clock(span.start),
            "end": clock(span.end),
            "step": f"{digits(span.step)} s",
        },
    )


def clock(seconds: float) -> str:
    """A time as a person reads it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    run(main)
