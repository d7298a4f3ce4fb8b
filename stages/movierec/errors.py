"""The errors of this project. Each class stands for one decision of the caller.

Built-in exceptions are used where they fit (ValueError for a bad argument, and so
on). A message names what was given, what was expected and what to do.
"""


class UserError(Exception):
    """The user can mend it: print the message as one line and exit with status 2."""


class BadParams(UserError):
    """params.yaml (or the environment) holds an unknown key or an impossible value."""


class BadInput(UserError):
    """A file that somebody gave us is missing, malformed or empty."""


class CorruptFile(UserError):
    """A file of our own does not verify: do not use it, restore it as the message says."""


class LimitExceeded(UserError):
    """A measure of quality is past its limit: stop the pipeline, keep what is deployed."""


class Unavailable(UserError):
    """A service (broker, port, remote) cannot be had: check its address, try again."""


class AlreadyWritten(Exception):
    """Another writer stored these offsets: drop the buffer, read `resume_offset`, seek there."""
