"""A real S3 server for the tests of the store (versitygw), and a proxy before it that does what
networks and servers do: lose an answer, refuse for now, cut a body."""

import contextlib
import http.client
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from movierec.store.s3calls import shared

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "movierec", "canary-4711"
BUCKET = "bucket"
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]
START_SECONDS = 60.0


class Server:
    """versitygw on a folder; killed and started again it listens where it did."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        (folder / "objects" / BUCKET).mkdir(parents=True)
        script = [str(ROOT / "infra/ci/versitygw.sh")]
        done = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True)
        self.program = done.stdout.strip()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Listen, and wait until it does."""
        where = ["--port", f"127.0.0.1:{self.port}", "--quiet", *self.options]
        command = [self.program, *where, "posix", str(self.folder / "objects")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*DIE_WITH_PARENT, *command],
                env={**os.environ, "ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < deadline and self.process.poll() is None
                time.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


def variables(endpoint: str) -> dict[str, str]:
    """What a program is told of the server at `endpoint`."""
    return {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """A server, ended behind it."""
    server = Server(folder, *options)
    try:
        yield server
    finally:
        server.kill()


@dataclass
class Request:
    """What came to the proxy."""

    method: str
    path: str

    @property
    def operation(self) -> str:
        """As botocore calls it, as far as the store asks for it."""
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "uploads" in asked:
            many = self.method == "GET"
            return "list_multipart_uploads" if many else "create_multipart_upload"
        if "uploadId" in asked:
            return {
                "PUT": "upload_part",
                "POST": "complete_multipart_upload",
                "DELETE": "abort_multipart_upload",
                "GET": "list_parts",
            }[self.method]
        if "delete" in asked:
            return "delete_objects"
        if "list-type" in asked:
            return "list_objects_v2"
        return f"{self.method.lower()}_object"


@dataclass
class Fault:
    """What becomes of a request: by default it is passed on, and so is the answer."""

    status: int | None = None
    """Answered so by the proxy; the server never hears of it."""
    code: str = ""
    """Of the error; none of what has been done, the proxy says."""
    body: str = ""
    """Answered in place of what the proxy says."""
    before: Callable[[], object] = lambda: None
    """Called before the server is asked."""
    after: Callable[[], object] = lambda: None
    """Called when it has answered, before the answer is passed on."""
    lost: bool = False
    """The answer never comes: the connection ends."""
    cut: int | None = None
    """The answer ends after so many bytes of its body."""


Judge = Callable[[Request], Fault]


@dataclass
class Proxy:
    """Stands before a server; `judge` says what becomes of each request."""

    port: int
    judge: Judge = field(default=lambda request: Fault())
    seen: list[Request] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def proxied(server: Server) -> Iterator[Proxy]:
    """A proxy before `server`."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path)
            with lock:
                proxy.seen.append(request)
                fault = proxy.judge(request)
            if fault.status is not None:
                said = f"<Code>{fault.code}</Code><Message>so</Message>"
                root = "Error" if fault.code else "Done"
                text = (fault.body or f"<{root}>{said}</{root}>").encode()
                self.answer(fault.status, [("Content-Type", "application/xml")], text, None)
                return
            fault.before()
            upstream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            try:
                upstream.putrequest(self.command, self.path, True, True)
                for name, value in self.headers.items():
                    if name.lower() not in ("expect", "connection"):
                        upstream.putheader(name, value)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                content = answer.read()
            except OSError:
                self.close_connection = True
                return
            finally:
                upstream.close()
            fault.after()
            if fault.lost:
                self.close_connection = True
                return
            self.answer(answer.status, answer.getheaders(), content, fault.cut)

        def answer(
            self, status: int, headers: list[tuple[str, str]], content: bytes, cut: int | None
        ) -> None:
            self.send_response_only(status)
            length = str(len(content))
            for name, value in headers:
                if name.lower() == "content-length":
                    length = value  # of a HEAD: of what is there
                elif name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            with contextlib.suppress(OSError):  # the client may have been killed
                self.end_headers()
                self.wfile.write(content if cut is None else content[:cut])
            if cut is not None:
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815

    class Listening(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A client that was killed resets its connections."""

    with Listening(("127.0.0.1", 0), Handler) as listening:
        proxy = Proxy(listening.server_address[1])
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a worker; each has a prefix of its own."""
    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_environment(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The variables by which `storage.at` finds the server, and no client of before."""
    for name, value in variables(s3_server.endpoint).items():
        monkeypatch.setenv(name, value)
    shared.cache_clear()
    yield
    shared().client.close()
    shared.cache_clear()


@pytest.fixture
def s3_proxy(s3_server: Server, s3_environment: None) -> Iterator[Proxy]:
    """A proxy before the server; `connect` by its endpoint to be behind it."""
    with proxied(s3_server) as proxy:
        yield proxy
