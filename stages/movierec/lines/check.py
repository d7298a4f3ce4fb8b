"""Says of a capture of the event log what the collector would say of its lines.

    python -m movierec.lines.check < capture

Prints one JSON object: lines by kind, and rejected ones by reason. A capture is cut at line
feeds and nowhere else, as the tools that send one cut it, and the last line may lack its own.
So a byte order mark, or the CR of a CR LF, is part of its line, here and in Kafka. A last line
that was cut off counts as any other, since the collector would refuse it too, and besides as
`cut_off`: its rest may come with the next capture. What a capture cannot tell is how a line's
time lies to its record's (`time-ahead`) and to the clock of the collector that reads it
(`time-ahead-of-clock`).
"""

import codecs
import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from movierec.lines.events import EVENTS, BadLine, parse

RESTS = [
    b"1970-01-01T00:00:00.000000000,0,GET /data/m/a/0.mpg",
    b"1970-01-01T00:00,0,GET /rate/a=0.0",
    b"1970-01-01T00:00,0,recommendation request a:0, status 0, result: a, 0 ms",
    b"1970-01-01T00:00,0,GET /create_account",
    b"2026-10-30T00:00,0,GET /create_account",
]
"""A line of each kind, and another date: the rest of one makes a good line of a cut one."""


def is_cut_off(line: bytes) -> bool:
    """Whether a rejected line is the beginning of a good one.

    >>> is_cut_off(b"1970-01-01T00:00,7,GET /data/m/jaws+1975/1"), is_cut_off(b"hello")
    (True, False)
    """
    try:  # without the first bytes of a character that lost its last ones
        whole = codecs.getincrementaldecoder("utf-8")().decode(line).encode()
    except UnicodeDecodeError:
        return False
    return any(
        not isinstance(parse(whole + rest[start:]), BadLine)
        for rest in RESTS
        for start in range(len(rest))
    )


def count(lines: Iterable[bytes]) -> dict[str, Any]:
    """How many lines there are of each kind, and how many are rejected for each reason.

    >>> count([b"1970-01-01T00:00,7,GET /create_account\\n", b"hello"])["reasons"]
    {'bad-time': 1}
    """
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    cut_off = 0
    for line in lines:
        event = parse(line.removesuffix(b"\n"))
        if isinstance(event, BadLine):
            reasons[event.reason] += 1
            if not line.endswith(b"\n"):
                cut_off += is_cut_off(line)
        else:
            kinds[event.KIND.label] += 1
    rejected = reasons.total()
    counts = {event.KIND.label: kinds[event.KIND.label] for event in EVENTS}
    read = kinds.total() + rejected
    return {
        "read": read,
        **counts,
        "rejected": rejected,
        "cut_off": cut_off,
        "reasons": dict(sorted(reasons.items())),
    }


if __name__ == "__main__":
    print(json.dumps(count(sys.stdin.buffer)))
