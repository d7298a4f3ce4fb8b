"""The service as a program: a real one on a free port, with a saved model."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry

from infra.processes import answers_ok, die_with_parent, free_port
from serve.http.limits import Limits
from serve.metrics import DEADLINE_MS
from serve.service import __main__ as program
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.brokers.embedded import embedded_broker, held, send
from tests.inputs.models import SmallLoaded, saved_model
from tests.serve.test_links import docker, kubernetes

ROOT = Path(__file__).parents[3]
SECONDS = 60.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved model, made of chance."""
    return saved_model(tmp_path_factory.mktemp("models") / "svd")


class Service:
    """A service in a process of its own."""

    def __init__(self, log: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = log
        given = {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": str(self.port), **settings}
        ours = ("KAFKA_", "SERVICE_", "COLLECTOR_")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serve.service"],
                cwd=ROOT,
                env={**inherited, **given},
                stdout=file,
                stderr=file,
                preexec_fn=die_with_parent,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not answers_ok(f"http://127.0.0.1:{self.port}/readyz"):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def get(self, path: str) -> str:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.read().decode()

    def end(self) -> tuple[int, str]:
        """Wait for its end; the status and what it said."""
        status = self.process.wait(SECONDS)
        return status, self.log.read_text()


@contextlib.contextmanager
def running(log: Path, **settings: str) -> Iterator[Service]:
    service = Service(log, **settings)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.wait()


def test_it_answers_logs_follows_and_ends_well_at_sigterm(model: Path, tmp_path: Path) -> None:
    with (
        embedded_broker(tmp_path) as address,
        running(
            tmp_path / "log",
            SERVICE_MODEL_DIR=str(model),
            SERVICE_MODEL_VERSION="svd@v9",
            SERVICE_HISTORY="on",
            KAFKA_BOOTSTRAP_SERVERS=address,
        ) as service,
    ):
        service.wait_until_ready()
        best = service.get("/recommend/3").split(",")[0]
        watch = f"2026-11-01T19:03:07.250,3,GET /data/m/{best}/1.mpg".encode()
        deadline, answers = time.monotonic() + SECONDS, 1
        while best in service.get("/recommend/3").split(","):  # until the watch is known
            assert time.monotonic() < deadline
            send(address, "movielog", [watch])
            time.sleep(0.1)
            answers += 1
        answers += 1
        service.process.send_signal(signal.SIGTERM)
        status, said = service.end()
        lines = [json.loads(kept.line) for kept in held(address, "served")]
    assert status == 0, said
    events = [json.loads(line) for line in said.splitlines()]  # each line is JSON
    assert {"event": "served log closed", "unsent": 0}.items() <= next(
        event.items() for event in events if event["event"] == "served log closed"
    )
    ours = [event for event in events if event["logger"] == "serve.service"]
    assert [event["event"] for event in ours] == ["model loaded", "listening", "stopped"]
    assert (ours[0]["folder"], ours[0]["hash"]) == (str(model), "h")
    assert (ours[1]["host"], ours[1]["port"]) == ("127.0.0.1", service.port)
    assert len({line["request_id"] for line in lines}) == answers
    assert {(line["v"], line["user"], line["model"]) for line in lines} == {(1, 3, "svd@v9")}


def test_without_a_broker_it_serves_alone(model: Path, tmp_path: Path) -> None:
    there = {**kubernetes("collector"), **docker("service"), **docker("kafka")}
    del there["SERVICE_PORT"]  # a pod that says its own goes before
    given = {"SERVICE_MODEL_DIR": str(model), "SERVICE_QUEUE": "2"}
    with running(tmp_path / "log", **there, **given) as service:
        service.wait_until_ready()
        assert len(service.get("/recommend/1").split(",")) == 20
        assert '"model":"svd@unreleased"' in service.get("/version").replace(" ", "")
        with socket.create_connection(("127.0.0.1", service.port)) as silent:  # keeps nobody busy
            assert service.get("/healthz") == "ok"
            silent.close()
        service.process.send_signal(signal.SIGTERM)
        status, said = service.end()
    assert status == 0, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_stops_it_while_the_model_is_coming_need_not_wait(
    number: int, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with (
        running(tmp_path / "log", SERVICE_MODEL_DIR=str(tmp_path)) as service,
        (tmp_path / "manifest.json").open("wb"),  # when it has come to read it
    ):
        service.process.send_signal(number)
        status, said = service.end()
    assert status == 0, said
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["stopped"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "SERVICE_MODEL_DIR is not set: set it to the folder of a model"),
        ({"SERVICE_MODEL_DIR": "/no/such"}, "/no/such"),
        ({"SERVICE_MODEL_DIR": "m", "SERVICE_QUEU": "2"}, "did you mean SERVICE_QUEUE?"),
        ({"SERVICE_MODEL_DIR": "m", "SERVICE_PORT": "{taken}"}, "SERVICE_PORT {taken}"),
    ],
    ids=["no-model", "no-folder", "misspelt", "port-taken"],
)
def test_what_keeps_it_from_starting_is_one_line_and_status_2(
    settings: dict[str, str], message: str, tmp_path: Path
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = str(listener.getsockname()[1])
        settings = {name: text.format(taken=taken) for name, text in settings.items()}
        with running(tmp_path / "log", **settings) as service:
            status, said = service.end()
    assert status == 2, said
    assert len(said.splitlines()) == 1
    assert said.startswith("error: ") and message.format(taken=taken) in said


def test_the_server_has_the_limits_of_the_settings_and_counts_what_it_refuses(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the deadline is for the queue; probes and metrics are asked by those who restart us."""
    made: list[tuple[Limits, Callable[[str], None]]] = []

    class Idle:
        def __init__(self, app: Flask, _: Any, limits: Limits, refused: Any, beat: Any) -> None:
            made.append((limits, refused))

        def run(self) -> None:
            refused = made[0][1]
            refused("slow")

    monkeypatch.setattr(program, "Server", Idle)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    registry = CollectorRegistry()
    limited = replace(settings, connections=50, in_flight=3, queue=7)
    app = create_app(limited, SmallLoaded(), registry=registry)
    with socket.socket() as listener:
        program.serve(limited, app, listener)
    limits = made[0][0]
    assert (limits.in_flight, limits.connections, limits.queue) == (3, 50, 7)
    assert limits.wait_seconds == DEADLINE_MS / 1000 / 2
    assert limits.spared == {"/healthz", "/readyz", "/metrics"}
    refusals = registry.get_sample_value("movierec_http_refusals_total", {"reason": "slow"})
    assert refusals == 1
