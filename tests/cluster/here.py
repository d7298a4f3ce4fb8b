"""This machine as a node of the cluster: its address, and a door to what listens on loopback."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from infra.kubernetes.cluster import Cluster


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
    with _Door(address, _Passing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Door(socketserver.ThreadingTCPServer):
    """Ends when the last of its connections has."""

    allow_reuse_address = True


class _Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Hand a connection on, both ways, to the same port of loopback."""
        with socket.create_connection(("127.0.0.1", self.request.getsockname()[1])) as there:
            back = threading.Thread(target=_hand_on, args=(there, self.request))
            back.start()
            _hand_on(self.request, there)
            back.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
