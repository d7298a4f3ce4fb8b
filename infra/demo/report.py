"""What the demo prints: numbered steps with their seconds, and plain tables."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LABEL_WIDTH = 12


class Step:
    """One numbered step; `say` adds a line below its heading."""

    def __init__(self, number: int, label: str) -> None:
        self.number = number
        self.label = label
        self.note = ""

    def say(self, text: str) -> None:
        """Print `text`, indented below the step."""
        for line in text.splitlines():
            print(f"      {line}".rstrip(), flush=True)


@contextmanager
def step(number: int, label: str, what: str, of: int = 8) -> Iterator[Step]:
    """Print a heading before the work and a line with `note` and the seconds after it."""
    print(f"[{number}/{of}] {label:<{LABEL_WIDTH}}{what}", flush=True)
    started = time.monotonic()
    current = Step(number, label)
    yield current
    seconds = time.monotonic() - started
    print(f"      done in {seconds:.1f} s{': ' if current.note else ''}{current.note}", flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by width: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return "  ".join([first, *rest])

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) for row in rows)])
