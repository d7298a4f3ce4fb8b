"""Says of a capture of the event log what the collector would say of its lines.

    python -m movierec.lines.check < capture

Prints one JSON object: lines by kind, and rejected ones by reason. A capture is cut at line
feeds and nowhere else, as the tools that send one cut it, and the last line may lack its own.
So a byte order mark, or the CR of a CR LF, is part of its line, here and in Kafka. What a
capture cannot tell is how a line's time lies to its record's (`time-ahead`) and to the clock of
the collector that reads it (`time-ahead-of-clock`).
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from movierec.lines.events import EVENTS, BadLine, parse


def count(lines: Iterable[bytes]) -> dict[str, Any]:
    """How many lines there are of each kind, and how many are rejected for each reason.

    >>> count([b"1970-01-01T00:00,7,GET /create_account\\n", b"hello"])["reasons"]
    {'bad-time': 1}
    """
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for line in lines:
        event = parse(line.removesuffix(b"\n"))
        if isinstance(event, BadLine):
            reasons[event.reason] += 1
        else:
            kinds[event.KIND.label] += 1
    rejected = reasons.total()
    counts = {event.KIND.label: kinds[event.KIND.label] for event in EVENTS}
    read = kinds.total() + rejected
    return {"read": read, **counts, "rejected": rejected, "reasons": dict(sorted(reasons.items()))}


if __name__ == "__main__":
    print(json.dumps(count(sys.stdin.buffer)))
