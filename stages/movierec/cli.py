"""How every program of this project ends: status 0, or one line that says what to mend."""

import sys
from collections.abc import Callable
from typing import NoReturn

from movierec.errors import UserError


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """Call `main` with the command line's arguments and exit with the status it returns.

    A UserError becomes one line on stderr and status 2; Ctrl-C becomes status 130, as a
    shell reports it. Anything else is a defect and keeps its traceback.
    """
    try:
        status = main(sys.argv[1:])
    except UserError as error:
        status = refuse(error)
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)


def refuse(error: UserError) -> int:
    """Say on stderr, in one line, what to mend; returns the exit status."""
    print("error:", " ".join(str(error).split()), file=sys.stderr, flush=True)
    return 2
