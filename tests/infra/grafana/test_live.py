"""Every expression of every panel has data on the Prometheus of the running loop."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo.monitored import ARMS, Loop
from infra.grafana.asking import Prometheus, Span
from infra.grafana.boardfile import Drawn, read_dashboard
from infra.grafana.build import BOARDS, FOLDER
from infra.grafana.pictures import main
from infra.grafana.silences import Alertmanager
from infra.monitoring.local import Monitoring
from infra.monitoring.pace import Pace
from infra.processes import Processes
from tests.infra.grafana.test_build import METRIC
from tests.infra.prometheus.batch import begin
from tests.inputs.models import saved_model

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 180.0
PANELS = {
    f"{name}/{panel.title}": panel
    for name in BOARDS
    for _, row in read_dashboard(FOLDER / f"{name}.json", {"__rate_interval": "20s"}).rows
    for panel in row
}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    """The loop, the batch side's hand-over, and who scrapes them every second."""
    folder = tmp_path_factory.mktemp("live")
    for arm in ARMS:
        saved_model(folder / "models" / arm)
    with Processes(ROOT, folder / "logs") as processes:
        (folder / "loop").mkdir()
        loop = Loop(folder / "loop", folder / "models", "c0ffee", processes)
        loop.data_day = "2026-11-03"
        loop.start()
        monitoring = Monitoring(folder / "monitoring", processes, Pace(15))
        nobody = "http://127.0.0.1:9/"
        monitoring.start(loop.targets, {"slack_webhook": nobody, "watchdog_url": nobody})
        command = [sys.executable, "-m", "infra.prometheus.handover", "--outcome", "success"]
        command += ["--root", str(begin(folder / "project")), "--output", str(monitoring.textfiles)]
        subprocess.run(command, cwd=ROOT, check=True)
        yield monitoring


def unanswered(prometheus: Prometheus, panels: dict[str, Drawn]) -> dict[str, Drawn]:
    """The panels with a query that has no values in the last minute."""
    now = time.time()
    span = Span(now - 60, now, 5)
    return {
        name: panel
        for name, panel in panels.items()
        if not all(prometheus.range(target.expr, span) for target in panel.targets)
    }


def test_every_query_has_values_but_those_whose_panel_says_why_not(running: Monitoring) -> None:
    prometheus = Prometheus(f"http://{running.prometheus}")
    left = PANELS
    end = time.monotonic() + PATIENCE
    while {name for name, panel in left.items() if not panel.empty}:
        assert time.monotonic() < end, f"no values: {sorted(left)}"
        time.sleep(1)
        left = unanswered(prometheus, left)


def test_every_metric_of_a_query_is_one_that_prometheus_has(running: Monitoring) -> None:
    """What an empty panel asks for may not be there yet: our programs name it (test_build.py)."""
    url = f"http://{running.prometheus}/api/v1/label/__name__/values"
    with urllib.request.urlopen(url, timeout=60) as response:
        known = set(json.load(response)["data"])
    texts = [t.expr for panel in PANELS.values() if not panel.empty for t in panel.targets]
    assert set(METRIC.findall(" ".join(texts))) - known == set()


def test_what_alertmanager_silences_or_inhibits_is_called_so(
    running: Monitoring, tmp_path: Path
) -> None:
    """The loop's models are of long ago, which is silenced; of a burn, as our inhibit_rules say,
    the fast one stands for the slow one."""
    asked = Alertmanager(f"http://{running.alertmanager}")
    amtool = ["amtool", f"--alertmanager.url={asked.url}"]
    burn = [*amtool, "alert", "add", "alertname=AvailabilityBurn", "severity=page"]
    subprocess.run([*burn, "burn=fast"], check=True)
    subprocess.run([*burn, "burn=slow"], check=True)
    silence = [*amtool, "silence", "add", "--author=test", "--comment=old", "alertname=ModelStale"]
    subprocess.run([*silence, "--duration=1h"], check=True, capture_output=True)
    wanted = {("AvailabilityBurn", "inhibited"), ("ModelStale", "silenced")}
    end = time.monotonic() + PATIENCE
    while (found := {(of["alertname"], told) for of, told in asked.suppressed()}) != wanted:
        assert time.monotonic() < end, found
        time.sleep(1)
    page = tmp_path / "monitoring.html"
    assert main(["--prometheus", f"http://{running.prometheus}", "--output", str(page)]) == 0
    top = page.read_text().partition("<nav>")[0]
    rows = re.findall(r"<td>ModelStale</td><td>(\w+), ticket</td>", top)
    assert rows and set(rows) == {"silenced"}
    assert f"{len(rows)} silenced" in top


def test_the_page_shows_them(running: Monitoring, tmp_path: Path) -> None:
    page = tmp_path / "monitoring.html"
    assert main(["--prometheus", f"http://{running.prometheus}", "--output", str(page)]) == 0
    rightly = sum(bool(panel.empty) for panel in PANELS.values())
    assert page.read_text().count("No values.") <= rightly
