"""Several processes answer with one package: a parent that verified it forks them and sees to them.

    parent     holds the package, a socket a worker, and the workers; answers nothing
    worker n   what a service of one process is: loop, Kafka clients, histories, kept answers

A fork copies the thread that forks alone, and a lock that another one held would stay locked. So
the parent has no other thread, makes no client of Kafka, and waits for signals instead of handling
them; this is checked where it forks. (OpenBLAS has threads of its own, which it ends at a fork.)
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from movierec.cli import refuse
from movierec.errors import UserError
from serve.http.server import STOP_SECONDS
from serve.logs import stamp
from serve.service.board import Board

log = logging.getLogger("serve.service.workers")

HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
LOOK_SECONDS = 1.0
SILENT_LOOKS = 60
"""A worker whose pulse has stood for so many looks is stuck. Looks are counted and not seconds, as
after a pause of the whole machine all of them seem to have been silent."""
SHORT_SECONDS = 1.0
"""One that lived no longer is replaced a moment later, lest a fault becomes a storm of forks."""
END_SECONDS = STOP_SECONDS + 12.0
"""Over a worker's last answers and what it still sends to Kafka; then it is ended."""


class Worker:
    """One place: a number, a socket, and whoever works there."""

    def __init__(self, number: int, listener: socket.socket) -> None:
        self.number, self.listener = number, listener
        self.pid: int | None = None
        self.began = 0.0
        self.pulse, self.looks = 0, 0

    def silent(self, pulse: int) -> bool:
        """Whether, by one more look at its pulse, it is stuck."""
        self.looks = 0 if pulse != self.pulse else self.looks + 1
        self.pulse = pulse
        return self.looks >= SILENT_LOOKS


class Workers:
    """`work(number, listener)` in a process for each of `listeners`, until a signal ends it.

    `replaced` is called for each worker that ends by itself, `orphaned` in a worker whose parent
    is gone.
    """

    def __init__(
        self,
        listeners: list[socket.socket],
        work: Callable[[int, socket.socket], None],
        board: Board,
        replaced: Callable[[], None],
        orphaned: Callable[[], None],
    ) -> None:
        self.places = [Worker(number, listener) for number, listener in enumerate(listeners)]
        self._work, self._board = work, board
        self._replaced, self._orphaned = replaced, orphaned
        self._life, self._held = os.pipe()  # ends, for who reads it, with the last who holds it
        self._status: int | None = None

    def run(self) -> int:
        """Returns the exit status: 0 after SIGTERM or SIGINT; another one when a worker ended
        before all of them had once answered, for then the next one would end as well."""
        if threading.active_count() > 1:
            raise RuntimeError("a process with threads must not fork")
        gc.collect()
        gc.freeze()  # what is here stays, so a worker need not copy it to count it
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        for place in self.places:
            self._start(place)
        while self._status is None:
            if not self._hear(LOOK_SECONDS):
                self._look()
        self._stop()
        return self._status

    def _hear(self, seconds: float) -> bool:
        """Whether a signal came before so much time had gone by."""
        heard = signal.sigtimedwait(HEARD, seconds)
        if heard is not None and heard.si_signo != signal.SIGCHLD and self._status is None:
            self._status = 0
        self._reap()
        return heard is not None

    def _reap(self) -> None:
        """Take note of who ended. As a container's first process the parent gets others, too."""
        while True:
            try:
                pid, how = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for place in self.places:
                if place.pid == pid:
                    self._lost(place, os.waitstatus_to_exitcode(how))

    def _lost(self, place: Worker, status: int) -> None:
        self._board.pids[place.number], place.pid = 0, None
        if self._status is not None:
            return
        told = {"worker": place.number, "status": status}
        if not self._board.pulses.all():
            log.error("a worker did not come up", extra=told)
            self._status = max(status, 1)
            return
        log.warning("a worker ended", extra=told)
        self._replaced()
        if time.monotonic() > place.began + SHORT_SECONDS:
            self._start(place)

    def _look(self) -> None:
        """Every second: replace who did not live long, and end who is stuck."""
        for place in self.places:
            if self._status is not None:
                return
            if place.pid is None:
                if time.monotonic() > place.began + SHORT_SECONDS:
                    self._start(place)
            elif place.silent(int(self._board.pulses[place.number])):
                log.warning("a worker is stuck", extra={"worker": place.number})
                place.looks = 0
                os.kill(place.pid, signal.SIGKILL)

    def _start(self, place: Worker) -> None:
        place.began, place.looks = time.monotonic(), 0
        pid = os.fork()
        if pid == 0:
            self._be(place)
        place.pid = self._board.pids[place.number] = pid

    def _be(self, place: Worker) -> NoReturn:
        """The worker's life. Nothing of the parent's is unwound at its end."""
        status = 1
        try:
            os.close(self._held)
            for other in self.places:
                if other is not place:
                    other.listener.close()
            stamp(worker=place.number)
            threading.Thread(target=self._outlive, name="parent", daemon=True).start()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
            self._work(place.number, place.listener)
            status = 0
        except UserError as error:
            status = refuse(error)
        except SystemExit as asked:
            status = int(asked.code or 0)
        except BaseException:
            log.exception("a worker failed")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _outlive(self) -> None:
        """Without a parent nobody would hear of a stop, or hold the port for who comes next."""
        os.read(self._life, 1)
        self._orphaned()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_SECONDS)
        os._exit(1)

    def _stop(self) -> None:
        """No socket is held for a next worker any more; the workers answer what has been asked."""
        for place in self.places:
            place.listener.close()
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while any(place.pid for place in self.places):
            if time.monotonic() > deadline:
                self._tell(signal.SIGKILL)
            self._hear(LOOK_SECONDS)

    def _tell(self, number: int) -> None:
        for place in self.places:
            if place.pid is not None:
                os.kill(place.pid, number)
