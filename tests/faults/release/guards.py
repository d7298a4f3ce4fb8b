"""What keeps the promises of a release, each taken away in the process that releases: the fault
named with it must then be seen to break one."""

from collections.abc import Callable
from typing import Any

from infra.release import alone, origin, register, releases


def reading_back() -> None:
    """Do not read what is in the cache and on the remote."""
    vars(register)["check"] = lambda *given, **named: None


def all_or_nothing() -> None:
    """Push branch and tags one by one, as far as they are taken."""
    attempt = vars(origin)["attempt"]

    def without(repository: Any, *arguments: str, **named: Any) -> Any:
        return attempt(repository, *(a for a in arguments if a != "--atomic"), **named)

    vars(origin)["attempt"] = without


def one_at_a_time() -> None:
    """Take no heed of who releases here."""
    vars(alone)["fcntl"] = type("fcntl", (), {"LOCK_EX": 0, "LOCK_NB": 0, "flock": lambda *_: None})


def taking_locks_away() -> None:
    """Leave what a killed git left locked."""
    vars(alone)["take_away"] = lambda *given: []


def known_content() -> None:
    """Do not look whether a tag has the model already."""
    vars(releases)["with_content"] = lambda *given: []


GUARDS: dict[str, tuple[Callable[[], None], str]] = {
    "reading objects back": (reading_back, "remote"),
    "all or nothing": (all_or_nothing, "origin"),
    "one at a time": (one_at_a_time, "two-here"),
    "taking locks away": (taking_locks_away, "kill-syscalls"),
    "knowing what a tag has": (known_content, "kill-calls"),
}
"""what → how it is taken away, and the fault that must then break a promise."""
