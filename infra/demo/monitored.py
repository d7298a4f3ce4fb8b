"""The loop as it runs for weeks, here on one machine: broker, both services, router, collector and
users, each of whose programs can be stopped, cut off and started again."""

import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from infra.demo.history import SEED, kafka_environment, start_broker
from infra.demo.living import start_services, url_of
from infra.processes import Processes, answers_ok, free_port
from movierec.errors import Unavailable

ROUTING = Path(__file__).resolve().parents[1] / "kubernetes/router/routing.json"
NJS = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
START_SECONDS = 120.0
FOR_EVER = str(10**7)
ARMS = ("svd", "svdpp")


class Loop:
    """Its programs, each at a port that it keeps when it is started again."""

    def __init__(
        self, folder: Path, models: Path, commit: str, processes: Processes, requests: float = 40.0
    ) -> None:
        """models: the folder of the packages `svd` and `svdpp`, made of the world of SEED.
        requests: of the users, a second."""
        self.folder = folder
        self.models = models
        self.commit = commit
        self.processes = processes
        self.requests = requests
        self.program = "serve.service"
        """Whose services are started."""
        self.data_day: str | None = None
        """The newest day that the packages were trained on, where that is known."""
        self.address = ""
        """Of the broker."""
        self.ports = {name: free_port() for name in (*ARMS, "router", "status", "collector")}

    @property
    def targets(self) -> dict[str, str]:
        """As prometheus.yml names a target → where it listens."""
        named = {f"{arm}:8080": arm for arm in ARMS}
        named |= {"router:8081": "status", "collector:9400": "collector"}
        return {target: f"127.0.0.1:{self.ports[name]}" for target, name in named.items()}

    def start(self) -> None:
        """Start all of it, in an empty folder. Raises Unavailable without nginx and njs."""
        if not (NJS.exists() and shutil.which("nginx", path=f"{os.defpath}:/usr/sbin")):
            raise Unavailable("nginx with njs: not installed; infra/ci/debian.sh brings it")
        self.address = start_broker(self.processes, self.folder)
        for arm in ARMS:
            self.start_model(arm)
        self._start_router()
        self.start_collector()
        self.start_users()

    def start_model(self, arm: str, data_day: str | None = None) -> None:
        """Start an arm's service, as if its package were of another day where one is named."""
        told = {"SERVICE_HISTORY": "on"}
        if day := data_day or self.data_day:
            told["SERVICE_DATA_DAY"] = day
        start_services(
            "serve",
            self.models,
            self.commit,
            self.address,
            {arm: self.ports[arm]},
            self.processes,
            {arm: told},
            self.program,
        )

    def stop_model(self, arm: str) -> None:
        """End an arm's service."""
        self.processes.stop(f"serve-{arm}")

    def start_collector(self) -> None:
        """Start it, and wait until it says how it is."""
        command = [sys.executable, "-m", "serve.collector", "--store", str(self.folder / "store")]
        port = self.ports["collector"]
        more = {"COLLECTOR_METRICS_PORT": str(port), "COLLECTOR_SEGMENT_SECONDS": "5"}
        self.processes.start("collector", command, kafka_environment(self.address) | more)
        ready = partial(answers_ok, f"{url_of(port)}/healthz")
        self.processes.wait_until("collector", ready, START_SECONDS)

    def stop_collector(self) -> None:
        """End it; what it has read is on disk."""
        self.processes.stop("collector")

    def start_users(self) -> None:
        """They ask the router, watch and rate."""
        command = [sys.executable, "-m", "infra.simulator.live", "--bootstrap", self.address]
        command += ["--seed", str(SEED), "--seconds", FOR_EVER]
        command += ["--requests-per-second", str(self.requests)]
        self.processes.start("users", [*command, "--router", url_of(self.ports["router"])])

    def cut(self) -> None:
        """The broker answers nobody any more."""
        self._tell_broker(signal.SIGSTOP)

    def mend(self) -> None:
        """It goes on where it was. Users whom it kept waiting for too long have left: others
        come."""
        self._tell_broker(signal.SIGCONT)
        if self.processes.running["users"].poll() is not None:
            self.processes.wait("users")
            self.start_users()

    def _tell_broker(self, number: signal.Signals) -> None:
        os.killpg(self.processes.running["broker"].pid, number)

    def _start_router(self) -> None:
        told = {
            "ROUTER_ARMS": ",".join(f"{arm}=127.0.0.1:{self.ports[arm]}" for arm in ARMS),
            "ROUTER_ROUTING": str(ROUTING),
            "ROUTER_FOLDER": str(self.folder / "router"),
            "ROUTER_HOST": "127.0.0.1",
            "ROUTER_PORT": str(self.ports["router"]),
            "ROUTER_STATUS_PORT": str(self.ports["status"]),
        }
        self.processes.start("router", [sys.executable, "-m", "infra.router.start"], told)
        ready = partial(answers_ok, f"{url_of(self.ports['router'])}/healthz")
        self.processes.wait_until("router", ready, START_SECONDS)
