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
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)
