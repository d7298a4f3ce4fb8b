"""Who sees to the workers: what becomes of those that do not come up, are stuck or live no time.

With a package behind them: test_together.py."""

import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from infra.processes import die_with_parent
from serve.service.board import Board
from serve.service.workers import Workers
from tests.serve.service.test_main import ROOT, SECONDS


def script(text: str) -> subprocess.CompletedProcess[str]:
    """A program whose workers do what `text` says."""
    head = """
    import os, signal, socket, sys, time
    from serve.http.server import bound
    from serve.service import workers
    from serve.service.board import Board
    from serve.http.listeners import spread

    def run(work, count=2):
        board = Board(count)
        with bound("X_", "127.0.0.1", 0) as first:
            made = workers.Workers(
                spread(first, count), lambda n, own: work(board, n), board,
                replaced=lambda: print("replaced", flush=True), orphaned=lambda: None)
            sys.exit(made.run())
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(text)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=die_with_parent,
    )


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ("from movierec.errors import BadParams; raise BadParams('mend this')", 2, "error: mend"),
        ("raise RuntimeError('a defect')", 1, "a defect"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 1, "a worker did not come up"),
        ("sys.exit(0)", 1, "a worker did not come up"),
    ],
    ids=["to-mend", "defect", "killed", "gone"],
)
def test_a_worker_that_does_not_come_up_ends_the_service(
    fault: str, status: int, said: str
) -> None:
    """Else the next one would end the same way, and so on."""
    done = script(f"""
    def work(board, number):
        if number == 1:
            {fault}
        board.beat(number)
        signal.pause()
    run(work)
    """)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "replaced" not in done.stdout


def test_one_that_is_stuck_is_replaced() -> None:
    done = script("""
    workers.LOOK_SECONDS, workers.SILENT_LOOKS = 0.02, 100
    before = time.monotonic()
    stuck = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    parent = os.getpid()

    def work(board, number):
        board.beat(number)
        if number == 0 and board.pulses[0] == 1:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        while board.pulses[0] < 2:
            time.sleep(0.01)
            board.beat(1)
        os.kill(parent, signal.SIGTERM)
        signal.pause()
    run(work)
    """)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "replaced\n"
    assert "a worker is stuck" in done.stderr


@pytest.mark.slow
def test_one_that_lives_no_time_is_not_replaced_in_a_storm() -> None:
    done = script("""
    workers.SHORT_SECONDS = 0.5
    parent, began = os.getpid(), time.monotonic()

    def work(board, number):
        board.beat(number)
        if number == 1:
            while not board.pulses.all():
                time.sleep(0.01)
            if time.monotonic() > began + 2:
                os.kill(parent, signal.SIGTERM)
            return
        signal.pause()
    run(work)
    """)
    assert done.returncode == 0, done.stderr
    assert 1 <= done.stdout.count("replaced") <= 6


def test_a_process_with_threads_does_not_fork() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        with socket.socket() as one, pytest.raises(RuntimeError, match="must not fork"):
            Workers([one], lambda *_: None, Board(1), lambda: None, lambda: None).run()
    finally:
        release.set()
        thread.join()
