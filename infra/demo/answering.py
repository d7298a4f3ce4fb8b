"""The services of a release while users live with them; what they answered is collected."""

import json
import sys
from pathlib import Path

from infra.demo.history import SEED, kafka_environment, start_broker
from infra.demo.living import start_services
from infra.demo.report import Step
from infra.processes import Processes, free_port
from infra.repository import git
from movierec.models.kinds import KINDS


class Answering:
    """One log and one store for all releases that answer."""

    def __init__(self, processes: Processes, folder: Path, seconds: int) -> None:
        self.processes = processes
        self.folder = folder
        self.seconds = seconds
        self.address = ""

    @property
    def store(self) -> Path:
        """Where the collector keeps what was served."""
        return self.folder / "live"

    def live(self, current: Step, version: str) -> None:
        """Both models of a version, as the work tree has them, answer for a while."""
        if not self.address:
            self._begin()
        work = self.processes.root
        commit = git(work, "rev-parse", "HEAD").strip()
        ports = {kind: free_port() for kind in KINDS}
        named = {kind: {"SERVICE_MODEL_VERSION": f"{kind}@{version}"} for kind in KINDS}
        urls = start_services(
            "serve", work / "models", commit, self.address, ports, self.processes, named
        )
        command = [sys.executable, "-m", "infra.simulator.live", "--bootstrap", self.address]
        command += ["--seconds", str(self.seconds), "--seed", str(SEED)]
        for kind, url in urls.items():
            command += ["--service", f"{kind}={url}"]
        summary = json.loads(self.processes.run("users", command).splitlines()[-1])
        for kind in KINDS:
            self.processes.stop(f"serve-{kind}")  # flushes the served log
        models = ", ".join(f"{name} {count:,}" for name, count in summary["models"].items())
        current.note = f"{summary['requests']:,} requests, answers of {models}"

    def stop(self) -> None:
        """Let the collector write what it has read."""
        self.processes.stop("collector")
        self.processes.stop("broker")

    def _begin(self) -> None:
        self.address = start_broker(self.processes, self.folder)
        self.processes.start(
            "collector",
            [sys.executable, "-m", "serve.collector", "--store", str(self.store)],
            {**kafka_environment(self.address), "COLLECTOR_METRICS_PORT": str(free_port())},
        )
