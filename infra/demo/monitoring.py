"""`make monitoring-demo`, after `make demo`: the loop, and those who watch it.

Both models of the last demo answer users behind the router. Prometheus, Alertmanager and
node-exporter watch by our files; a webhook on loopback stands in for Slack's, and what Slack would
show is printed as it comes. For ten minutes nothing is wrong, then a model stops, then the broker
is cut off. Time passes `--faster` times as fast as in production (infra/monitoring/pace.py), with
`--faster 1` as it does there. In the end every panel is drawn.
"""

import argparse
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType

import yaml

from infra.demo import workspace
from infra.demo.monitored import Loop
from infra.demo.report import step
from infra.demo.training import MODELS
from infra.demo.watching import Watching
from infra.processes import Processes
from infra.repository import attempt
from movierec.cli import real, run
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".demo"
STEPS = 7


def main(arguments: list[str]) -> int:
    """Run the seven steps."""
    options = parse(arguments)
    trained = options.work / "workspace"
    if not all((trained / "models" / model).is_dir() for model in MODELS):
        raise BadInput(f"there are no models in {trained / 'models'}: run `make demo` first")
    signal.signal(signal.SIGTERM, _interrupt)
    commit = attempt(trained, "rev-parse", "HEAD").stdout.decode().strip()
    folder = options.work / "monitoring"
    shutil.rmtree(folder, ignore_errors=True)  # a store of lines that no broker has any more
    folder.mkdir()
    with Processes(ROOT, options.work / "logs", workspace.environment(ROOT)) as processes:
        loop = Loop(folder, trained / "models", commit, processes)
        loop.data_day = max(days_of(trained / "data/window.yaml"), default=None)
        with Watching(folder / "watched", processes, options.faster) as watching:
            show(loop, watching, trained, options)
        with step(STEPS, "stop", "everything that was started", of=STEPS) as current:
            current.note = f"processes stopped: {processes.stop_all()}"
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="monitoring", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--work", type=Path, default=WORK, help="the demo's folder")
    parser.add_argument("--faster", type=real, default=30.0, help="so many times (30)")
    parser.add_argument("--quiet", type=real, default=10.0, help="minutes of production (10)")
    options = parser.parse_args(arguments)
    if options.faster < 1 or options.quiet <= 0:
        raise BadInput("--faster must be 1 or more, and --quiet above 0")
    return options


def days_of(window: Path) -> list[str]:
    """The days that models were trained on; none where that is not known."""
    return list(yaml.safe_load(window.read_text())["days"]) if window.exists() else []


def show(loop: Loop, watching: Watching, trained: Path, options: argparse.Namespace) -> None:
    """Steps 1 to 6."""
    with step(1, "loop", "broker, both models, router, collector, users", of=STEPS):
        loop.start()
    pace = "at the pace of production"
    pace = pace if options.faster == 1 else f"{options.faster:g} times the pace of production"
    with step(2, "watch", f"our rules and routes, {pace}", of=STEPS) as current:
        watching.start(loop.targets, trained, current)
    what = f"{options.quiet:g} minutes of production in which nothing is wrong"
    with step(3, "quiet", what, of=STEPS) as current:
        current.note = watching.quiet(60 * options.quiet / options.faster)
    with step(4, "fault", "the service of SVD++ ends; then it is there again", of=STEPS):
        watching.fault("ServiceDown", partial(loop.stop_model, "svdpp"))
        watching.over("ServiceDown", partial(loop.start_model, "svdpp"))
    with step(5, "fault", "the broker answers nobody; then it goes on", of=STEPS):
        watching.fault("CollectorCutOff", loop.cut)
        watching.over("CollectorCutOff", loop.mend)
    with step(6, "draw", "every panel of the dashboards, without Grafana", of=STEPS) as current:
        page = options.work / "monitoring.html"
        command = [sys.executable, "-m", "infra.grafana.pictures", "--output", str(page)]
        command += ["--prometheus", watching.url, "--minutes", f"{watching.minutes:.1f}"]
        drawn = watching.processes.run("pictures", command).strip().splitlines()[-1]
        current.note = drawn.replace(f"{ROOT}/", "")


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the demo as Ctrl-C does: through every `finally`."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    run(main)
