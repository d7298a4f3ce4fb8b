"""What is heard of the loop: who is waited for, who may speak, whether the machine had time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.demo.report import table
from infra.monitoring.local import Monitoring
from infra.monitoring.webhook import Message, Webhook

DEADLINE_SECONDS = 400.0
MACHINE = frozenset({"CpuBusy", "MemoryShort"})
"""They are true of the machine that the test runs on, whoever keeps it busy."""
BUSY_SECONDS = 0.5
"""A scrape of node-exporter, to which nobody does anything, takes some hundredths of a second."""


@dataclass(frozen=True)
class Heard:
    """A fault, and the message that told of it."""

    fault: str
    alert: str
    seconds: float
    text: str


class Listening:
    """The webhook's ear, and Prometheus' memory."""

    def __init__(self, webhook: Webhook, monitoring: Monitoring) -> None:
        self.webhook = webhook
        self.monitoring = monitoring
        self.allowed: set[str] = set(MACHINE)
        self.heard: list[Heard] = []

    def until_heard(self, fault: str, since: float, alert: str, named: str = "") -> Heard:
        """Wait for a message after `since` that `alert` fires and that names `named`."""

        def found() -> list[Message]:
            return [
                m
                for m in self.webhook.messages()
                if m.at >= since and m.status == "FIRING" and m.alert == alert and named in m.text
            ]

        until(f"{fault} is heard of", lambda: bool(found()))
        first = found()[0]
        heard = Heard(fault, first.alert, first.at - since, first.text)
        self.heard.append(heard)
        return heard

    def table(self) -> str:
        """What was heard, and after how many seconds."""
        rows = [[h.fault, h.alert, f"{h.seconds:.1f}"] for h in self.heard]
        return table(["fault", "alert", "seconds"], rows)

    def allow(self, *alerts: str) -> None:
        """From now on these may fire: something is done that they are there for."""
        self.allowed.update(alerts)

    def until_over(self, alert: str, since: float) -> float:
        """Wait for the message that an alert is over; returns the seconds since `since`."""

        def found() -> list[Message]:
            messages = self.webhook.messages()
            return [
                m for m in messages if (m.status, m.alert) == ("RESOLVED", alert) and m.at >= since
            ]

        until(f"{alert} is over", lambda: bool(found()))
        return found()[0].at - since

    def quiet(self, seconds: float) -> list[Message]:
        """What is said in so many seconds in which the machine had time for a scrape: a busy one
        gives no verdict, and the seconds begin anew."""
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            until("nothing fires", lambda: not self.monitoring.firing() - MACHINE - {"Watchdog"})
            began = time.monotonic()
            time.sleep(seconds)
            if not self.was_busy(seconds):
                return self.surprises(began)
            assert time.monotonic() < end, "the machine had no time for a scrape"

    def was_busy(self, seconds: float) -> bool:
        """Whether node-exporter's scrapes took long, or failed, in the last seconds."""
        window = f'{{job="node"}}[{seconds:.0f}s]'
        slow = self.monitoring.query(
            f"max_over_time(scrape_duration_seconds{window}) > {BUSY_SECONDS}"
        )
        return bool(slow or self.monitoring.query(f"min_over_time(up{window}) < 1"))

    def surprises(self, since: float) -> list[Message]:
        """Messages that nothing allowed."""
        return [
            m
            for m in self.webhook.messages()
            if m.at >= since and m.status == "FIRING" and m.alert not in self.allowed
        ]


def until(what: str, true: Callable[[], bool]) -> None:
    """Wait for what must come true."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < end, f"{what}: not within {DEADLINE_SECONDS:.0f} s"
        time.sleep(0.1)
