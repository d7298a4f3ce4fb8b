"""A board as Grafana reads it: JSON by Grafana's own builders."""

import json
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard

from infra.grafana.panel import Board, Choice, Panel

SOURCE = common.DataSourceRef(type_val="prometheus", uid="prometheus")
"""As provisioning/datasources names it."""
TAG = "movierec"
RUNBOOKS = "https://git.example.org/movierec/src/branch/master/infra/prometheus/README.md"
"""Where one reads the runbooks: the field `Runbooks` at the top of each dashboard takes another."""
HEIGHT, NUMBER_HEIGHT = 8, 4
LIMIT_COLOUR = "red"
DASHED = dashboard.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [2, 6]})


def text_of(board: Board) -> str:
    """The JSON of a board: the same bytes for the same board."""
    made = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags([TAG])
        .timezone("utc")
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .links([_to_other_boards(), _link("Runbooks", "${runbooks}")])
        .variables([*map(_variable, board.choices), _runbooks()])
        .annotation(_alerts())
    )
    numbers = iter(range(1, 1000))
    for row in board.rows:
        made = made.with_row(builders.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            made = made.with_panel(_panel(panel).id(next(numbers)))
    document = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    _name_alerts(document)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _variable(choice: Choice) -> builders.QueryVariable:
    """A list of a label's values: one, several, or all of them, which is the start."""
    return (
        builders.QueryVariable(choice.name)
        .label(choice.title)
        .datasource(SOURCE)
        .query(f"label_values({choice.metric}, {choice.label})")
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(dashboard.VariableOption(text="All", value="$__all", selected=True))
    )


def _runbooks() -> builders.TextBoxVariable:
    return builders.TextBoxVariable("runbooks").label("Runbooks").default_value(RUNBOOKS)


def _to_other_boards() -> builders.DashboardLink:
    return (
        builders.DashboardLink("Dashboards")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
    )


def _link(title: str, url: str) -> builders.DashboardLink:
    kind = dashboard.DashboardLinkType.LINK
    return builders.DashboardLink(title).type(kind).url(url).target_blank(True)


def _alerts() -> builders.AnnotationQuery:
    """A mark over every panel for as long as an alert fires."""
    return (
        builders.AnnotationQuery()
        .name("Alerts")
        .datasource(SOURCE)
        .enable(True)
        .icon_color(LIMIT_COLOUR)
        .expr('ALERTS{alertstate="firing",alertname!="Watchdog"}')
    )


def _name_alerts(document: dict[str, Any]) -> None:
    """What a mark says: keys of Prometheus' data source, which the builder does not have."""
    [mark] = [one for one in document["annotations"]["list"] if one["name"] == "Alerts"]
    mark |= {
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}} {{instance}}",
        "step": "30s",
    }


def _panel(panel: Panel) -> stat.Panel | timeseries.Panel:
    made = _number() if panel.number else _lines(panel)
    made = (
        made.title(panel.title)
        .description(panel.about)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(panel.width)
        .height(NUMBER_HEIGHT if panel.number else HEIGHT)
        .links([_link(f"Runbook: {one}", f"${{runbooks}}#{one.lower()}") for one in panel.alerts])
        .targets(list(_targets(panel)))
        .thresholds(_thresholds(panel.limit))
    )
    if panel.least is not None:
        made = made.min(panel.least)
    if panel.most is not None:
        made = made.max(panel.most)
    return made.no_value(panel.empty) if panel.empty else made


def _number() -> stat.Panel:
    return (
        stat.Panel()
        .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .graph_mode(common.BigValueGraphMode.AREA)
        .color_mode(common.BigValueColorMode.NONE)
    )


def _lines(panel: Panel) -> timeseries.Panel:
    legend = parts.VizLegendOptions().show_legend(True)
    legend = legend.display_mode(common.LegendDisplayMode.LIST)
    made = (
        timeseries.Panel()
        .axis_label(panel.axis)
        .line_width(1)
        .show_points(common.VisibilityMode.AUTO)
        .legend(legend.placement(common.LegendPlacement.BOTTOM))
        .tooltip(parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if panel.stacked:
        normal = parts.StackingConfig().mode(common.StackingMode.NORMAL)
        made = made.stacking(normal).fill_opacity(40)
    if panel.limit is not None:
        line = parts.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        made = made.thresholds_style(line)
    for number in range(len(panel.queries), len(panel.queries) + len(panel.bounds)):
        made = made.override_by_query(_name(number), [DASHED])
    return made


def _thresholds(limit: float | None) -> builders.ThresholdsConfig:
    """Green below, red from the limit on; without one, green."""
    steps = [dashboard.Threshold(color="green")]
    if limit is not None:
        steps.append(dashboard.Threshold(value=limit, color=LIMIT_COLOUR))
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _targets(panel: Panel) -> Iterator[Dataquery]:
    for number, (legend, expr) in enumerate([*panel.queries.items(), *panel.bounds.items()]):
        query = Dataquery().ref_id(_name(number)).datasource(SOURCE)
        yield query.expr(expr).legend_format(legend).range()


def _name(number: int) -> str:
    return chr(ord("A") + number)
