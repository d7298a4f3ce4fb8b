"""Git, in the repository that is meant and no other, and given up when its network stands still.

    python -m infra.repository fetch …     # or push

is git, so, in the current folder: for scripts.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.transfer.settings import TransferSettings
from movierec.cli import run
from movierec.errors import Unavailable

PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""Variables by which git finds a repository that is not around the current folder, as a git hook
or `git rebase --exec` sets them."""
FAR = ("clone", "fetch", "ls-remote", "push")
"""What git does with another repository, which may be behind a network."""


def environment() -> dict[str, str]:
    """This process's, without what names a repository of somebody else's."""
    return {name: value for name, value in os.environ.items() if name not in PLACES}


def attempt(
    repository: Path, *arguments: str, given: bytes = b"", index: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `repository`, which may be bare; its status is the caller's to judge.

    `given` is what it reads; with `index`, that file is its index, and the repository's stays as
    it is.
    """
    return subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env=told(repository, arguments[0]) | ({"GIT_INDEX_FILE": str(index)} if index else {}),
        capture_output=True,
        input=given,
    )


def told(repository: Path, verb: str = "") -> dict[str, str]:
    """The environment of a git that does `verb` in `repository`."""
    return (patience(repository) if verb in FAR else {}) | environment()


def patience(repository: Path) -> dict[str, str]:
    """What has git give up a network that stands still for TRANSFER_SECONDS, where its user set up
    nothing else: HTTP that moves nothing, SSH whose server says nothing."""
    seconds = TransferSettings.from_environment().seconds
    http = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(seconds)}
    if "GIT_SSH" in os.environ or attempt(repository, "config", "core.sshCommand").stdout:
        return http
    alive = f"-o ServerAliveInterval={max(1, seconds // 3)} -o ServerAliveCountMax=3"
    return http | {"GIT_SSH_COMMAND": f"ssh {alive} -o ConnectTimeout={seconds}"}


def git(repository: Path, *arguments: str, given: bytes = b"", index: Path | None = None) -> str:
    """What git prints. Raises Unavailable with git's own words when it fails."""
    done = attempt(repository, *arguments, given=given, index=index)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise Unavailable(f"git {' '.join(arguments)} in {repository}: {said}")
    return done.stdout.decode()


def files(folder: Path) -> Iterator[str]:
    """The files below a repository's root that git knows or would add, as they stand."""
    listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (folder / name).is_file():  # one that git knows may be removed
            yield name


def main(arguments: list[str]) -> int:
    """Become git."""
    os.execvpe("git", ["git", *arguments], told(Path.cwd(), *arguments[:1]))


if __name__ == "__main__":
    run(main)
