"""What a night took, as a table; how it grows with the lines; and whether it keeps its limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAD = ("stage", "CPU s", "wall s", "peak MB", "read MB", "written MB", "lines / CPU s")
LIMITS = (("wall", 240.0, "s"), ("RSS of all at once", 2000.0, "MB"), ("beside", 1000.0, "MB"))


@dataclass(frozen=True)
class Night:
    """One that was measured."""

    lines: int
    days: int
    stages: Sequence[dict[str, Any]]
    """As measuring.py writes them."""
    cpu: float
    """Of all, DVC too; seconds."""
    wall: float
    together_mb: float
    """The largest sum of what ran at once, DVC's processes too; pages that two of them share count
    twice."""
    made_mb: float
    """The size of all outputs that were made."""

    def rows(self) -> list[tuple[str, float, float, float, float, float]]:
        """Each stage, in the order of their ends; DVC, which has the time when none runs; all."""
        stages = sorted(self.stages, key=lambda stage: float(stage["ended"]))
        rows: list[tuple[str, float, float, float, float, float]] = [
            (
                name_of(s["argv"]), s["cpu_s"], s["ended"] - s["began"],
                s["peak_mb"], s["read_mb"], s["written_mb"],
            )
            for s in stages
        ]  # fmt: skip
        cpu, read, written = (sum(float(row[n]) for row in rows) for n in (1, 4, 5))
        rows.append(("DVC", self.cpu - cpu, self.wall - busy(stages), 0.0, 0.0, 0.0))
        rows.append(("all", self.cpu, self.wall, self.together_mb, read, written))
        return rows

    def beside_mb(self) -> float:
        """What stages wrote beside their outputs."""
        return max(float(self.rows()[-1][5]) - self.made_mb, 0.0)


def busy(stages: Sequence[dict[str, Any]]) -> float:
    """Seconds in which at least one stage ran."""
    total, until = 0.0, float("-inf")
    for stage in sorted(stages, key=lambda stage: float(stage["began"])):
        total += max(stage["ended"] - max(stage["began"], until), 0.0)
        until = max(until, stage["ended"])
    return total


def name_of(argv: Sequence[str]) -> str:
    """Of a stage, and of the model that it is about."""
    name = Path(argv[0]).stem
    if "--model" in argv:
        name += f" {Path(argv[argv.index('--model') + 1]).name}"
    return name


def table(night: Night) -> str:
    """Its stages, in Markdown. The memory of `all` is the largest sum of what ran at once."""
    cells = [
        [row[0], *map(figure, row[1:]), f"{night.lines / row[1]:,.0f}" if row[1] > 0 else "–"]
        for row in night.rows()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [HEAD, ("---",) * len(HEAD), *cells])


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def limits(night: Night) -> str:
    """Which limits of a whole site's night it keeps, a line each."""
    measured = (night.wall, night.together_mb, night.beside_mb())
    return "\n".join(
        f"{name}: {figure(got)} {unit}, {'within' if got <= most else 'PAST'} {most:,.0f} {unit}"
        for (name, most, unit), got in zip(LIMITS, measured, strict=True)
    )


def growth(small: Night, large: Night) -> str:
    """How many times the CPU seconds of each stage grow, in a line."""
    before = {row[0]: row[1] for row in small.rows()}
    grown = [
        f"{row[0]} {row[1] / before[row[0]]:.1f}" for row in large.rows() if before.get(row[0])
    ]
    return f"{large.lines / small.lines:.1f} times the lines, CPU seconds: {', '.join(grown)}"
