"""Command lines as a person types them: shown, run, and followed line by line."""

import shlex
import sys
from collections.abc import Collection, Sequence

from infra.demo.report import Step
from infra.processes import Processes
from movierec.errors import Unavailable

WIDTH = 112
"""Characters of a line that are shown."""


class Terminal:
    """Where commands run: in the root of `processes`, with its environment."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes

    def type(
        self, current: Step, line: str, show: Sequence[str] = ("",), may_end: Collection[int] = (0,)
    ) -> list[str]:
        """Run a command line, and say it and the lines it prints that have one of `show` in them;
        returns all. Raises Unavailable when it ends with another status than those."""
        current.say(f"$ {line}")
        words = shlex.split(line)
        if words[0] == "python":
            words[0] = sys.executable
        if words[0] == "dvc":
            words[:1] = [sys.executable, "-m", "dvc"]
        printed = []
        for text in self.processes.lines("typed", words):
            printed.append(text.rstrip())
            if text.strip() and any(part in text for part in show):
                current.say(f"  {shortened(text.rstrip())}")
        if (status := self.processes.wait("typed")) not in may_end:
            raise Unavailable(f"`{line}` ended with {status}: {' | '.join(printed[-5:])}")
        return printed


def shortened(text: str) -> str:
    """A line, cut where it is longer than a page is wide."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
