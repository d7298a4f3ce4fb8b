"""The collector as a program: what it stores, how it stops and resumes, what it refuses."""

import contextlib
import json
import logging
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.processes import die_with_parent, free_port
from movierec.lines.rows import line_of
from movierec.store.chain import read_chain
from movierec.store.days import closed_days, read_manifest
from movierec.store.openrows import open_rejected, open_rows
from movierec.store.segments import partition_at
from serve.collector import __main__
from tests.brokers.embedded import embedded_broker, kafka_environment, send
from tests.serve.test_links import docker, kubernetes

TOPIC = "movielog"
WAIT_SECONDS = 120.0
"""Far more than is ever needed: on a busy machine a collector starts in half a minute."""


def watches(first: int, count: int, day: str = "2026-11-01") -> list[bytes]:
    """Numbered watch lines, one a second."""
    return [
        f"{day}T12:{n // 60 % 60:02d}:{n % 60:02d}.001,{n},GET /data/m/jaws/{n % 90}.mpg".encode()
        for n in range(first, first + count)
    ]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A broker of the test's own: it starts in a fifth of a second, and forgets nothing else."""
    with embedded_broker(tmp_path) as address:
        yield address


class Running:
    """A collector in a process of its own."""

    def __init__(self, address: str, root: Path, *options: str, **more: str) -> None:
        self.log = root.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serve.collector", "--store", str(root), *options],
                env=kafka_environment(address, **more),
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of one event so far."""
        lines = self.log.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if event["event"] == name]

    def wait_until(self, ready: Callable[[], Any]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def ended(self, seconds: float = WAIT_SECONDS) -> int:
        """Its status, once it has ended by itself."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it runs on after {seconds:.0f} s:\n{self.log.read_text()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it; its status."""
        self.process.send_signal(number)
        return self.ended()


def once(address: str, root: Path, **more: str) -> Running:
    """A collector that has caught up."""
    collector = Running(address, root, "--until-caught-up", **more)
    assert collector.ended() == 0, collector.log.read_text()
    return collector


def got(port: int, page: str) -> str:
    """What the collector's port answers."""
    text: bytes = urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}").read()
    return text.decode()


def health(port: int) -> dict[str, Any]:
    """The facts of /healthz."""
    facts: dict[str, Any] = json.loads(got(port, "healthz"))
    return facts


def stored(root: Path) -> list[bytes | None]:
    """The lines in the open segments of the topic, by partition and offset."""
    return [line_of(row) for row in open_rows(root, TOPIC).to_pylist()]


def test_what_was_sent_is_on_disk_and_every_line_is_accounted_for(
    address: str, tmp_path: Path
) -> None:
    good, bad = watches(0, 200), [b"junk", b"\xff\xfe", b"2026-11-01T12:00,1,GET /data/m/x/1.mp"]
    send(address, TOPIC, [*good[:100], *bad, *good[100:]])
    collector = once(address, tmp_path / "store")
    assert stored(tmp_path / "store") == good
    rejected = list(open_rejected(tmp_path / "store", TOPIC))
    assert [(entry["offset"], entry["raw"]) for entry in rejected] == list(
        enumerate(bad, start=100)
    )
    assert [entry["reason"] for entry in rejected] == ["bad-time", "not-utf8", "bad-watch"]
    (stopped,) = collector.events("stopped")
    assert (stopped["read"], stopped["stored"], stopped["rejected"]) == (203, 200, 3)


def test_a_second_run_goes_on_where_the_disk_ends(address: str, tmp_path: Path) -> None:
    send(address, TOPIC, watches(0, 50))
    once(address, tmp_path / "store")
    send(address, TOPIC, watches(50, 50))
    # Another group: it is the disk that says where to go on, and not Kafka's committed offset.
    there = {**kubernetes("kafka"), **docker("kafka"), **kubernetes("collector")}
    once(address, tmp_path / "store", COLLECTOR_GROUP="another", **there)
    assert stored(tmp_path / "store") == watches(0, 100)


