"""The loop under Debian's Prometheus, Alertmanager and node-exporter, by the files of production at
thirty times the pace: eight faults are heard of in Slack's format, and without one nothing is.

A webhook on loopback stands in for Slack. The disk is an ext4 of its own, which takes root to
mount, as the faults of tests/faults do.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.monitoring.webhook import WATCHDOG, Webhook
from infra.processes import Processes
from tests.faults.disks import ext4
from tests.infra.demo.listening import until
from tests.infra.demo.watched import FACTOR, Watched, day_before

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parents[3]
QUIET_SECONDS = 600 / FACTOR
"""Ten minutes, at the pace of the run."""


@pytest.fixture
def watched() -> Iterator[Watched]:
    """It lies where nginx's own user may look, which pytest's folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="movierec-watched-"))
    folder.chmod(0o755)
    told = {**os.environ, "FAULTS": str(folder / "faults")}
    try:
        with (
            ext4(folder / "image", folder / "disk"),
            Webhook() as webhook,
            Processes(ROOT, folder / "logs", told) as processes,
        ):
            made = Watched(folder, processes, webhook)
            made.start()
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_eight_faults_are_heard_of_and_without_one_nothing_is(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = watched.listening
    assert heard.quiet(QUIET_SECONDS) == []
    until("the watchdog calls", lambda: bool(watched.webhook.messages(WATCHDOG)))
    began = time.monotonic()
    with watched.bad_lines(), watched.filling():
        services(watched)
        heard.until_heard("bad lines", began, "RejectedLines", "movielog")
        heard.until_heard("disk filling", began, "DiskFilling", str(watched.disk))
    brokers(watched)
    with capsys.disabled():
        print(f"\n{heard.table()}")
    assert len(heard.heard) == 8
    surprises = heard.surprises(began)
    assert not surprises or heard.was_busy(time.monotonic() - began), surprises


def services(watched: Watched) -> None:
    """What one of the services does, and what is said of it."""
    heard, loop = watched.listening, watched.loop
    heard.allow("AnswersFail", "AvailabilityBurn", "AnswersSlow", "LatencyBurn", "AnswersShed")
    heard.allow("RejectedLines", "DiskFilling", "ServiceDown", "SplitOffPlan")
    heard.allow("ModelStale", "RouterFails")
    since = time.monotonic()
    watched.service("svd", "fails")
    watched.service("svdpp", "slow")
    heard.until_heard("errors", since, "AvailabilityBurn", "answers of the last hour failed")
    heard.until_heard("slow answers", since, "AnswersSlow", "svdpp:8080")
    watched.service("svd", "")
    watched.service("svdpp", "")
    since = time.monotonic()
    loop.stop_model("svdpp")
    heard.until_heard("model stopped", since, "ServiceDown", "svdpp:8080")
    since = time.monotonic()
    loop.start_model("svdpp")
    heard.until_over("ServiceDown", since)
    since = time.monotonic()
    loop.stop_model("svd")
    loop.start_model("svd", day_before(5))
    heard.until_heard("model gone stale", since, "ModelStale", "svd@demo")
    loop.stop_model("svd")
    loop.start_model("svd")


def brokers(watched: Watched) -> None:
    """What becomes of the broker and the collector, and what is said of it."""
    heard, loop = watched.listening, watched.loop
    heard.allow("CollectorCutOff", "CollectorBehind", "ServedLogDropped", "CollectorDown")
    since = time.monotonic()
    loop.cut()
    heard.until_heard("broker cut", since, "CollectorCutOff", "collector:9400")
    loop.mend()
    since = time.monotonic()
    loop.stop_collector()
    heard.until_heard("collector stopped", since, "CollectorDown")
