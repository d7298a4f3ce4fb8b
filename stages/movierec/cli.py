"""How every program of this project reads its options and ends: status 0, or one line that says
what to mend."""

import argparse
import os
import resource
import select
import sys
from collections.abc import Callable
from typing import NoReturn, TextIO

from movierec.errors import UserError
from movierec.numbers import real_of, whole_of


def whole(text: str) -> int:
    """A whole number of the command line: argparse's `type`."""
    try:
        return whole_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def real(text: str) -> float:
    """A number of the command line: argparse's `type`."""
    try:
        return real_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """Call `main` with the command line's arguments and exit with the status it returns.

    A UserError becomes one line on stderr and status 2; Ctrl-C becomes status 130, and a reader
    that went away (`… | head`) 141, as a shell reports them. Anything else is a defect and keeps
    its traceback.
    """
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except UserError as error:
        status = refuse(error)
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        if not _is_unread(sys.stdout):  # a connection's, and not that of our output
            raise
        status = 141
    raise SystemExit(status)


def peak_rss_mb() -> int:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def refuse(error: UserError) -> int:
    """Say on stderr, in one line, what to mend; returns the exit status."""
    print("error:", " ".join(str(error).split()), file=sys.stderr, flush=True)
    return 2


def _is_unread(output: TextIO) -> bool:
    """Whether nobody reads an output any more; if so, what it still holds goes nowhere, and the
    interpreter, which flushes it in the end, has nothing to complain of."""
    try:
        place = output.fileno()
    except OSError:  # it is no file, but a text in memory
        return False
    asked = select.poll()
    asked.register(place, 0)
    unread = any(events & select.POLLERR for _, events in asked.poll(0))
    if unread:
        os.dup2(os.open(os.devnull, os.O_WRONLY), place)
    return unread
