"""A place on S3, as a path: `s3://bucket/prefix` takes part where the root of a store does.

It is a path by its parts alone. What would open it as a file of this machine ends with a
TypeError, so that no program reads or writes a folder `s3:` beside a store that is on S3.

>>> root_of("s3://bucket/movierec") / "movielog"
Url('s3://bucket/movierec/movielog')
>>> root_of("data")
PosixPath('data')
"""

import argparse
import re
from pathlib import Path, PosixPath

SCHEME = "s3:"
BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9!_.*'()=-]+"
"""What S3 calls safe, and nothing that a path would take for itself."""
URL = re.compile(rf"s3://({BUCKET})((?:/{PART})*)/?")
TAKES = "the path of a folder, or s3://bucket/prefix"


class Url(PosixPath):
    """`s3:`, the bucket, and the parts of a key's beginning."""

    def __str__(self) -> str:
        return f"{SCHEME}//{'/'.join(self.parts[1:])}"

    def __fspath__(self) -> str:
        raise TypeError(f"{self} is on S3, and no path of this machine")

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.parts[1]

    def key(self, name: str = "") -> str:
        """The key of what is `name` below this place."""
        return "/".join([*self.parts[2:], *filter(None, [name])])


def root_of(text: str) -> Path:
    """The root of a store as people write it. Raises ValueError for an s3: that is none."""
    if not text.startswith(SCHEME):
        return Path(text)
    if (found := URL.fullmatch(text)) is None:
        raise ValueError(f"{text!r} is no s3://bucket/prefix")
    return Url(SCHEME, found[1], *filter(None, found[2].split("/")))


def root_argument(text: str) -> Path:
    """The root of a store on the command line: argparse's `type`."""
    try:
        return root_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
