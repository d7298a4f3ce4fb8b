"""`make demo`: the whole loop on embedded defaults, from the first event to conversion.

Eight steps, each a line or more on stdout. Everything that it makes stays in `.demo/`; days,
models and metrics in its workspace, where one can go on with `dvc exp run`. Everything it
starts is stopped at the end, also when it is interrupted or fails.
"""

import signal
import time
from pathlib import Path
from types import FrameType

import numpy as np

from infra.demo import history, living, training, workspace
from infra.demo.report import step
from infra.processes import Processes
from movierec.cli import run

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".demo"
WORKSPACE = WORK / "workspace"


def main(arguments: list[str]) -> int:
    """Run the eight steps; `arguments` is empty."""
    signal.signal(signal.SIGTERM, _interrupt)
    WORK.mkdir(exist_ok=True)
    started = time.monotonic()
    workspace.prepare(ROOT, WORKSPACE)
    environment = workspace.environment(WORKSPACE)
    with Processes(WORKSPACE, WORK / "logs", environment) as processes:
        history.make_days(WORKSPACE, WORK, processes)
        training.reproduce(processes)
        commit = workspace.commit(WORKSPACE, "Train on the demo's days")
        training.compare(WORKSPACE, processes)
        address = history.start_broker(processes, WORK)
        urls = living.serve(WORKSPACE, commit, address, processes)
        known = int(np.load(WORKSPACE / "models/svd/users.npy", mmap_mode="r")[0])
        living.ask(urls, known, processes)
        living.live(WORK, urls, address, processes)
        with step(8, "stop", "everything that the demo started") as current:
            current.note = f"processes stopped: {processes.stop_all()}"
    print(f"the whole loop took {time.monotonic() - started:.0f} s; `make page` shows its lists")
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the demo as Ctrl-C does: through every `finally`."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    run(main)
