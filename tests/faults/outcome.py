"""What one fault did: the row of the table."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Outcome:
    """Sums over all tries of one fault; `recovered` is the slowest recovery, in seconds."""

    fault: str
    tried: int = 0
    lines: int = 0
    lost: int = 0
    doubled: int = 0
    undetected: int = 0
    """Holes in the offsets on disk that no gap record names."""
    stuck: int = 0
    """Collectors that did not catch up in time, or ended otherwise than well."""
    recovered: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing lost, doubled, undetected or stuck; and something was tried."""
        costs = (self.lost, self.doubled, self.undetected, self.stuck)
        return self.tried > 0 and not any(costs)

    def add(self, tally: Any) -> None:
        """Add what `ledger.examine` found."""
        self.lines += tally.lines
        self.lost += tally.lost
        self.doubled += tally.doubled
        self.undetected += tally.undetected

    def took(self, seconds: float) -> None:
        """A recovery of so many seconds."""
        self.recovered = max(self.recovered, round(seconds, 1))

    def note(self, text: str) -> None:
        """Something that a reader of the table should know."""
        self.notes.append(text)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


COLUMNS = ["fault", "tried", "lines", "lost", "doubled", "undetected gaps", "recovered in"]
FORMAT = "{:<44} {:>6} {:>11} {:>8} {:>8} {:>16} {:>13}"


def header() -> str:
    """The table's first line."""
    return FORMAT.format(*COLUMNS)


def row(outcome: Outcome) -> str:
    """One line of the table."""
    o = outcome
    numbers = [f"{n:,}" for n in (o.tried, o.lines, o.lost, o.doubled, o.undetected)]
    return FORMAT.format(o.fault, *numbers, f"{o.recovered:.1f} s")
