"""A server that cannot start says so in one line, with status 2, before a port opens."""

import socket

import pytest

from movierec.errors import BadParams, Unavailable
from serve.startup import check_port, or_end


def test_what_is_made_is_given_back() -> None:
    assert or_end(lambda: 7) == 7


def test_what_a_user_can_mend_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    def make() -> None:
        raise BadParams("two\nlines  of it")

    with pytest.raises(SystemExit) as end:
        or_end(make)
    assert end.value.code == 2
    assert capsys.readouterr() == ("", "error: two lines of it\n")


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        or_end(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_port_that_is_taken_is_named_with_what_to_do(family: int, host: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
        listener.listen()
        with pytest.raises(Unavailable) as refusal:
            check_port(host, port)
        assert str(refusal.value) == (
            f"cannot listen on SERVICE_HOST {host} SERVICE_PORT {port} (Address already in use): "
            "stop what listens there, or set another SERVICE_PORT"
        )
    check_port(host, port)


def test_a_port_whose_last_connections_linger_is_free() -> None:
    """They do for a minute after a restart, and the server would not mind."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            server.close()  # who closes first waits
            assert client.recv(1) == b""
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port))
    check_port("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(Unavailable, match=r"SERVICE_HOST 192\.0\.2\.1 SERVICE_PORT 1234"):
        check_port("192.0.2.1", 1234)
    with pytest.raises(Unavailable, match=r"SERVICE_HOST no-such-host\.invalid"):
        check_port("no-such-host.invalid", 1234)
