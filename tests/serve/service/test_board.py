"""What the processes of a service know of each other, and `process_…` of all of them."""

import mmap
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from serve.service.board import Board, Together, ended, memory

MB = 1 << 20


@contextmanager
def child(board: Board, worker: int) -> Iterator[int]:
    """A process that waits, as a worker."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    board.pids[worker] = pid
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        board.pids[worker] = 0


def of_all(board: Board) -> dict[str, float]:
    registry = CollectorRegistry()
    Together(board, registry)
    return {s.name: s.value for family in registry.collect() for s in family.samples}


def test_a_fork_sees_who_else_there_is_and_beats_for_all_to_see() -> None:
    board = Board(2)
    with child(board, 1) as pid:
        assert board.processes() == [os.getpid(), pid]
    if (pid := os.fork()) == 0:
        board.beat(0)
        os._exit(0)
    os.waitpid(pid, 0)
    assert board.pulses.tolist() == [1, 0]
    assert board.processes() == [os.getpid()]


def test_names_types_and_help_are_those_of_one_process() -> None:
    alone, together = CollectorRegistry(), CollectorRegistry()
    ProcessCollector(registry=alone)
    Together(Board(1), together)
    assert {(m.name, m.type, m.documentation) for m in together.collect()} == {
        (m.name, m.type, m.documentation) for m in alone.collect()
    }


def test_a_sum_of_time_does_not_fall_with_a_worker_that_ends() -> None:
    board = Board(1)
    before = ended(os.getpid())
    pid = os.fork()
    if pid == 0:
        while sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) < 0.1:
            pass
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    board.pids[0] = pid
    os.waitpid(pid, os.WUNTRACED)
    alive = of_all(board)["process_cpu_seconds_total"]
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
    board.pids[0] = 0
    assert of_all(board)["process_cpu_seconds_total"] >= alive
    assert ended(os.getpid()) >= before + 0.09  # in ticks of 10 ms


def test_memory_counts_once_what_is_shared_and_each_one_s_own() -> None:
    with mmap.mmap(-1, 64 * MB) as shared:
        shared.write(b"x" * len(shared))
        board = Board(2)
        with child(board, 0) as one, child(board, 1):
            pids = board.processes()
            each = [memory([pid]) for pid in pids]
            assert memory(pids) < sum(each) - MB
            assert memory([os.getpid()]) > 64 * MB
            assert memory([*pids, 2**22 + 1]) == pytest.approx(memory(pids), abs=MB)  # none such
            assert of_all(board)["process_resident_memory_bytes"] >= memory([one])


def test_files_are_of_the_one_that_has_most_as_each_has_a_limit_of_its_own() -> None:
    board = Board(1)
    alone = of_all(board)
    with child(board, 0):
        both = of_all(board)
    assert both["process_max_fds"] == alone["process_max_fds"]
    assert both["process_open_fds"] < 2 * alone["process_open_fds"]
    assert both["process_start_time_seconds"] == alone["process_start_time_seconds"]
    assert both["process_virtual_memory_bytes"] > alone["process_virtual_memory_bytes"]
