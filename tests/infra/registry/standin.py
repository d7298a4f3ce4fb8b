"""A stand-in for a registry of images: answers that a test puts into it, and what it was asked.

It keeps no images. What a registry that keeps them says is asked of Debian's `docker-registry`, in
tests/infra/docker/test_push.py.
"""

import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.infra.registry.certificates import Certified

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Standin:
    """What it answers by path, and the requests that came: (path, headers)."""

    port: int = 0
    answers: dict[str, Handler] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    guard: Callable[[BaseHTTPRequestHandler], bool] | None = None
    """Answers itself, and says so, when somebody is not to be let in."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def put(self, path: str, handler: Handler) -> None:
        """Have `handler` answer what is asked for below /v2/."""
        self.answers[f"/v2/{path}"] = handler

    def put_image(self, name: str, tag: str, labels: dict[str, str], kind: str = OCI) -> str:
        """An image without layers; the digest of its manifest."""
        config = encoded({"config": {"Labels": labels}, "rootfs": {"diff_ids": []}})
        self.put(f"{name}/blobs/{digest(config)}", body(config))
        manifest = encoded(
            {"schemaVersion": 2, "mediaType": kind, "config": {"digest": digest(config)}}
        )
        return self.put_manifest(name, tag, manifest, kind)

    def put_manifest(self, name: str, tag: str, manifest: bytes, kind: str) -> str:
        """A manifest by its tag and its digest, which is returned."""
        own = digest(manifest)
        for reference in (tag, own):
            self.put(
                f"{name}/manifests/{reference}",
                body(manifest, {"Content-Type": kind, "Docker-Content-Digest": own}),
            )
        return own


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def body(content: bytes, headers: dict[str, str] | None = None, status: int = 200) -> Handler:
    """Answers with bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def error(status: int, code: str, headers: dict[str, str] | None = None) -> Handler:
    """Answers with an error in the words of a registry."""
    return body(encoded({"errors": [{"code": code, "message": "no"}]}), headers, status)


class Server(ThreadingHTTPServer):
    """Silent of clients who leave."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def standing(certified: Certified | None = None) -> Iterator[Standin]:
    """A stand-in that answers on loopback; by TLS with a certificate."""
    own = Standin()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            own.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            if own.guard is not None and own.guard(self):
                return
            answer = own.answers.get(self.path, error(404, "MANIFEST_UNKNOWN"))
            try:
                answer(self)
            except ConnectionError:  # whoever asked has heard enough
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Answering) as server:
        if certified is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certified.certificate, certified.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        own.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield own
        finally:
            server.shutdown()
            thread.join()


def nobody() -> str:
    """`host:port` where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"127.0.0.1:{closed.getsockname()[1]}"
