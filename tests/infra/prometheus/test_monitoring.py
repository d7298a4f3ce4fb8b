"""Compose, Prometheus, Alertmanager name what is there; their own tools agree."""

import re
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
import yaml
from prometheus_client import CollectorRegistry

from serve.metrics import CollectorMetrics, ServiceMetrics
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs.models import SmallLoaded

HERE = Path(__file__).resolve().parent
INFRA = HERE.parents[2] / "infra"
CASES = yaml.safe_load((HERE / "alerts_test.yml").read_text())["tests"]
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text())
ALERTS = yaml.safe_load((INFRA / "prometheus/alerts.yml").read_text())
METRIC = re.compile(r"\b((?:collector|movierec|process)_[a-z_]+)\b")


def our_metrics() -> set[str]:
    """Every name under which our programs give a sample, or could."""
    router = set(re.findall(r"# TYPE (\w+)", (INFRA / "router/routing.js").read_text()))
    return names_of(CollectorMetrics) | names_of(ServiceMetrics) | router


def names_of(metrics: type) -> set[str]:
    registry = CollectorRegistry()
    metrics(registry)
    names = set()
    for metric in registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        names |= {metric.name + end for end in suffixes.get(metric.type, [""])}
    return names


def expressions() -> list[str]:
    return [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("expression", expressions())
def test_rules_name_metrics_that_exist(expression: str) -> None:
    assert set(METRIC.findall(expression)) <= our_metrics()


@pytest.mark.parametrize("metrics", [CollectorMetrics, ServiceMetrics])
def test_every_program_tells_its_memory(metrics: type) -> None:
    assert "process_resident_memory_bytes" in names_of(metrics)


def test_every_alert_says_what_and_where() -> None:
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            assert {"summary", "description"} <= set(rule["annotations"]), rule["alert"]
            assert rule["labels"]["severity"] in ("page", "ticket")


@pytest.mark.parametrize("alert", [rule["alert"] for g in ALERTS["groups"] for rule in g["rules"]])
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert: str) -> None:
    cases = [case for group in CASES for case in group["alert_rule_test"]]
    fires = {bool(case["exp_alerts"]) for case in cases if case["alertname"] == alert}
    assert fires == {True, False}
    named = [group for group in CASES if group["name"].startswith(f"{alert}, ")]
    assert any(case["alertname"] == alert for group in named for case in group["alert_rule_test"])


def test_a_failed_answer_is_counted_under_the_labels_that_the_alert_reads(tmp_path: Path) -> None:
    class Broken(SmallLoaded):
        def seen_of(self, u: int) -> NoReturn:
            raise RuntimeError

    registry = CollectorRegistry()
    settings = ServiceSettings(tmp_path, model_version="svd@v1.4.0", git_commit="c0ffee")
    client = create_app(settings, Broken(), registry=registry).test_client()
    assert client.get("/recommend/4").status_code == 500
    [expression] = [rule["expr"] for g in ALERTS["groups"] for rule in g["rules"]
                    if rule["alert"] == "AnswersFail"]  # fmt: skip
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
        ["promtool", "test", "rules", "../tests/infra/prometheus/alerts_test.yml"],
        ["amtool", "check-config", "alertmanager/alertmanager.yml"],
    ],
    ids=lambda command: command[-1],
)
def test_their_own_tools_accept_the_files(command: list[str]) -> None:
    done = subprocess.run(command, cwd=INFRA, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
