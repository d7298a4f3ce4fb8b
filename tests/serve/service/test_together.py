"""Several processes that answer with one package: they live, die and end as one service does."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.brokers.embedded import embedded_broker, held, send
from tests.inputs.models import saved_model
from tests.serve.service.test_main import SECONDS, Service, running
from tests.waiting import until

IN_FLIGHT = 30
CONNECTIONS = 20
"""All at one of two workers only once in half a million times."""
KILLS = 3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tmp_path_factory.mktemp("models") / "svd")


@contextlib.contextmanager
def together(log: Path, model: Path, **settings: str) -> Iterator[Service]:
    """A service of two workers, both of which listen."""
    given = {"SERVICE_MODEL_DIR": str(model), "SERVICE_WORKERS": "2", **settings}
    with running(log, **given) as service:
        service.wait_until_ready()
        until(lambda: log.read_text().count('"listening"') == 2, SECONDS)
        try:
            yield service
        finally:
            for pid in workers(service):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


def workers(service: Service) -> list[int]:
    pid = service.process.pid
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


Connect = Callable[[Service, int], list[http.client.HTTPConnection]]


@pytest.fixture
def connections() -> Iterator[Connect]:
    """Makes so many that are connected, and so dealt out to the workers."""
    with contextlib.ExitStack() as stack:

        def connected(service: Service, number: int) -> list[http.client.HTTPConnection]:
            made = [
                http.client.HTTPConnection("127.0.0.1", service.port, timeout=SECONDS)
                for _ in range(number)
            ]
            for one in made:
                stack.enter_context(contextlib.closing(one))
                one.connect()
            return made

        yield connected


def ask(connection: http.client.HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200
    return response.read().decode()


def counted(service: Service, name: str) -> float:
    found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", service.get("/metrics"), re.M)
    return sum(map(float, found))


def events(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_one_package_is_verified_once_answers_from_both_and_counts_as_one(
    model: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with together(log, model) as service:
        for _ in range(CONNECTIONS):
            assert len(service.get("/recommend/3").split(",")) == 20
        told = {counted(service, "movierec_answers_total") for _ in range(CONNECTIONS)}
        assert told == {CONNECTIONS}
        made = counted(service, 'movierec_cached_answers_total{outcome="miss"}')
        assert made == 2  # each keeps its own
        files = files_of(service)
        assert files.exists()
        service.process.send_signal(signal.SIGTERM)
        status, said = service.end()
    assert status == 0, said
    told_of = [(event["event"], event.get("worker")) for event in events(log)]
    assert told_of[0] == ("model loaded", None) and told_of[-1] == ("stopped", None)
    assert sorted(told_of[1:-1]) == [  # type: ignore[type-var]
        *[("listening", 0), ("listening", 1), ("stopped", 0), ("stopped", 1)]
    ]
    assert not files.exists()


def files_of(service: Service) -> Path:
    """The folder in which its workers count."""
    maps = Path(f"/proc/{workers(service)[0]}/maps").read_text()
    folders = set(re.findall(r" (/\S*/movierec-[^/\s]+)/\S+\.db$", maps, re.M))
    assert len(folders) == 1
    return Path(folders.pop())


def test_sigterm_with_requests_in_flight_answers_all_of_them(
    model: Path, tmp_path: Path, connections: Connect
) -> None:
    """The workers stand still while they are asked, so that all of it is in flight; so does their
    parent, which may find them stuck on a busy machine."""
    with together(tmp_path / "log", model) as service:
        asked = connections(service, IN_FLIGHT)
        pids = workers(service)
        for pid in (service.process.pid, *pids):
            os.kill(pid, signal.SIGSTOP)
        until(lambda: all(map(stands_still, pids)), SECONDS)  # else SIGTERM may come first
        late = connections(service, IN_FLIGHT)  # nobody has taken these
        for number, one in enumerate(asked + late):
            one.request("GET", f"/recommend/{number}")
        service.process.send_signal(signal.SIGTERM)
        service.process.send_signal(signal.SIGCONT)
        until(lambda: all(map(is_told_to_end, pids)), SECONDS)  # else they may answer before that
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        responses = [one.getresponse() for one in asked + late]
        assert [r.status for r in responses] == [200] * 2 * IN_FLIGHT
        assert all(r.read() for r in responses)
        assert {r.getheader("Connection") for r in responses} == {"close"}
        status, said = service.end()
    assert status == 0, said


def stands_still(pid: int) -> bool:
    """Whether SIGSTOP has come to each of a process's threads."""
    told = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return all("\nState:\tT" in status for status in told)


