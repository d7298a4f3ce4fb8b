"""What a resolver is told: addresses of known names in any domain, and that there are no others."""

import socket
import struct
import subprocess
import sys
import time

import pytest

from infra.kubernetes.trial import names
from infra.processes import free_port

ADDRESSES = {"svd": "198.51.100.7"}


def question(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 77, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">x2H", kind, 1)


@pytest.mark.parametrize("name", ["svd", "SVD", "svd.movierec.svc.cluster.local"])
def test_a_known_name_has_its_address(name: str) -> None:
    reply = names.answer(question(name), ADDRESSES)
    number, flags, asked, answers, *_ = struct.unpack_from(">6H", reply)
    assert (number, flags & 0xF, asked, answers) == (77, 0, 1, 1)
    assert reply[-4:] == socket.inet_aton("198.51.100.7")


def test_a_known_name_has_no_other_kind_of_address() -> None:
    _, flags, _, answers, *_ = struct.unpack_from(
        ">6H", names.answer(question("svd", 28), ADDRESSES)
    )
    assert (flags & 0xF, answers) == (0, 0)


def test_another_name_does_not_exist() -> None:
    _, flags, _, answers, *_ = struct.unpack_from(">6H", names.answer(question("kafka"), ADDRESSES))
    assert (flags & 0xF, answers) == (3, 0)


@pytest.mark.parametrize("cut", [0, 11, 14, 20])
def test_what_is_no_question_is_refused(cut: int) -> None:
    with pytest.raises(ValueError):
        names.answer(question("svd")[:cut], ADDRESSES)


def test_the_program_answers_and_outlives_nonsense() -> None:
    port = free_port()
    program = [sys.executable, names.__file__, "--port", str(port), "svd=198.51.100.7"]
    with subprocess.Popen(program) as running, socket.socket(type=socket.SOCK_DGRAM) as client:
        try:
            client.connect(("127.0.0.1", port))
            client.settimeout(0.2)
            for _ in range(300):
                try:
                    client.send(b"nonsense")
                    client.send(question("svd"))
                    assert client.recv(512)[-4:] == socket.inet_aton("198.51.100.7")
                    break
                except (TimeoutError, ConnectionRefusedError):
                    assert running.poll() is None
                    time.sleep(0.1)  # it is about to start
            else:
                pytest.fail("it never answered")
        finally:
            running.terminate()
