"""`make release-demo`: two nights of releases, and a morning on which one is undone and explained.

    python -m infra.demo.release
    python -m infra.demo.release --seconds 30   # of each night's answers

Starts from the days of `make demo`. In `.demo/release` it makes a repository with a bare origin,
an S3 server for the data and, where Docker and Debian's `docker-registry` are, a registry of
images; with --hand-over the releases go to the cluster of KUBECONFIG, too. Every command is one
that a person can type there, and is shown. The servers are stopped at the end, and the folder
stays.
"""

import argparse
import time
from pathlib import Path

from infra.demo import around, workspace
from infra.demo.answering import Answering
from infra.demo.history import DAYS
from infra.demo.report import Step, step
from infra.demo.rollouts import Rollouts
from infra.demo.terminal import Terminal
from infra.processes import Processes
from infra.repository import git
from movierec.cli import run, whole
from movierec.models.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
STEPS = 10
RELEASE = "python -m infra.release"
OLD, NEW = "v1.0.0", "v1.0.1"


def main(arguments: list[str]) -> int:
    """Tell the story."""
    options = parse(arguments)
    folder, days = options.output.absolute(), options.workspace.absolute()
    started = time.monotonic()
    work = around.make_repository(days, folder, ROOT)
    environment = workspace.environment(work)
    with Processes(work, folder / "logs", environment) as processes:
        with step(1, "around", "a git origin, an S3 server, a registry", STEPS) as current:
            environment.update(stand(current, processes, folder, work))
        terminal = Terminal(processes)
        answering = Answering(processes, folder, options.seconds)
        with Rollouts(terminal, environment, options.hand_over) as rollouts:
            for day in DAYS[:-1]:
                around.close_day(days, work, day)
            night(terminal, 2, f"days {DAYS[0]} and {DAYS[1]}", len(DAYS) - 1)
            bring(rollouts, terminal, 3, OLD)
            with step(4, "answer", f"{OLD} of both, asked by simulated users", STEPS) as current:
                answering.live(current, OLD)
            around.close_day(days, work, DAYS[-1])
            night(terminal, 5, f"{DAYS[-1]} has closed", len(DAYS))
            bring(rollouts, terminal, 6, NEW)
            with step(7, "answer", f"{NEW} of both", STEPS) as current:
                answering.live(current, NEW)
                answering.stop()
            undo(terminal, rollouts)
            explain(terminal)
        with step(10, "stop", "everything that was started", STEPS) as current:
            current.note = f"processes stopped: {processes.stop_all()}"
    print(
        f"two releases of each model took {time.monotonic() - started:.0f} s; they stay in {folder}"
    )
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="release", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workspace", type=Path, default=ROOT / ".demo/workspace")
    parser.add_argument("--output", type=Path, default=ROOT / ".demo/release", metavar="FOLDER")
    parser.add_argument("--seconds", type=whole, default=10, help="that users ask each release")
    parser.add_argument(
        "--hand-over", metavar="COMMAND", help="takes images' names: the cluster of KUBECONFIG"
    )
    return parser.parse_args(arguments)


def stand(current: Step, processes: Processes, folder: Path, work: Path) -> dict[str, str]:
    """Start what releases need; the variables that programs find it by."""
    found = around.start_s3(processes, folder, ROOT, work)
    git(work, "push", "--quiet", "--set-upstream", "origin", "main")
    current.say("git   origin.git, bare")
    current.say(f"S3    s3://{around.BUCKET}/movierec, by versitygw on loopback")
    registry = around.start_registry(processes, folder)
    where = registry.get("IMAGES_REGISTRY")
    current.say(f"OCI   {where or 'left out: no Docker engine, or no docker-registry'}")
    return found | registry


def night(terminal: Terminal, number: int, what: str, days: int) -> None:
    """What Jenkins does at night, up to the tags."""
    with step(number, "night", f"{what}: retrain, judge, register", STEPS) as current:
        terminal.type(current, f"{RELEASE} window --last {days}")
        terminal.type(current, f"{RELEASE} incumbent")
        printed = terminal.type(current, "dvc repro", show=["not fit to be released"])
        ran = sum(line.startswith("Running stage") for line in printed)
        current.say(f"  {ran} stages ran")
        terminal.type(current, f"{RELEASE} register")
        terminal.type(current, f"{RELEASE} verify")


def bring(rollouts: Rollouts, terminal: Terminal, number: int, version: str) -> None:
    """Images, deployments, and the tags that say so."""
    with step(number, "production", f"{version}: image, deploy, promote", STEPS) as current:
        rollouts.bring(current, version)
        for kind in KINDS:
            terminal.type(current, f"{RELEASE} promote {kind}@{version}")


def undo(terminal: Terminal, rollouts: Rollouts) -> None:
    """One command takes the last release of a model back."""
    with step(8, "roll back", "svd, in one command", STEPS) as current:
        rollouts.back(current, "svd", OLD)
        terminal.type(current, f"{RELEASE} status")


def explain(terminal: Terminal) -> None:
    """What any answer and any release came from."""
    with step(9, "explain", "200 answers, a card, a release made again", STEPS) as current:
        shown = ["IDENTICAL", "DIFFERENT", "svd"]
        sampled = f"{RELEASE} explain --sample 200 --store ../live"
        terminal.type(current, sampled, shown, may_end=(0, 1))
        terminal.type(current, f"{RELEASE} card svd@{NEW} --html --output ../card.html")
        terminal.type(current, f"{RELEASE} reproduce svd@{OLD}")


if __name__ == "__main__":
    run(main)
