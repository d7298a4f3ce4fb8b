"""The router before the in-memory Deployments: each answer is the next pod's, as its image says."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from tests.infra.rancher.deployments import Deployments

LIST = b"jaws+1975,up+2009,heat+1995"


@dataclass
class Router:
    """Serves between enter and exit."""

    deployments: Deployments
    models: dict[str, str]
    """image → what its X-Model says."""
    body: bytes = LIST
    status: int = 200
    bad: int = 0
    """So many answers are as `status` and `body` say; those behind are good. 0: all of them."""
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> "Router":
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.router = self
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    router: Router


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        router = self.server.router
        router.asked.append(self.path)
        _, arms, arm, recommend, _ = self.path.split("/")
        assert (arms, recommend) == ("arms", "recommend")
        ready = [pod for pod in router.deployments.named[arm].pods if pod["ready"]]
        pod = ready[len(router.asked) % len(ready)]
        good = bool(router.bad) and len(router.asked) > router.bad
        self.send_response(200 if good else router.status)
        self.send_header("X-Model", router.models[pod["image"]])
        self.send_header("X-Answer-Tier", "model")
        self.end_headers()
        self.wfile.write(LIST if good else router.body)
