"""The demo's children: started, waited for, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.processes import Processes, answers_ok, free_port
from movierec.errors import Unavailable

PATIENCE = 120.0  # seconds: a busy machine takes its time to start a Python
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)",
]


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Wait for a process to end."""
    deadline = time.monotonic() + PATIENCE
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_children_end_with_the_block_even_when_it_fails(tmp_path):
    with pytest.raises(KeyError), Processes(tmp_path, tmp_path / "logs") as processes:
        processes.start("a", SLEEP)
        processes.start("b", SLEEP)
        pids = [child.pid for child in processes.running.values()]
        raise KeyError
    assert [gone(pid) for pid in pids] == [True, True]


def test_a_child_that_ignores_sigterm_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.processes.STOP_SECONDS", 0.2)
    with Processes(tmp_path, tmp_path / "logs") as processes:
        processes.start("stubborn", STUBBORN)
        log = tmp_path / "logs" / "stubborn.log"
        processes.wait_until("stubborn", lambda: log.read_text() == "up\n", PATIENCE)
        assert processes.stop("stubborn") == -signal.SIGKILL


def test_a_child_that_ends_early_is_named_with_its_last_words(tmp_path):
    with Processes(tmp_path, tmp_path / "logs") as processes:
        processes.start("brief", [sys.executable, "-c", "raise SystemExit('no such broker')"])
        with pytest.raises(Unavailable, match="brief ended with status 1: no such broker"):
            processes.wait_until("brief", lambda: False, PATIENCE)


def test_a_child_that_is_never_ready_is_named(tmp_path):
    with Processes(tmp_path, tmp_path / "logs") as processes:
        processes.start("slow", SLEEP)
        with pytest.raises(Unavailable, match=r"slow was not ready in 0 s"):
            processes.wait_until("slow", lambda: False, seconds=0.1)


def test_run_returns_what_the_program_printed_or_names_its_failure(tmp_path):
    with Processes(tmp_path, tmp_path / "logs") as processes:
        environment = {"MOVIE": "heat"}
        command = [sys.executable, "-c", "import os; print(os.environ['MOVIE'])"]
        assert processes.run("good", command, environment) == "heat\n"
        with pytest.raises(Unavailable, match="bad ended with status 3"):
            processes.run("bad", [sys.executable, "-c", "raise SystemExit(3)"])
        assert processes.running == {}


def test_children_end_when_the_parent_is_killed(tmp_path):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path\n"
            "from infra.processes import Processes\n"
            f"with Processes(Path('.'), Path({str(tmp_path)!r})) as p:\n"
            "    p.start('child', [sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "    print(p.running['child'].pid, flush=True); time.sleep(600)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([".", "stages"])},
    )
    assert parent.stdout is not None
    with parent.stdout as told:
        child = int(told.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    assert gone(child)


def test_answers_ok_is_false_where_nobody_listens():
    assert not answers_ok(f"http://127.0.0.1:{free_port()}/readyz")
