"""Steps 6 and 7: both models answer, simulated users live with them, the truth is counted."""

import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from infra.demo.converted import conversions
from infra.demo.history import SEED, kafka_environment
from infra.demo.report import step
from infra.demo.training import MODELS
from infra.processes import Processes, answers_ok, free_port
from movierec.files import read_json

LIVE_SECONDS = 30
PROVENANCE = ["X-Model", "X-Answer-Tier", "X-Data-Hash", "X-Git-Commit"]


def serve(root: Path, commit: str, address: str, processes: Processes) -> dict[str, str]:
    """Start one service a model; returns model → base URL once both are ready."""
    ports = {model: free_port() for model in MODELS}
    return start_services("serve", root / "models", commit, address, ports, processes)


def start_services(
    name: str,
    models: Path,
    commit: str,
    address: str,
    ports: Mapping[str, int],
    processes: Processes,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, str]:
    """Start a service a model, at its port, as a process `<name>-<model>`; `more` are settings of
    each. Returns model → base URL once all are ready."""
    urls = {model: url_of(port) for model, port in ports.items()}
    for model, port in ports.items():
        settings = {
            "SERVICE_MODEL_DIR": str(models / model),
            "SERVICE_MODEL_VERSION": f"{model}@demo",
            "SERVICE_GIT_COMMIT": commit,
            "SERVICE_HOST": "127.0.0.1",
            "SERVICE_PORT": str(port),
            **kafka_environment(address),
            **(more or {}).get(model, {}),
        }
        processes.start(f"{name}-{model}", [sys.executable, "-m", "serve.service"], settings)
    for model, url in urls.items():
        processes.wait_until(f"{name}-{model}", partial(answers_ok, f"{url}/readyz"))
    return urls


def url_of(port: int) -> str:
    """Where a service of the demo answers."""
    return f"http://127.0.0.1:{port}"


def ask(urls: dict[str, str], known: int, processes: Processes) -> None:
    """Step 6: a known, a new and a malformed user, each asked of both models."""
    with step(6, "serve", "both models answer, with their provenance") as current:
        for url in urls.values():
            current.say(url)
        for user in [str(known), "999999999", "not-a-number"]:
            current.say(f"GET /recommend/{user}")
            for model, url in urls.items():
                status, body, headers = get(f"{url}/recommend/{user}")
                current.say(f"  {MODELS[model]:<6} {status}  {_shorten(body)}")
                provenance = [
                    f"{name}: {_shorten(headers[name], 13)}"
                    for name in PROVENANCE
                    if name in headers
                ]
                if provenance:
                    current.say(f"         {'  '.join(provenance)}")


def get(url: str) -> tuple[int, str, Any]:
    """Status, body and headers of a GET, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode().strip(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip(), error.headers


def live(work: Path, urls: dict[str, str], address: str, processes: Processes) -> None:
    """Step 7: users live against the services; what they did is collected and evaluated."""
    store = work / "live"
    shutil.rmtree(store, ignore_errors=True)
    with step(7, "live", f"simulated users for {LIVE_SECONDS} s, by HTTP and Kafka") as current:
        processes.start(
            "collector",
            [sys.executable, "-m", "serve.collector", "--store", str(store)],
            {**kafka_environment(address), "COLLECTOR_METRICS_PORT": str(free_port())},
        )
        command = [sys.executable, "-m", "infra.simulator.live", "--bootstrap", address]
        command += ["--seconds", str(LIVE_SECONDS), "--seed", str(SEED)]
        for model, url in urls.items():
            command += ["--service", f"{model}={url}"]
        summary = json.loads(processes.run("users", command).splitlines()[-1])
        current.say(
            f"{summary['requests']:,} requests, {summary['watches']:,} watch lines, "
            f"{summary['ratings']:,} ratings"
        )
        for model in MODELS:
            processes.stop(f"serve-{model}")  # flushes the served log
        processes.stop("collector")  # flushes what it has read
        report = work / "online.json"
        command = [sys.executable, "stages/online_open.py", "--store", str(store)]
        processes.run("online", [*command, "--report", str(report)])
        current.say(conversions(read_json(report, "see .demo/logs")))


def _shorten(body: str, width: int = 88) -> str:
    return body if len(body) <= width else body[: width - 1] + "…"
