"""Images being made: who makes one is killed at moments of Docker's build, and before every call to
Docker, and makes it again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from infra.registry.client import Registry
from infra.release.sbom import LABEL, sweep
from tests.faults.killing import spread
from tests.faults.release.bed import Bed
from tests.faults.release.images import need_docker, registry
from tests.faults.release.outcome import Outcome
from tests.infra.docker.registry import Server
from tests.infra.release.tagged import small, tag

IMAGE, RELEASE = "movierec:svd-v0.0.9098", "svd@v0.0.9098"
SECONDS = 1800.0
ANEW = ("--no-cache",)
MARK = 4711
"""Shares of a processor that a build's containers have, and no others: by that they are known."""
CLIENT = """\
#!/bin/sh
# Docker's client, counted: before the call of the number wanted whoever makes the image is killed
echo "$1" >>{calls}
[ "$(wc -l <{calls})" != "$DOCKER_ENDS" ] || kill -9 0
exec {docker} "$@"
"""


def in_build(bed: Bed) -> Outcome:
    """Docker's client and who called it die at moments of a build that takes nothing from Docker's
    cache: the next one makes an image that says what an undisturbed one says; no container stays.
    """
    outcome = Outcome("killed in mid-build of an image")
    repository = released(bed)
    started = time.monotonic()
    assert built(repository, *ANEW).wait(SECONDS) == 0, "nothing disturbs it"
    whole, expected = time.monotonic() - started, config()
    for moment in spread(round(whole * 1000), bed.pick(3, 9))[1:-1]:
        remove()
        child = built(repository, *ANEW)
        time.sleep(moment / 1000)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        outcome.tried += 1
        outcome.wrong += config() not in ("", expected)
        began = time.monotonic()
        status = built(repository).wait(SECONDS)
        outcome.slowest = max(outcome.slowest, time.monotonic() - began)
        if (status, config(), containers()) == (0, expected, []):
            outcome.recovered += 1
        else:
            outcome.note(f"after {moment} ms: {status}, {config()}; containers {containers()}")
    remove()
    outcome.note(f"an undisturbed build took {whole:.1f} s")
    return outcome


def released(bed: Bed) -> Path:
    """A repository with a release. Needs a Docker engine."""
    need_docker()
    folder = bed.folder / f"built-{next(bed.numbers)}"
    folder.mkdir()
    repository = small(folder)
    tag(repository, RELEASE)
    return repository


def built(repository: Path, *options: str) -> "subprocess.Popen[bytes]":
    """A build of the release that has begun, as the head of a process group."""
    command = [sys.executable, "-m", "infra.release.image", RELEASE, "--repo", str(repository)]
    return subprocess.Popen(
        [*command, "--", "--network", "host", f"--cpu-shares={MARK}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@dataclass
class Making:
    """`image --push --sbom` of a release, by a client of Docker that is counted."""

    repository: Path
    server: Server
    folder: Path

    def begin(self) -> None:
        """Have the client."""
        program = self.folder / "bin/docker"
        program.parent.mkdir(parents=True)
        program.write_text(
            CLIENT.format(calls=self.folder / "calls", docker=shutil.which("docker"))
        )
        program.chmod(0o755)

    def calls(self) -> list[str]:
        """What Docker was asked for since this was asked last."""
        calls = (self.folder / "calls").read_text().split()
        (self.folder / "calls").unlink()
        return calls

    def run(self, place: str, ends: int = 0) -> tuple[int, str, bytes]:
        """Bring it to a place in the registry; `ends` is the number of the call, from 1, before
        which it is killed. The status, the digest that it tells, and what is in the image."""
        sbom = self.folder / f"{place}.json"
        command = [sys.executable, "-m", "infra.release.image", RELEASE, "--push"]
        done = subprocess.run(
            [
                *[*command, "--repo", str(self.repository), "--sbom", str(sbom)],
                *["--", "--network", "host"],
            ],
            env=os.environ
            | self.server.variables()
            | {"IMAGES_REGISTRY": self.at(place), "DOCKER_ENDS": str(ends)}
            | {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        digest = done.stdout.strip().rpartition("@")[2]
        return done.returncode, digest, sbom.read_bytes() if sbom.exists() else b""

    def at(self, place: str) -> str:
        return f"{self.server.host}/{place}"

    def found(self, place: str) -> str | None:
        """The digest of what the registry has there."""
        told = replace(self.server.settings(), registry=self.at(place))
        pushed = Registry(told).look(IMAGE)
        return pushed.reference.rpartition("@")[2] if pushed else None


def at_calls(bed: Bed) -> Outcome:
    """Whoever makes, pushes and describes an image is killed before each call to Docker: the next
    run has the registry keep the same bytes, and describes them the same. What is left of it in
    Docker's engine goes by the sweep of a later run."""
    outcome = Outcome("image --push --sbom killed before each call to Docker")
    repository = released(bed)
    with registry(bed) as server:
        making = Making(repository, server, bed.folder / f"making-{next(bed.numbers)}")
        making.begin()
        expected = making.run("undisturbed")
        assert expected[0] == 0, "nothing disturbs it"
        calls = making.calls()
        for number in spread(len(calls), bed.pick(2, len(calls))):
            when = f"before {calls[number - 1]}, call {number} of {len(calls)}"
            place = f"try-{number}"
            ended = making.run(place, number)
            making.calls()
            outcome.tried += 1
            outcome.wrong += making.found(place) not in (None, expected[1])
            began = time.monotonic()
            again = making.run(place)
            outcome.slowest = max(outcome.slowest, time.monotonic() - began)
            making.calls()
            sweep("0s")
            if (ended[0], again, described()) == (-signal.SIGKILL, expected, []):
                outcome.recovered += 1
            else:
                outcome.note(f"{when}: {ended[:2]}, then {again[:2]}; left {described()}")
            told("image", "rm", "--force", f"{making.at(place)}/{IMAGE}")
        told("image", "rm", "--force", f"{making.at('undisturbed')}/{IMAGE}")
    remove()
    outcome.note(f"an undisturbed one calls Docker {len(calls)} times: {', '.join(calls)}")
    return outcome


def config() -> str:
    """How the image is run and what it says of itself; nothing when there is none."""
    return told("image", "inspect", "--format", "{{json .Config}}", IMAGE)


def containers() -> list[str]:
    """The ids of those that a build of ours made, and that are there."""
    seen = told("ps", "--all", "--quiet").split()
    lines = told("inspect", "--format", "{{.HostConfig.CpuShares}} {{.Id}}", *seen).splitlines()
    return [line.split()[1] for line in lines if line.startswith(f"{MARK} ")]


def described() -> list[str]:
    """The ids of those that an image was described by."""
    return told("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()


def remove() -> None:
    """Have no image of the release."""
    told("image", "rm", "--force", IMAGE)


def told(*arguments: str) -> str:
    """What Docker's client prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    return done.stdout.strip()
