"""Docker's client: it is told nothing secret, neither by its arguments nor by its environment."""

import json
import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.registry.settings import ImagesSettings
from infra.scratch import scratch
from infra.transfer import child
from movierec.errors import Unavailable

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
READ = re.compile(
    r"PATH|HOME|TMPDIR|LANG|LC_ALL|XDG_RUNTIME_DIR|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)"
    r"|(DOCKER|BUILDKIT|BUILDX)_\w+|(HTTPS?|NO)_PROXY|(https?|no)_proxy"
)
"""What of our environment Docker's client reads; the passwords of Kafka, of the DVC remote and of
the registry, which may be there too, are none of its business."""
FAR = ("pull", "push")
"""What the engine does with a registry: it waits for one that answers nothing for ever."""
CREDENTIALS = ("auths", "credsStore", "credHelpers")


@dataclass(frozen=True)
class Docker:
    """The client, with the settings of whoever runs it."""

    variables: dict[str, str] = field(default_factory=dict)
    files: tuple[int, ...] = ()
    """Open files that it inherits."""

    def run(self, *arguments: str, about: str) -> str:
        """What it prints, without the last line's end. Raises Unavailable, which says what it was
        `about`, with Docker's last words."""
        own = {name: value for name, value in os.environ.items() if READ.fullmatch(name)}
        command, env = ["docker", *arguments], own | self.variables
        try:
            if arguments[0] in FAR:
                done = child.run(command, about, env, self.files)
            else:
                done = subprocess.run(
                    command,
                    env=env,
                    pass_fds=self.files,
                    capture_output=True,
                    text=True,
                    stdin=subprocess.DEVNULL,
                )
        except FileNotFoundError:
            raise Unavailable(
                "no `docker` is installed: install an engine and its client"
            ) from None
        if done.returncode:
            said = COLOURS.sub("", done.stdout + done.stderr).strip().splitlines()
            raise Unavailable(f"{about} failed: {' | '.join(said[-2:])}")
        return done.stdout.strip()


@contextmanager
def let_in(settings: ImagesSettings) -> Iterator[Docker]:
    """Docker's client with the registry's credentials; without any, as its user set it up.

    They are in a file that has no name and is in memory alone, so that nothing has to be deleted,
    whatever kills this process. What else stands in the user's folder of settings stays in force.
    """
    if settings.user is None:
        yield Docker()
        return
    pair = f"{settings.user}:{settings.password}"
    auths = {settings.host: {"auth": b64encode(pair.encode()).decode()}}
    users = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    memory = os.memfd_create("docker-config")
    with scratch("docker") as folder, os.fdopen(memory, "wb"):
        for path in users.iterdir() if users.is_dir() else ():
            if path.name != "config.json":
                (folder / path.name).symlink_to(path.absolute())
        os.write(memory, json.dumps(kept(users / "config.json") | {"auths": auths}).encode())
        (folder / "config.json").symlink_to(f"/proc/self/fd/{memory}")
        yield Docker({"DOCKER_CONFIG": str(folder)}, (memory,))


def kept(path: Path) -> dict[str, Any]:
    """What a user set up for Docker's client, without credentials and where they are kept: those
    would be asked before ours."""
    try:
        own = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in own.items() if k not in CREDENTIALS} if isinstance(own, dict) else {}
