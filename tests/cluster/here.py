"""This machine as a node of the cluster: its address, and a door to what listens on loopback."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from infra.kubernetes.cluster import Cluster

Address = tuple[str, int]


def node_here(cluster: Cluster) -> str:
    """The address of the node that this machine is."""
    for node in cluster.get("nodes")["items"]:
        for address in node["status"]["addresses"]:
            with contextlib.suppress(OSError), socket.socket() as door:
                door.bind((address["address"], 0))
                return str(address["address"])
    pytest.skip("no verdict: no node is this machine, so pods reach nothing of it")


@contextlib.contextmanager
def api_door() -> Iterator[None]:
    """Pods reach the API server during the block. Where it listens on loopback alone, as one for
    tests may, what comes to the address that its Service leads to is handed on, byte by byte:
    whom it lets do what remains its own matter."""
    found = Cluster("default").get(
        "endpointslices", "--selector", "kubernetes.io/service-name=kubernetes"
    )
    address = (
        found["items"][0]["endpoints"][0]["addresses"][0],
        found["items"][0]["ports"][0]["port"],
    )
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=5):
        yield
        return
    with socket.create_server(address) as server:
        threading.Thread(
            target=_serve, args=(server, ("127.0.0.1", address[1])), daemon=True
        ).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, to: Address) -> None:
    with contextlib.suppress(OSError):  # it ends when it is shut
        while True:
            here = server.accept()[0]
            there = socket.create_connection(to)
            for pair in ((here, there), (there, here)):
                threading.Thread(target=_hand_on, args=pair, daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
