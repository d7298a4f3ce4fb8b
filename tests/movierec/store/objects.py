"""What is put under a name of a storage and read back, and what a proxy does to it."""

from collections.abc import Callable
from typing import Any

from movierec.store.storage import Storage
from tests.brokers.s3 import Fault, Request

MIB = 1 << 20


def writes(content: bytes) -> Callable[[Any], object]:
    """A writer of it."""
    return lambda file: file.write(content)


def content_of(storage: Storage, name: str) -> bytes:
    """All of a name."""
    with storage.open(name) as file:
        return file.read()


def pattern(size: int) -> bytes:
    """Bytes that differ by where they stand."""
    return b"".join(i.to_bytes(4, "big") for i in range(size // 4 + 1))[:size]


def once(operation: str, fault: Fault) -> Callable[[Request], Fault]:
    """The first request of an operation meets a fault."""
    met: list[Request] = []

    def judge(request: Request) -> Fault:
        if request.operation == operation and not met:
            met.append(request)
            return fault
        return Fault()

    return judge


def always(operation: str, fault: Fault) -> Callable[[Request], Fault]:
    """Every request of an operation does."""
    return lambda request: fault if request.operation == operation else Fault()
