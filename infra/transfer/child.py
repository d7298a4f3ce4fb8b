"""A program that moves data for us, ended when it stands still: one that learns of whoever moves it
by reading, as Docker's client is told by its engine of each half megabyte."""

import subprocess
import time
from collections.abc import Mapping, Sequence

from infra.transfer.life import read_by
from infra.transfer.settings import TransferSettings
from infra.transfer.still import stood_still
from movierec.errors import Unavailable


def run(
    command: Sequence[str], about: str, env: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, what it says as text. Raises Unavailable, which says what it was `about`,
    when it read nothing for TRANSFER_SECONDS: it is killed then."""
    seconds = TransferSettings.from_environment().seconds
    with subprocess.Popen(
        command,
        env=env,
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        read, last = -1, time.monotonic()
        while True:
            try:
                said = child.communicate(timeout=min(1.0, seconds / 4))
                return subprocess.CompletedProcess(command, child.returncode, *said)
            except subprocess.TimeoutExpired:
                pass
            if (now := read_by(child.pid)) != read:
                read, last = now, time.monotonic()
            elif time.monotonic() - last > seconds:
                child.kill()
                raise Unavailable(stood_still(about, seconds))
