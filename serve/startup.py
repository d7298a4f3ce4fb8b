"""How a server refuses to start: one line on stderr and status 2, before a port opens."""

import socket
from collections.abc import Callable
from typing import TypeVar

from movierec.cli import refuse
from movierec.errors import Unavailable, UserError

T = TypeVar("T")


def or_end(make: Callable[[], T]) -> T:
    """What `make` returns; a UserError ends the process as `movierec.cli.run` does."""
    try:
        return make()
    except UserError as error:
        raise SystemExit(refuse(error)) from None


def check_port(host: str, port: int) -> None:
    """Raises Unavailable when `host`:`port` cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, socket.gaierror) as error:
            raise Unavailable(
                f"cannot listen on SERVICE_HOST {host} SERVICE_PORT {port} ({error.strerror}): "
                "stop what listens there, or set another SERVICE_PORT"
            ) from None
