"""Sockets at one address, for servers in several processes.

The kernel deals connections out among them by a hash of their addresses (SO_REUSEPORT): each has a
queue of its own, so that servers do not run for the same connection, and one that is idle does not
take all that come at once. A queue outlives the server that it was for, as long as somebody holds
its socket.
"""

import socket


def spread(bound: socket.socket, count: int) -> list[socket.socket]:
    """`count` sockets at the address of `bound`, which is one of them and does not listen yet.

    Others are still refused: who asks for an address does so without SO_REUSEPORT at first, and
    that only goes together with sockets of ours that had it from the start.
    """
    if count > 1:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return [bound, *(_beside(bound) for _ in range(count - 1))]


def _beside(bound: socket.socket) -> socket.socket:
    other = socket.socket(bound.family)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    other.bind(bound.getsockname())
    return other
