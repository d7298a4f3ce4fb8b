"""What a fault did to releases: the row that the table shows."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Outcome:
    """Counts over all tries of one fault; a promise that was broken, also as a note."""

    fault: str
    tried: int = 0
    wrong: int = 0
    """Tags that came about, or were served, though their data is not on the remote as it was."""
    half: int = 0
    """Times the origin had some of a release and not all of it."""
    recovered: int = 0
    """Tries after which the next run left the same as one that nothing disturbed."""
    slowest: float = 0.0
    """Seconds of the longest such run."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept, and something was tried."""
        return self.tried > 0 and not (self.wrong or self.half) and self.recovered == self.tried

    def note(self, text: str) -> None:
        """Something that a reader of the table should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


COLUMNS = ["fault", "tried", "wrong tags", "half-released", "recovered", "slowest"]
FORMAT = "{:<56} {:>6} {:>10} {:>13} {:>9} {:>8}"


def header() -> str:
    """The table's first line."""
    return FORMAT.format(*COLUMNS)


def row(outcome: Outcome) -> str:
    """One line of the table."""
    o = outcome
    numbers = [f"{n:,}" for n in (o.tried, o.wrong, o.half, o.recovered)]
    return FORMAT.format(o.fault, *numbers, f"{o.slowest:.1f} s")
