"""What /metrics says, line by line; and that the deadline is one number everywhere."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from infra.router.settings import RouterSettings
from serve.metrics import DEADLINE_MS, LATENCY_BUCKETS, CollectorMetrics, ServiceMetrics
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs.models import SmallLoaded

ROOT = Path(__file__).parents[2]


def value(registry, name, **labels):
    return registry.get_sample_value(name, labels)


def test_the_exposition_parses_and_tells_what_answers(client):
    for path in ["/recommend/4", "/recommend/4", "/recommend/999999999", "/recommend/x"]:
        client.get(path)
    lines = client.get("/metrics").text.splitlines()
    assert list(text_string_to_metric_families("\n".join(lines) + "\n"))
    assert (
        'movierec_model_info{arm="svd",data_hash="' + "d" * 64 + '",git_commit="c0ffee",'
        'kind="svd",model="svd@v1.4.0"} 1.0'
    ) in lines
    assert 'movierec_answers_total{tier="model"} 2.0' in lines
    assert 'movierec_answers_total{tier="popular"} 1.0' in lines
    assert 'movierec_answers_total{tier="fold-in"} 0.0' in lines
    assert 'movierec_served_log_lines_total{outcome="queue-full"} 0.0' in lines
    assert (
        'flask_http_request_duration_seconds_bucket{le="0.6",method="GET",status="200",'
        'url_rule="/recommend/<userid>"} 3.0'
    ) in lines
    assert (
        'flask_http_request_duration_seconds_count{method="GET",status="400",'
        'url_rule="/recommend/<userid>"} 1.0'
    ) in lines


def test_the_age_of_the_models_data_is_told_when_it_is_known(tmp_path):
    for day, time in (("2026-11-03", 1793750400), (None, None)):  # 2026-11-04T00:00Z
        registry = CollectorRegistry()
        settings = ServiceSettings(tmp_path, model_version="svd@v1.4.0", data_day=day)
        create_app(settings, SmallLoaded(), registry=registry)
        labels = {"model": "svd@v1.4.0", "arm": "svd"}
        assert value(registry, "movierec_model_data_timestamp_seconds", **labels) == time


def test_no_request_can_make_labels_of_its_own(client, registry):
    before = {}
    for round_ in range(2):
        for n in range(50):
            client.get(f"/recommend/9{round_}{n}")
            client.get(f"/nothing/{round_}{n}")
            client.open("/recommend/1", method=f"M{round_}{n}")
        client.get("/recommend/x")
        series = {
            (sample.name, tuple(sorted(sample.labels.items())))
            for family in registry.collect()
            for sample in family.samples
        }
        if round_ == 0:
            before = series
    assert series == before
    assert not [labels for _, labels in series if "501" in dict(labels).values()]


def test_each_service_has_a_registry_of_its_own(settings, model):
    first, second = CollectorRegistry(), CollectorRegistry()
    one = create_app(settings, model, registry=first).test_client()
    create_app(settings, model, registry=second)
    one.get("/recommend/4")
    assert value(first, "movierec_answers_total", tier="model") == 1
    assert value(second, "movierec_answers_total", tier="model") == 0


@pytest.mark.parametrize("path", ["/metrics", "/metrics?name[]=movierec_model_info"])
def test_a_scrape_is_not_counted_as_a_request(client, registry, path):
    client.get(path)
    assert value(registry, "flask_http_request_total", method="GET", status="200") is None


@pytest.mark.parametrize("metrics", [ServiceMetrics, CollectorMetrics])
def test_all_of_a_program_s_metrics_are_in_the_registry_given_and_nowhere_else(metrics):
    shared = {metric.name for metric in REGISTRY.collect()}
    registry = CollectorRegistry()
    metrics(registry)
    ours = {metric.name for metric in registry.collect()}
    assert {"process_resident_memory_bytes", "process_open_fds"} <= ours
    assert {metric.name for metric in REGISTRY.collect()} == shared


@pytest.mark.parametrize("metrics", [ServiceMetrics, CollectorMetrics])
def test_every_help_text_is_a_sentence(metrics):
    registry = CollectorRegistry()
    metrics(registry)
    ours = [m for m in registry.collect() if not m.name.startswith("process_")]
    assert all(re.fullmatch(r"[A-Z0-9].*[^.]\.", metric.documentation) for metric in ours)


def test_what_alerts_watch_for_is_there_from_the_start():
    registry = CollectorRegistry()
    ServiceMetrics(registry)
    for tier in ("model", "fold-in", "popular"):
        assert value(registry, "movierec_answers_total", tier=tier) == 0
    for outcome in ("sent", "queue-full", "not-delivered", "unsent-at-stop"):
        assert value(registry, "movierec_served_log_lines_total", outcome=outcome) == 0


def deadline_ms():
    """The number's home."""
    return yaml.safe_load((ROOT / "params.yaml").read_text())["online"]["deadline_ms"]


def test_the_deadline_of_the_code_is_that_of_params_yaml():
    assert deadline_ms() == DEADLINE_MS
    assert DEADLINE_MS / 1000 in LATENCY_BUCKETS
    assert list(LATENCY_BUCKETS) == sorted(set(LATENCY_BUCKETS))


def test_an_alert_warns_before_the_deadline_and_names_it():
    groups = yaml.safe_load((ROOT / "infra/prometheus/alerts.yml").read_text())["groups"]
    [rule] = [r for group in groups for r in group["rules"] if r.get("alert") == "AnswersSlow"]
    assert f"gives up after {deadline_ms()} ms" in rule["annotations"]["description"]
    [limit] = re.findall(r"> ([0-9.]+)$", rule["expr"], re.MULTILINE)
    assert float(limit) in LATENCY_BUCKETS and float(limit) * 1000 < deadline_ms()


def test_the_router_s_deadline_is_that_of_params_yaml():
    assert RouterSettings().deadline_ms == deadline_ms()


def test_the_router_logs_paths_without_their_queries():
    text = (ROOT / "infra/router/nginx.conf").read_text()
    [(name, form)] = re.findall(r"log_format (\w+) (.*?);", text, re.S)
    logged = {line for line in re.findall("access_log (.*?);", text) if line != "off"}
    assert logged == {f"/dev/stdout {name} if=$logged"}
    variables = set(re.findall(r"\$(\w+)", form))
    assert not variables & {"request", "request_uri", "args", "query_string", "is_args"}


@pytest.mark.parametrize("metrics", [ServiceMetrics, CollectorMetrics])
def test_each_metric_has_a_name_of_its_own_in_the_program(metrics: Any) -> None:
    """An attribute that is set twice would count one thing as another."""
    registry = CollectorRegistry()
    held = {family.name for thing in vars(metrics(registry)).values() for family in _of(thing)}
    exposed = {family.name for family in registry.collect()}
    assert {name for name in exposed if not name.startswith("process_")} == held


def _of(thing: Any) -> Any:
    return thing.describe() if hasattr(thing, "describe") else ()


def test_an_answer_is_late_to_the_objective_when_a_site_has_given_up():
    groups = yaml.safe_load((ROOT / "infra/prometheus/alerts.yml").read_text())["groups"]
    late = [r["expr"] for g in groups for r in g["rules"] if ":late:" in r.get("record", "")]
    assert len(late) == 5
    for expression in late:
        assert re.findall(r'\ble="([^"]+)"', expression) == [str(DEADLINE_MS / 1000)]
