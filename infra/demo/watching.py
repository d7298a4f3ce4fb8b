"""Those who watch the demo's loop, and what Slack would show, printed as it comes."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.demo.report import Step
from infra.monitoring.local import NODE, Monitoring
from infra.monitoring.pace import Pace
from infra.monitoring.webhook import SLACK, WATCHDOG, Message, Webhook
from infra.processes import Processes
from movierec.errors import Unavailable

PATIENCE_SECONDS = 1800.0
"""Of production: what is not said within it is not said."""
START_SECONDS = 120.0
KNOWN = {
    "ModelStale": "the days of the demo are of long ago",
    "HandoverLost": "a demo has not every report of a night",
}
"""What is true of a demo, whose runner knows: silenced, as one would in production."""


class Watching(contextlib.ExitStack):
    """Prometheus, Alertmanager, node-exporter and the webhook, in a `with`."""

    def __init__(self, folder: Path, processes: Processes, faster: float) -> None:
        super().__init__()
        self.folder = folder
        self.processes = processes
        self.pace = Pace(faster)
        self.monitoring = Monitoring(folder, processes, self.pace)
        self.webhook = self.enter_context(Webhook(self._print))
        self._began = self._since = time.monotonic()

    @property
    def url(self) -> str:
        """Prometheus' own."""
        return f"http://{self.monitoring.prometheus}"

    @property
    def minutes(self) -> float:
        """How long they have watched."""
        return (time.monotonic() - self._began) / 60

    def start(self, targets: Mapping[str, str], trained: Path, current: Step) -> None:
        """Start them and wait until all targets are scraped. `trained` is the project whose night
        is handed over."""
        secrets = {
            "slack_webhook": self.webhook.url(SLACK),
            "watchdog_url": self.webhook.url(WATCHDOG),
        }
        self.monitoring.start(targets, secrets)
        self._began = time.monotonic()
        command = [sys.executable, "-m", "infra.prometheus.handover", "--outcome", "success"]
        command += ["--root", str(trained), "--output", str(self.monitoring.textfiles)]
        self.processes.run("handover", command)
        for alert, why in KNOWN.items():
            self._silence(alert, why)
            current.say(f"silenced: {alert}, {why}")
        self._until("all targets are up", lambda: self.monitoring.up() == {*targets, NODE})
        current.say(f"Prometheus scrapes {', '.join(sorted({*targets, NODE}))}")
        self._until("the watchdog calls", lambda: bool(self.webhook.messages(WATCHDOG)))
        current.say("the watchdog calls: from the rules to the webhook all is well")

    def quiet(self, seconds: float) -> str:
        """Let time pass; says what came meanwhile."""
        before = {path: len(self.webhook.messages(path)) for path in (SLACK, WATCHDOG)}
        self._since = time.monotonic()
        time.sleep(seconds)
        said, calls = (len(self.webhook.messages(path)) - n for path, n in before.items())
        return f"messages to Slack: {said}, calls of the watchdog: {calls}"

    def fault(self, alert: str, act: Callable[[], None]) -> None:
        """Do something, and wait until Slack is told that an alert fires."""
        self._told("FIRING", alert, act)

    def over(self, alert: str, act: Callable[[], None]) -> None:
        """Undo it, and wait until Slack is told that it is over."""
        self._told("RESOLVED", alert, act)

    def _told(self, status: str, alert: str, act: Callable[[], None]) -> None:
        before = len(self.webhook.messages())
        self._since = time.monotonic()
        act()

        def told() -> bool:
            new = self.webhook.messages()[before:]
            return any((m.status, m.alert) == (status, alert) for m in new)

        self._until(f"{status} {alert}", told)

    def _silence(self, alert: str, why: str) -> None:
        address = f"--alertmanager.url=http://{self.monitoring.alertmanager}"
        command = ["amtool", address, "silence", "add", "--duration=1d", "--author=demo"]
        subprocess.run([*command, f"--comment={why}", f"alertname={alert}"],
                       check=True, capture_output=True)  # fmt: skip

    def _until(self, what: str, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS / self.pace.factor + START_SECONDS
        while not true():
            if time.monotonic() > end:
                raise Unavailable(f"{what}: not yet; the logs in .demo/logs may say why")
            time.sleep(0.1)

    def _print(self, message: Message) -> None:
        if message.path == SLACK:
            seconds = f"{message.at - self._since:.1f} s"
            lines = [f"{seconds:>13}  {message.title}", *message.text.splitlines()]
            print(f"\n{'':15}".join(lines), flush=True)
