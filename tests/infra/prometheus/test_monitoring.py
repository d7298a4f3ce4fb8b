"""Compose, Prometheus, Alertmanager name what is there; their own tools agree."""

import re
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
import yaml
from prometheus_client import CollectorRegistry

from infra.prometheus.samples import METRICS
from infra.prometheus.suite import Suite, name_of
from serve.metrics import CollectorMetrics, ServiceMetrics
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs.models import SmallLoaded

HERE = Path(__file__).resolve().parent
INFRA = HERE.parents[2] / "infra"
SUITE = Suite(INFRA / "prometheus/alerts.yml", HERE / "alerts")
CASES = [
    test
    for path in sorted((HERE / "alerts").glob("*.yml"))
    for test in yaml.safe_load(path.read_text())["tests"]
]
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text())
ALERTS = yaml.safe_load((INFRA / "prometheus/alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
NAMES = sorted({rule["alert"] for rule in RULES if "alert" in rule})
METRIC = re.compile(r"\b((?:collector|movierec|process)_[a-z_]+)\b")


def our_metrics() -> set[str]:
    """Every name under which our programs give a sample, or could."""
    router = set(re.findall(r"# TYPE (\w+)", (INFRA / "router/routing.js").read_text()))
    return names_of(CollectorMetrics) | names_of(ServiceMetrics) | router | set(METRICS)


def names_of(metrics: type) -> set[str]:
    registry = CollectorRegistry()
    metrics(registry)
    names = set()
    for metric in registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        names |= {metric.name + end for end in suffixes.get(metric.type, [""])}
    return names


def expressions() -> list[str]:
    return [rule["expr"] for rule in RULES]


@pytest.mark.parametrize("expression", expressions())
def test_rules_name_metrics_that_exist(expression: str) -> None:
    assert set(METRIC.findall(expression)) <= our_metrics()


@pytest.mark.parametrize("metrics", [CollectorMetrics, ServiceMetrics])
def test_every_program_tells_its_memory(metrics: type) -> None:
    assert "process_resident_memory_bytes" in names_of(metrics)


def test_every_alert_says_what_and_where_and_its_runbook_is_there() -> None:
    page = (INFRA / "prometheus/README.md").read_text()
    for rule in (rule for rule in RULES if "alert" in rule):
        name, told = rule["alert"], rule["annotations"]
        assert set(told) == {"summary", "description", "runbook"}, name
        assert told["runbook"] == f"infra/prometheus/README.md#{name.lower()}"
        [row] = re.findall(rf"^\| \[{name}\]\(#{name.lower()}\) \| (.*) \|$", page, re.M)
        assert rule["labels"]["severity"] in row, name
        section = re.search(rf"^### {name}\n\n(.+?)(?=\n#|\Z)", page, re.M | re.S)
        assert section, name
        assert len(section[1].split()) > 15, name
    assert re.findall(r"^### (\w+)$", page, re.M) == list(
        dict.fromkeys(rule["alert"] for rule in RULES if "alert" in rule)
    )


def test_a_runbook_that_rolls_back_by_hand_hands_over_then() -> None:
    page = (INFRA / "prometheus/README.md").read_text()
    _, *runbooks = re.split(r"^### ", page[page.index("## Runbooks") :], flags=re.M)
    rolls = [
        text
        for text in runbooks
        if re.search(r"infra\.release rollback\b|rolled back by hand", text)
    ]
    assert len(rolls) > 3
    for text in rolls:
        assert "](#after-a-rollback-by-hand)" in text, text


@pytest.mark.parametrize("alert", NAMES)
def test_every_alert_fires_in_a_case_is_quiet_in_another_and_resolves(alert: str) -> None:
    cases = [case for test in CASES for case in test.get("alert_rule_test", [])]
    fires = {bool(case["exp_alerts"]) for case in cases if case["alertname"] == alert}
    if alert == "Watchdog":
        assert fires == {True}
        return
    assert fires == {True, False}
    told = [
        [bool(c["exp_alerts"]) for c in test["alert_rule_test"] if c["alertname"] == alert]
        for test in CASES
        if test["name"].startswith(f"{alert}, ")
    ]
    assert any(
        True in of and of[-1] is False and of.index(True) < len(of) - 1 and of[0] is False
        for of in told
    ), "in one test it is quiet, fires, and is quiet again"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(RULES)), ids=lambda n: name_of(RULES[n]))
def test_promtool_s_tests_of_a_rule_pass(number: int) -> None:
    assert SUITE.passes(number)


def test_a_failed_answer_is_counted_under_the_labels_that_the_alert_reads(tmp_path: Path) -> None:
    class Broken(SmallLoaded):
        def seen_of(self, u: int) -> NoReturn:
            raise RuntimeError

    registry = CollectorRegistry()
    settings = ServiceSettings(tmp_path, model_version="svd@v1.4.0", git_commit="c0ffee")
    client = create_app(settings, Broken(), registry=registry).test_client()
    assert client.get("/recommend/4").status_code == 500
    [expression] = [rule["expr"] for rule in RULES if rule.get("alert") == "AnswersFail"]
    [(name, rule)] = set(re.findall(r'(flask_\w+){url_rule="([^"]+)"', expression))
    labels = {"method": "GET", "status": "500", "url_rule": rule}
    assert registry.get_sample_value(name, labels) == 1


def test_compose_mounts_what_is_there_and_builds_nothing() -> None:
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (INFRA / source).exists(), f"{name} mounts {source}"
        assert "build" not in service, f"{name}: make image-dev builds"


def test_what_prometheus_scrapes_is_a_service_of_compose() -> None:
    config = yaml.safe_load((INFRA / "prometheus/prometheus.yml").read_text())
    targets = [t for job in config["scrape_configs"] for t in job["static_configs"][0]["targets"]]
    assert {target.split(":")[0] for target in targets} <= set(COMPOSE["services"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["promtool", "check", "config", "--syntax-only", "prometheus/prometheus.yml"],
        ["promtool", "check", "rules", "prometheus/alerts.yml"],
        ["promtool", "test", "rules", "../tests/infra/prometheus/alerts/objectives.yml"],
        ["amtool", "check-config", "alertmanager/alertmanager.yml"],
    ],
    ids=lambda command: command[-1],
)
def test_their_own_tools_accept_the_files(command: list[str]) -> None:
    done = subprocess.run(command, cwd=INFRA, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
