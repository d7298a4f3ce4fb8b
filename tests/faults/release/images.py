"""Images on their way: who builds one is killed; in mid-push to a real registry, Debian's, who
pushes is, or the registry."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.registry.push import Image, push
from movierec.errors import Unavailable
from tests.faults.killing import spread
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.infra.docker.registry import PASSWORD, Server, serving
from tests.infra.docker.test_push import BIG, SECONDS, imported, in_mid_push
from tests.infra.release.tagged import small, tag

NAME = "movierec:svd-v0.0.9099"
BUILT, RELEASE = "movierec:svd-v0.0.9098", "svd@v0.0.9098"
BUILD_SECONDS = 600.0
ANEW = ("--no-cache",)
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
                subprocess.run(["docker", "image", "rm", "--force", *names], capture_output=True)
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


def in_build(bed: Bed) -> Outcome:
    """Docker's client and who called it die at moments of a build that takes nothing from Docker's
    cache: the next one makes an image that says what an undisturbed one says; no container stays.
    """
    need_docker()
    outcome = Outcome("killed in mid-build of an image")
    folder = bed.folder / f"built-{next(bed.numbers)}"
    folder.mkdir()
    repository = small(folder)
    tag(repository, RELEASE)
    started = time.monotonic()
    assert built(repository, *ANEW).wait(BUILD_SECONDS) == 0, "nothing disturbs it"
    whole, expected, others = time.monotonic() - started, config(), containers()
    for moment in spread(round(whole * 1000), bed.pick(3, 9))[1:-1]:
        remove()
        child = built(repository, *ANEW)
        time.sleep(moment / 1000)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        outcome.tried += 1
        outcome.wrong += config() not in ("", expected)
        status = built(repository).wait(BUILD_SECONDS)
        if (status, config(), containers()) == (0, expected, others):
            outcome.recovered += 1
        else:
            outcome.note(f"after {moment} ms: {status}, {config()}; containers {containers()}")
    remove()
    outcome.note(f"an undisturbed build took {whole:.1f} s")
    return outcome


def built(repository: Path, *options: str) -> "subprocess.Popen[bytes]":
    """A build of the release that has begun, as the head of a process group."""
    command = [sys.executable, "-m", "infra.release.image", RELEASE, "--repo", str(repository)]
    return subprocess.Popen(
        [*command, "--", "--network", "host", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def config() -> str:
    """How the image is run and what it says of itself; nothing when there is none."""
    return told("image", "inspect", "--format", "{{json .Config}}", BUILT)


def containers() -> str:
    """The ids of all containers, those that a build makes among them."""
    return told("ps", "--all", "--quiet")


def remove() -> None:
    """Have no image of the release."""
    told("image", "rm", "--force", BUILT)


def told(*arguments: str) -> str:
    """What Docker's client prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    return done.stdout.strip()
