"""The collector's port: metrics for Prometheus, health for whoever restarts it."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from infra.processes import free_port
from movierec.errors import Unavailable
from serve.collector.http import LIMITS, serve_metrics

FACTS: dict[str, Any] = {"healthy": True, "partitions": 3}


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("lines", "Lines.", registry=registry).inc(3)
    return registry


@pytest.fixture
def address(registry: CollectorRegistry) -> Iterator[str]:
    port = free_port()
    server = serve_metrics("127.0.0.1", port, registry, lambda: FACTS)
    yield f"http://127.0.0.1:{port}"
    server.stop()


def test_the_metrics_are_those_of_the_registry(address: str, registry: CollectorRegistry) -> None:
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert answer.read() == generate_latest(registry)


def test_health_is_a_status_and_the_facts(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with urllib.request.urlopen(f"{address}/healthz") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert (answer.status, json.load(answer)) == (200, FACTS)
    monkeypatch.setitem(FACTS, "healthy", False)
    with pytest.raises(urllib.error.HTTPError) as failed:
        urllib.request.urlopen(f"{address}/healthz")
    assert failed.value.code == 503
    assert json.load(failed.value)["healthy"] is False


def test_a_collector_that_ends_does_not_wait_for_who_asks(address: str) -> None:
    assert {t.daemon for t in threading.enumerate() if t.name == "metrics"} == {True}


def test_another_path_says_what_there_is(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as failed:
        urllib.request.urlopen(f"{address}/else")
    assert failed.value.code == 404
    assert failed.value.headers["Content-Type"].startswith("text/plain")
    assert failed.value.read() == b"try /metrics or /healthz\n"


def test_a_port_in_use_is_named(registry: CollectorRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"COLLECTOR_METRICS_PORT {port} .*in use"):
            serve_metrics("127.0.0.1", port, registry, lambda: FACTS)


def test_who_asks_for_health_is_answered_however_many_ask_for_metrics() -> None:
    assert LIMITS.spared == {"/healthz"}
    assert LIMITS.queue < LIMITS.connections  # else nobody would ever be refused
