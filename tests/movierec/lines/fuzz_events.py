"""Coverage-guided fuzzing of the parser: `python tests/movierec/lines/fuzz_events.py [options]`.

Whatever the bytes: an event that is written back to the byte, or a reason from the list; and
the compiled fast path takes exactly the watches.
"""

import sys

import atheris

with atheris.instrument_imports(include=["movierec.lines.events"]):
    from movierec.lines import events

import pyarrow as pa

from movierec.lines.watchlines import read_watches


def check(line: bytes) -> None:
    """One input."""
    event = events.parse(line)
    if isinstance(event, events.BadLine):
        assert event.reason in events.REASONS, event
    else:
        assert events.format_event(event) == line, event
    taken = bool(read_watches(pa.array([line], pa.large_binary())).taken[0])
    assert taken == isinstance(event, events.Watch), line


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
