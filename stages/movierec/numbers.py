"""Numbers in text, as YAML and DVC write them.

Python's `int` and `float` also read `1_0`, other scripts' digits, `nan` and `inf`: a slip of the
hand would become another number, or one that no comparison stops.
"""

import math
import re

WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
REAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")


def whole_of(text: str) -> int:
    """The whole number that a text is. Raises ValueError.

    >>> whole_of("+12")
    12
    """
    if not WHOLE.fullmatch(text):
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


def real_of(text: str) -> float:
    """The finite number that a text is. Raises ValueError.

    >>> real_of("1e-05")
    1e-05
    """
    if not REAL.fullmatch(text) or not math.isfinite(number := float(text)):
        raise ValueError(f"expected a number, got {text!r}")
    return number