def test_days_close_and_the_served_topic_is_kept_beside(address: str, tmp_path: Path) -> None:
    send(address, TOPIC, watches(0, 50))
    send(address, TOPIC, watches(100, 20, day="2026-11-02"), partition=1)
    answer = {"time": "2026-11-01T12:00:01", "request_id": "r", "user": 1, "model": "svd@v1.0.0"}
    answer |= {"arm": "svd", "tier": "model", "ids": ["jaws+1975"]}
    send(address, "served", [json.dumps(answer).encode()])
    root = tmp_path / "store"
    once(address, root)
    assert closed_days(root, TOPIC) == ["2026-11-01"]
    totals = read_manifest(root, TOPIC, "2026-11-01")["totals"]
    assert (totals["stored"], totals["rejected"], totals["late"]) == (50, 0, 0)
    assert stored(root) == watches(100, 20, day="2026-11-02")
    (row,) = open_rows(root, "served").to_pylist()
    assert json.loads(row["text"]) == answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_flushes_everything_and_ends_well(
    address: str, tmp_path: Path, number: int
) -> None:
    root = tmp_path / "store"
    port = free_port()
    collector = Running(
        address, root, COLLECTOR_SEGMENT_SECONDS="3600", COLLECTOR_METRICS_PORT=str(port)
    )
    send(address, TOPIC, watches(0, 300))

    def all_is_read() -> bool:  # and, by the settings, not due for an hour
        return bool(collector.events("resumes")) and health(port)["buffered_lines"] == 300

    collector.wait_until(all_is_read)
    assert stored(root) == []
    assert collector.stop(number) == 0
    assert stored(root) == watches(0, 300)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_brokers_are_waited_for_ends_well_and_soon(
    tmp_path: Path, number: int
) -> None:
    port = free_port()
    settings = {"COLLECTOR_METRICS_PORT": str(port), "COLLECTOR_STARTUP_SECONDS": "3600"}
    collector = Running(f"127.0.0.1:{free_port()}", tmp_path / "store", **settings)

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return bool(health(port)["healthy"])
        return False

    collector.wait_until(answers)
    assert collector.stop(number) == 0
    (stopped,) = collector.events("stopped")
    assert stopped["reason"] == signal.Signals(number).name
    assert list((tmp_path / "store").iterdir()) == []


def test_metrics_and_health_on_the_port(address: str, tmp_path: Path) -> None:
    port = free_port()
    collector = Running(
        address,
        tmp_path / "store",
        COLLECTOR_METRICS_PORT=str(port),
        COLLECTOR_SEGMENT_SECONDS="0.1",
    )
    send(address, TOPIC, [*watches(0, 30), b"junk"])
    collector.wait_until(lambda: collector.events("resumes"))
    durable = 'collector_durable_offset{partition="0",topic="movielog"} 31.0'
    collector.wait_until(lambda: durable in got(port, "metrics"))
    text = got(port, "metrics")
    assert 'collector_lines_total{kind="watch",outcome="stored",topic="movielog"} 30.0' in text
    assert 'collector_rejected_lines_total{reason="bad-time",topic="movielog"} 1.0' in text
    assert "collector_last_event_timestamp_seconds" in text
    assert health(port)["healthy"] is True
    assert collector.stop() == 0


def test_after_a_restart_with_all_on_disk_there_is_no_lag(address: str, tmp_path: Path) -> None:
    send(address, TOPIC, watches(0, 30))
    once(address, tmp_path / "store")
    port = free_port()
    collector = Running(
        address, tmp_path / "store", COLLECTOR_METRICS_PORT=str(port), COLLECTOR_GROUP="another"
    )

    def says(line: str) -> bool:
        return line in got(port, "metrics").splitlines()

    collector.wait_until(lambda: len(collector.events("resumes")) > 8)  # of the first run as well
    collector.wait_until(lambda: says('collector_lag_messages{partition="0",topic="movielog"} 0.0'))
    assert says('collector_durable_offset{partition="0",topic="movielog"} 30.0')
    assert collector.stop() == 0


def test_a_lost_beginning_is_a_recorded_gap(address: str, tmp_path: Path) -> None:
    root = tmp_path / "store"
    # 12 MB into a partition that keeps 5: the embedded broker drops the oldest in silence.
    filler = [line + b" " * 20_000 for line in watches(0, 600)]
    send(address, TOPIC, filler)
    collector = once(address, root)
    (gap,) = collector.events("gap")
    segments = read_chain(partition_at(root, TOPIC, 0)).segments
    assert (segments[0].gap, segments[0].start, segments[0].end) == (True, 0, gap["lost"])
    assert segments[-1].end == 600
    assert gap["level"] == "error"


def test_an_unknown_broker_ends_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    collector = Running(f"127.0.0.1:{port}", tmp_path / "s", COLLECTOR_STARTUP_SECONDS="0.5")
    assert collector.ended() == 2
    lines = [line for line in collector.log.read_text().splitlines() if not line.startswith("{")]
    assert lines == [
        f"error: no broker answers at 127.0.0.1:{port}: "
        "check KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL"
    ]


@pytest.mark.parametrize(("terminal", "level"), [(True, logging.WARNING), (False, logging.INFO)])
def test_on_a_terminal_only_trouble_stands_between_the_progress(
    terminal: bool, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels: list[int] = []
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "localhost:1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(__main__, "log_json", lambda level: levels.append(level))
    monkeypatch.setattr(__main__, "collect", lambda settings, until_caught_up: until_caught_up)
    assert __main__.main(["--until-caught-up"]) == 1
    assert __main__.main([]) == 0
    assert levels == [level, level]


def test_a_port_in_use_and_a_bad_setting_end_in_one_line(address: str, tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        collector = Running(address, tmp_path / "store", COLLECTOR_METRICS_PORT=port)
        assert collector.ended() == 2
        assert f"COLLECTOR_METRICS_PORT {port}" in collector.log.read_text()
    collector = Running(address, tmp_path / "other", COLLECTOR_SEGMENT_ROWS="many")
    assert collector.ended() == 2
    assert "COLLECTOR_SEGMENT_ROWS must be a whole number" in collector.log.read_text()
