"""Images on their way: in mid-push to a real registry, Debian's, who pushes is killed, or the
registry."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.registry.push import Image, push
from movierec.errors import Unavailable
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.infra.docker.registry import PASSWORD, Server, serving, throw_away
from tests.infra.docker.test_push import BIG, SECONDS, imported, in_mid_push

NAME = "movierec:svd-v0.0.9099"
Way = Callable[[Server, "subprocess.Popen[bytes]"], None]


def need_docker() -> None:
    """Raises Unavailable when there is no engine."""
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        raise Unavailable("no Docker engine answers: leave what is called `image…` out")


@contextmanager
def registry(bed: Bed) -> Iterator[Server]:
    """One that runs while the block does. Needs a Docker engine."""
    need_docker()
    folder = bed.folder / f"registry-{next(bed.numbers)}"
    folder.mkdir()
    with serving(folder) as server:
        yield server


def registry_killed(server: Server, child: "subprocess.Popen[bytes]") -> None:
    """The registry dies, and is started again."""
    server.kill()
    server.start()
    child.wait(SECONDS)


def pusher_killed(server: Server, child: "subprocess.Popen[bytes]") -> None:
    """Who pushes dies, with Docker's client."""
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def in_push(bed: Bed) -> Outcome:
    """Another image each time: what the registry has of it in the end is whole and found by its
    commit, and a third push finds it."""
    outcome = Outcome("registry or pusher killed in mid-push of an image")
    with registry(bed) as server:
        for number in range(bed.pick(1, 4)):
            for way in (registry_killed, pusher_killed):
                names: list[str] = []
                made = imported(os.urandom(BIG), names, f"{NAME}{number}{way.__name__[0]}")
                tried(bed, outcome, server, made, way)
                throw_away(server, names)
    return outcome


def tried(bed: Bed, outcome: Outcome, server: Server, made: Image, way: Way) -> None:
    """Disturb, push again, look."""
    temporary = Path(bed.folder) / f"push-{next(bed.numbers)}"
    temporary.mkdir()
    child = in_mid_push(server, made, temporary)
    way(server, child)
    outcome.tried += 1
    found, _ = push(server.registry(), made)
    again, new = push(server.registry(), made)
    left = [path for path in temporary.rglob("*") if path.is_file() and not path.is_symlink()]
    outcome.wrong += server.registry().look(made.name) != found
    if (again, new) == (found, False) and not any(
        PASSWORD.encode() in p.read_bytes() for p in left
    ):
        outcome.recovered += 1
    else:
        outcome.note(f"{way.__name__}: {found}, then {again}; left {left}")
