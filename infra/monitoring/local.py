"""Debian's Prometheus, Alertmanager and node-exporter on free ports, by our files."""

import json
import os
import shutil
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from infra.monitoring.configs import alertmanager_config, prometheus_config, write_rules
from infra.monitoring.pace import Pace
from infra.processes import Processes, answers_ok, free_port
from movierec.errors import Unavailable

PROGRAMS = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
START_SECONDS = 120.0
NODE = "node-exporter:9100"
"""As prometheus.yml names it."""


class Monitoring:
    """The three, in a folder of their own."""

    def __init__(self, folder: Path, processes: Processes, pace: Pace) -> None:
        self.folder = folder
        self.processes = processes
        self.pace = pace
        self.textfiles = folder / "textfiles"
        """What the batch side hands over is written there."""
        self.prometheus = self.alertmanager = self.node = ""
        """host:port of each, once it runs."""

    def start(
        self, targets: Mapping[str, str], secrets: Mapping[str, str], node: Sequence[str] = ()
    ) -> None:
        """Start them and wait until they answer.

        targets: as prometheus.yml names one → host:port. secrets: name of a file → what is in it.
        node: options of node-exporter. Raises Unavailable where one is not installed.
        """
        if missing := [name for name in PROGRAMS if not shutil.which(name)]:
            raise Unavailable(f"{', '.join(missing)}: not installed; infra/ci/debian.sh brings it")
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("secrets", "rules", "textfiles"):
            (self.folder / name).mkdir(parents=True)
        for name, text in secrets.items():
            (self.folder / "secrets" / name).write_text(text)
        self.alertmanager, self.prometheus, self.node = (
            f"127.0.0.1:{free_port()}" for _ in PROGRAMS
        )
        self._start_node(node)
        self._start_alertmanager()
        self._start_prometheus({**targets, NODE: self.node})

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an instant query: `metric` (labels) and `value` [time, text]."""
        asked = urllib.parse.urlencode({"query": expression})
        document = self._get(f"http://{self.prometheus}/api/v1/query?{asked}")
        result: list[dict[str, Any]] = document["data"]["result"]
        return result

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        alerts = self._get(f"http://{self.prometheus}/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def up(self) -> set[str]:
        """The targets whose last scrape went well, as prometheus.yml names them."""
        return {sample["metric"]["instance"] for sample in self.query("up == 1")}

    def _get(self, url: str) -> Any:
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)

    def _start_node(self, options: Sequence[str]) -> None:
        command = [PROGRAMS[2], f"--web.listen-address={self.node}"]
        command += [f"--collector.textfile.directory={self.textfiles}", *options]
        self.processes.start("node-exporter", command)
        self._await("node-exporter", f"http://{self.node}/metrics")

    def _start_alertmanager(self) -> None:
        config = self.folder / "alertmanager.yml"
        config.write_text(alertmanager_config(self.folder / "secrets", self.pace))
        command = [PROGRAMS[1], f"--config.file={config}", "--cluster.listen-address="]
        command += [f"--web.listen-address={self.alertmanager}"]
        command += [f"--storage.path={self.folder / 'alertmanager'}"]
        self.processes.start("alertmanager", command)
        self._await("alertmanager", f"http://{self.alertmanager}/-/ready")

    def _start_prometheus(self, targets: Mapping[str, str]) -> None:
        write_rules(self.folder / "rules", self.pace)
        config = self.folder / "prometheus.yml"
        config.write_text(
            prometheus_config(self.folder / "rules", targets, self.alertmanager, self.pace)
        )
        command = [PROGRAMS[0], f"--config.file={config}"]
        command += [f"--web.listen-address={self.prometheus}"]
        command += [f"--storage.tsdb.path={self.folder / 'prometheus'}"]
        command += [f"--rules.alert.resend-delay={self.pace.duration('1m')}"]  # as by default
        self.processes.start("prometheus", command)
        self._await("prometheus", f"http://{self.prometheus}/-/ready")

    def _await(self, name: str, url: str) -> None:
        self.processes.wait_until(name, partial(answers_ok, url), START_SECONDS)


def mounted_elsewhere(folder: Path) -> str:
    """A regular expression of this machine's mount points but `folder`: what node-exporter is to
    leave out where only that disk is looked at."""
    mounts = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()}
    others = sorted(mounts - {os.fspath(folder)})
    return (
        "^(" + "|".join(mount.replace("\\", "\\\\").replace(".", "\\.") for mount in others) + ")$"
    )
