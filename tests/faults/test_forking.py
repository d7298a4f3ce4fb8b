"""A forked collector lives and dies as one that was started does."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

import pytest

from infra.processes import free_port
from tests.faults.forking import Forked
from tests.waiting import until

pytestmark = pytest.mark.slow


def forked(folder: Path, **environment: str) -> Forked:
    where = {**os.environ, "COLLECTOR_STORE": str(folder / "store"), "COLLECTOR_METRICS_PORT": "0"}
    return Forked(folder / "log", ["--until-caught-up"], where | environment)


def waiting(folder: Path) -> Forked:
    """One that waits for brokers."""
    nowhere = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    made = forked(folder, **nowhere, COLLECTOR_STARTUP_SECONDS="60")
    until(lambda: (folder / "store").exists(), 60)
    return made


def test_its_status_and_its_words_are_the_programs(tmp_path: Path) -> None:
    made = forked(tmp_path, KAFKA_BOOTSTRAP_SERVERS="no port")
    assert made.wait() == 2 and made.poll() == 2
    assert "error: KAFKA_BOOTSTRAP_SERVERS" in (tmp_path / "log").read_text()


def test_who_is_killed_dies_alone_and_all_who_wait_hear_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = forkserver.read_signed  # type: ignore[attr-defined]

    def slowly(pipe: int) -> int:
        status: int = told(pipe)
        time.sleep(0.3)
        return status

    monkeypatch.setattr(forkserver, "read_signed", slowly)
    (tmp_path / "other").mkdir()
    one, other = waiting(tmp_path), waiting(tmp_path / "other")
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.1)
    with ThreadPoolExecutor(8) as pool:
        heard = [pool.submit(one.wait) for _ in range(8)]
        os.killpg(one.pid, signal.SIGKILL)
        assert [status.result() for status in heard] == [-signal.SIGKILL] * 8
    assert other.poll() is None
    os.killpg(other.pid, signal.SIGTERM)
    assert other.wait() == 0
