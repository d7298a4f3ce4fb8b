"""Sockets that share an address: connections are dealt out, kept, and nobody else gets in."""

import contextlib
import errno
import socket
from collections.abc import Iterator

import pytest

from movierec.errors import Unavailable
from serve.http.listeners import spread
from serve.http.server import bound

CALLS = 200


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    """Three that listen."""
    with contextlib.ExitStack() as stack:
        made = spread(stack.enter_context(bound("X_", "127.0.0.1", 0)), 3)
        for one in made:
            stack.enter_context(one)
            one.setblocking(False)
            one.listen(CALLS)
        yield made


def arrived(listener: socket.socket) -> int:
    """How many connections lie in its queue; they are taken."""
    for number in range(CALLS + 1):
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError


def test_each_gets_its_share(listeners: list[socket.socket]) -> None:
    address = listeners[0].getsockname()
    with contextlib.ExitStack() as stack:
        for _ in range(CALLS):
            stack.enter_context(socket.create_connection(address))
        shares = [arrived(one) for one in listeners]
    assert sum(shares) == CALLS
    assert min(shares) > CALLS / 3 / 3, shares  # 66.7 are expected; 22 is 6.7 deviations off


def test_a_queue_outlives_one_who_held_the_socket(listeners: list[socket.socket]) -> None:
    copies = [one.dup() for one in listeners]
    with contextlib.ExitStack() as stack:
        for _ in range(CALLS):
            stack.enter_context(socket.create_connection(listeners[0].getsockname()))
        for one in listeners:
            one.close()
        assert sum(arrived(copy) for copy in copies) == CALLS
        for copy in copies:
            copy.close()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_nobody_else_gets_the_address(count: int, host: str) -> None:
    """Not even another service of the same user, whose sockets would share it as ours do."""
    with bound("X_", "127.0.0.1", 0) as first:
        made = spread(first, count)
        for one in made:
            one.listen()
        port = first.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen on X_HOST {host} X_PORT {port}"):
            spread(bound("X_", host, port), count)
        for one in made:
            one.close()


def test_alone_it_is_the_socket_itself_and_shares_nothing() -> None:
    with bound("X_", "127.0.0.1", 0) as first, socket.socket() as other:
        assert spread(first, 1) == [first]
        first.listen()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError) as caught:
            other.bind(first.getsockname())
    assert caught.value.errno == errno.EADDRINUSE
