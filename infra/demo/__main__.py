"""`make demo`: the whole loop on embedded defaults, from the first event to conversion.

Eight steps, each a line or more on stdout. What it makes live and by the clock stays in
`.demo/`; the simulated days go to `data/`, where `dvc repro` finds them. Everything it
starts is stopped at the end, also when it is interrupted or fails.
"""

import signal
import subprocess
import time
from pathlib import Path
from types import FrameType

import numpy as np

from infra.demo import history, living, training
from infra.demo.report import step
from infra.processes import Processes
from movierec.cli import run

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".demo"


def main(arguments: list[str]) -> int:
    """Run the eight steps; `arguments` is empty."""
    signal.signal(signal.SIGTERM, _interrupt)
    WORK.mkdir(exist_ok=True)
    started = time.monotonic()
    with Processes(ROOT, WORK / "logs") as processes:
        history.make_days(ROOT, WORK, processes)
        training.reproduce(processes)
        training.compare(ROOT, processes)
        address = history.start_broker(processes, WORK)
        urls = living.serve(ROOT, _commit(), address, processes)
        known = int(np.load(ROOT / "models/svd/users.npy", mmap_mode="r")[0])
        living.ask(urls, known, processes)
        living.live(WORK, urls, address, processes)
        with step(8, "stop", "everything that the demo started") as current:
            current.note = f"{processes.stop_all()} processes stopped"
    print(f"the whole loop took {time.monotonic() - started:.0f} s")
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the demo as Ctrl-C does: through every `finally`."""
    raise KeyboardInterrupt


def _commit() -> str:
    """The commit that the services name in their answers."""
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    run(main)
