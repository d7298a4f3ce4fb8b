"""What another program needs to open what is under a name of the store by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lent:
    """A name of the store, for Hadoop's file systems."""

    url: str
    """Where it is: a path of this machine, or `s3a://`."""
    state: tuple[object, ...]
    """What the storage tells of it: another one once it was replaced; () when there is nothing."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Hadoop's own, for its client; no key to S3 is among them."""
    authority: str | None = None
    """A file (PEM) of the only ones whose certificates are trusted; None: those of the system."""
