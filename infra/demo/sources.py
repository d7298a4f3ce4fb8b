"""What `make replay` plays: a table of ratings, or a saved log. Sent by a program of the simulator,
which says first what it recognised."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from infra.demo.report import Step
from infra.processes import Processes
from infra.simulator.table.options import add_table_options, as_arguments
from movierec.cli import whole
from movierec.errors import BadInput, Unavailable

PARTITIONS = 8
ERROR = "error: "


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """A table of ratings and how it is written, or a saved log."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--ratings", type=Path, help="a table of ratings")
    source.add_argument("--log", type=Path, help="saved lines of the event log")
    parser.add_argument("--all-days", action="store_true", help="with a log's last, broken-off day")
    parser.add_argument("--days", type=whole, default=3, help="days that a table's span is put on")
    add_table_options(parser)


def name_of(options: argparse.Namespace) -> str:
    """The file's name."""
    return str((options.log or options.ratings).name)


def evidence_of(options: argparse.Namespace) -> dict[str, str]:
    """The collector's setting: a table has one clock, and may be small."""
    return {} if options.log else {"COLLECTOR_EVIDENCE_LINES": "1"}


def send(
    options: argparse.Namespace, topic: str, ids: Path, processes: Processes, current: Step
) -> dict[str, Any]:
    """Send the file's lines to a new topic, saying what it is; the program's counts, and of a table
    the scale. Raises BadInput as the program says it."""
    summary: dict[str, Any] = {}
    last = ""
    for text in processes.lines("replay", _command(options, topic, ids)):
        last = text.rstrip()
        if last.startswith("{"):
            summary = json.loads(last)
        elif not last.startswith(ERROR):
            current.say(last)
    if status := processes.wait("replay"):
        if last.startswith(ERROR):
            raise BadInput(last.removeprefix(ERROR))
        raise Unavailable(f"replay ended with status {status}: {last}")
    current.note = f"{summary['lines']:,} lines, {summary['ratings']:,} ratings"
    return summary


def _command(options: argparse.Namespace, topic: str, ids: Path) -> list[str]:
    if options.log:
        command = [sys.executable, "-m", "infra.simulator.capture", "--create-topic"]
        command += ["--all-days"] if options.all_days else []
        return [*command, "--topic", topic, "--log", str(options.log.resolve())]
    command = [sys.executable, "-m", "infra.simulator.replay", "--topic", topic]
    command += ["--ratings", str(options.ratings.resolve()), "--ids", str(ids)]
    if options.scale is not None:
        command += ["--scale", str(options.scale[0]), str(options.scale[1])]
    command += ["--compress-days", str(options.days), "--create-partitions", str(PARTITIONS)]
    return command + as_arguments(options)
