"""The committed dashboards are what the code makes, and name what is there."""

import json
import re
import subprocess
from dataclasses import fields

import pytest
import yaml

from infra.grafana.boards import quality
from infra.grafana.build import BOARDS, FOLDER, main
from movierec.dataset.quality import Validate
from tests.infra.grafana.dashboards import DOCUMENTS, expressions, panels
from tests.infra.prometheus.test_monitoring import our_metrics

GRAFANA = FOLDER.parent
METRIC = re.compile(r"\b((?:collector|flask|movierec|node|process)_\w+)\b")
PANELS = {f"{name}/{panel['title']}": (name, panel) for name, panel in panels()}
EXPRESSIONS = expressions()


def test_the_committed_files_are_what_the_code_makes(tmp_path) -> None:
    assert main(["--output", str(tmp_path)]) == 0
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert committed == made, "python -m infra.grafana.build"


def test_measures_with_a_least_value_are_those_that_have_one_in_the_parameters() -> None:
    """Ten times the least would look ten times too much beside measures with a greatest value."""
    named = [field.name for field in fields(Validate)]
    least = {name.removeprefix("min_") for name in named if name.startswith("min_")}
    assert set(quality.MINIMA) == least


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_an_expression_names_metrics_that_exist(expression: str) -> None:
    ours = {name for name in METRIC.findall(expression) if not name.startswith("node_")}
    assert ours <= our_metrics()


@pytest.mark.parametrize(("name", "panel"), PANELS.values(), ids=PANELS)
def test_a_panel_says_what_it_shows(name: str, panel: dict) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(target["legendFormat"] for target in panel["targets"])


def test_few_panels_may_be_empty_and_those_say_why() -> None:
    reasons = [p["fieldConfig"]["defaults"].get("noValue", "") for _, p in panels()]
    assert all(reason.endswith(".") for reason in reasons if reason)
    assert 0 < sum(map(bool, reasons)) <= 13


def test_the_runbooks_that_a_panel_links_are_of_alerts_that_exist() -> None:
    groups = yaml.safe_load((GRAFANA.parent / "prometheus/alerts.yml").read_text())["groups"]
    alerts = {rule.get("alert") for group in groups for rule in group["rules"]}
    links = [link for _, panel in panels() for link in panel["links"]]
    assert {link["title"].removeprefix("Runbook: ") for link in links} <= alerts
    for link in links:
        assert link["url"] == "${runbooks}#" + link["title"].removeprefix("Runbook: ").lower()


@pytest.mark.parametrize(("name", "panel"), PANELS.values(), ids=PANELS)
def test_what_a_query_leaves_to_the_reader_can_be_chosen(name: str, panel: dict) -> None:
    choices = {one["name"] for one in DOCUMENTS[name]["templating"]["list"]}
    text = json.dumps([panel["targets"], panel["links"]])
    assert set(re.findall(r"\$\{?(\w+)", text)) <= choices | {"__rate_interval"}


@pytest.mark.parametrize("name", BOARDS)
def test_titles_and_ids_are_told_apart_and_rows_are_full(name: str) -> None:
    found = [panel for panel in DOCUMENTS[name]["panels"] if panel["type"] != "row"]
    assert len({panel["title"] for panel in found}) == len(found)
    assert len({panel["id"] for panel in DOCUMENTS[name]["panels"]}) == len(
        DOCUMENTS[name]["panels"]
    )
    widths: dict[int, int] = {}
    for panel in found:
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(widths.values()) == {24}


def test_provisioning_names_the_source_and_the_folder_that_are_there() -> None:
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    named = set(re.findall(r'"uid": "(\w+)"', "".join(map(json.dumps, DOCUMENTS.values()))))
    assert named == {source["uid"]}
    prometheus = yaml.safe_load((GRAFANA.parent / "prometheus/prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/movierec.yaml").read_text())[
        "providers"
    ]
    compose = yaml.safe_load((GRAFANA.parent / "compose.yaml").read_text())["services"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["grafana"]["volumes"]


@pytest.mark.slow
def test_prometheus_own_tool_parses_every_expression(tmp_path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(EXPRESSIONS.values())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(EXPRESSIONS)} rules found" in done.stdout
