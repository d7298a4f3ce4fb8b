"""What a server grants its clients, all of them together and each."""

import logging
import resource
from dataclasses import dataclass

log = logging.getLogger("serve.http")

FILES_LEFT = 128
"""File descriptors that connections leave to the work: brokers, segments, models."""
HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """Of connections, of what waits, and of time."""

    connections: int
    in_flight: int
    """Requests that may wait; those that come on top are answered in a hurry."""
    queue: int
    """Requests that may wait; those that come on top are refused."""
    wait_seconds: float
    """How long one may have waited and is answered still."""
    request_seconds: float = 10.0
    """From a request's first byte to its last."""
    idle_seconds: float = 30.0
    """Between two requests of a connection; also to take an answer."""
    spared: frozenset[str] = frozenset()
    """Paths that are answered first, however many wait: a probe must not end what is just busy."""
    aside: tuple[str, ...] = ()
    """How paths begin whose answers wait for somebody else: nobody else waits for those."""


def connections_within_files(wanted: int) -> int:
    """`wanted`, or fewer where the limit of open files would leave too few for the work.

    The soft limit is raised as far as that takes, and as the hard one lets: it is low for programs
    that use `select`, and this one does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + FILES_LEFT
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return wanted
    most = max(4, min(wanted, soft - FILES_LEFT))
    if most < wanted:
        log.warning("few files", extra={"files": soft, "connections": most, "wanted": wanted})
    return most