def is_told_to_end(pid: int) -> bool:
    """Whether SIGTERM waits for a process that stands still."""
    status = Path(f"/proc/{pid}/status").read_text()
    pending = re.findall(r"(?:Sig|Shd)Pnd:\t([0-9a-f]+)", status)
    return any(int(mask, 16) >> (signal.SIGTERM - 1) & 1 for mask in pending)


def test_a_killed_worker_costs_its_own_requests_alone_and_another_takes_its_place(
    model: Path, tmp_path: Path, connections: Connect
) -> None:
    log = tmp_path / "log"
    with together(log, model) as service:
        kept = connections(service, CONNECTIONS)
        for one in kept:
            ask(one, "/recommend/3")
        victim, other = workers(service)
        os.kill(victim, signal.SIGSTOP)
        waiting = connections(service, CONNECTIONS)  # some in its queue, which nobody takes
        for one in (*kept, *waiting):
            one.request("GET", "/recommend/4")
        os.kill(victim, signal.SIGKILL)
        failed = sum(not answered(one) for one in kept)
        assert 0 < failed < CONNECTIONS
        assert all(map(answered, waiting))  # by the other one, or by the next in the same place
        until(lambda: replaced(service, victim), SECONDS)
        assert other in workers(service)
        total = counted(service, "movierec_answers_total")
        assert total == 3 * CONNECTIONS - failed  # what the killed one had counted is not lost
        assert counted(service, "movierec_workers_replaced_total") == 1
        told = next(event for event in events(log) if event["event"] == "a worker ended")
        assert (told["level"], told["status"]) == ("warning", -signal.SIGKILL)


def answered(connection: http.client.HTTPConnection) -> bool:
    try:
        return connection.getresponse().read() != b""
    except (ConnectionError, http.client.HTTPException):
        return False


@pytest.mark.slow
def test_under_load_a_kill_fails_no_new_connection(model: Path, tmp_path: Path) -> None:
    """A connection a request: whoever is in no worker's hands at the kill is answered."""
    with together(tmp_path / "log", model) as service:
        failed, answers, stop = [0], [0], threading.Event()

        def load() -> None:
            while not stop.is_set():
                try:
                    service.get("/recommend/7")
                    answers[0] += 1
                except OSError:
                    failed[0] += 1

        threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            so_far, victim = answers[0], workers(service)[0]
            until(lambda so_far=so_far: answers[0] > so_far + CONNECTIONS, SECONDS)  # type: ignore[misc]
            os.kill(victim, signal.SIGKILL)
            until(lambda victim=victim: replaced(service, victim), SECONDS)  # type: ignore[misc]
        stop.set()
        for thread in threads:
            thread.join()
        assert counted(service, "movierec_workers_replaced_total") == KILLS
    assert failed[0] <= KILLS * len(threads)  # what a killed one had in its hands
    assert answers[0] > KILLS * CONNECTIONS


def replaced(service: Service, victim: int) -> bool:
    now = workers(service)
    return len(now) == 2 and victim not in now


def test_without_a_parent_workers_end_and_the_port_is_free(model: Path, tmp_path: Path) -> None:
    with together(tmp_path / "log", model) as service:
        pids, files = workers(service), files_of(service)
        service.process.kill()
        service.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), SECONDS)
        with socket.socket() as next_one:
            next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            next_one.bind(("127.0.0.1", service.port))
    assert not files.exists()


@pytest.mark.slow
def test_what_a_user_does_is_seen_by_every_worker_and_all_answers_are_logged(
    model: Path, tmp_path: Path, connections: Connect
) -> None:
    with (
        embedded_broker(tmp_path) as address,
        together(
            tmp_path / "log", model, SERVICE_HISTORY="on", KAFKA_BOOTSTRAP_SERVERS=address
        ) as service,
    ):
        kept = connections(service, CONNECTIONS)
        best = ask(kept[0], "/recommend/3").split(",")[0]
        watch = f"2026-11-01T19:03:07.250,3,GET /data/m/{best}/1.mpg".encode()
        answers, seen = 1, 0
        deadline = time.monotonic() + SECONDS
        while seen < CONNECTIONS:  # a worker follows the log from when it has found its end
            assert time.monotonic() < deadline
            send(address, "movielog", [watch])
            lists = [ask(one, "/recommend/3").split(",") for one in kept]
            seen = sum(best not in ids for ids in lists)
            answers += CONNECTIONS
        assert counted(service, "movierec_history_users") == 1
        service.process.send_signal(signal.SIGTERM)
        status, said = service.end()
        lines = [json.loads(kept.line) for kept in held(address, "served")]
    assert status == 0, said
    assert len({line["request_id"] for line in lines}) == answers
    assert said.count('"unsent": 0') == 2
