"""A stand-in for Rancher, for tests: it is not Rancher, which cannot be had here.

It has what a release meets of it, as read in Rancher's source: HTTPS by a certificate of a private
authority, `/k8s/clusters/ID/…` of one cluster, bearer tokens that end or are of another cluster,
the bodies of its errors, and that it asks the cluster's API server in the name of the token's user
and groups. It has no user interface, no `/v3`, no agent and no tunnel. Faults come on order.

What is behind it is given: `Deployments` of deployments.py, or a real API server.
"""

import json
import re
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Protocol

from tests.infra.registry.certificates import Certified

CLUSTER = "c-m-x2v9k7qp"
PREFIX = f"/k8s/clusters/{CLUSTER}"
UNAUTHORIZED = b'{"type":"error","status":"401","message":"Unauthorized 401: must authenticate"}\n'
NO_CLUSTER = b'{"Code":{"Code":"NotFound","Status":404},"Message":"clusterID not found"}'
Headers = dict[str, str]


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: Headers
    body: bytes


class Behind(Protocol):
    """What the stand-in hands requests on to."""

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Reply: ...


@dataclass
class Token:
    """A key, as its user made it."""

    user: str = "u-ci"
    groups: tuple[str, ...] = ("movierec:deployers", "system:authenticated")
    scope: str = ""
    """The only cluster that it is good for, where it has one."""
    expires: float = float("inf")


@dataclass
class Fault:
    """What becomes of the next `times` requests of a method."""

    method: str = "GET"
    times: int = 1
    reply: Reply | None = None
    """Answered in place of the cluster. Without it: the connection is cut."""
    carried_out: bool = False
    """The cluster does it all the same: the answer alone is lost."""
    hangs: bool = False
    """Nothing comes until the stand-in stops, and the connection is kept."""
    cut_short: bool = False
    """Half of the cluster's answer comes."""
    before: Callable[[], None] | None = None
    """Done before the cluster is asked, and then all is as it would have been."""


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    headers: Headers
    body: bytes


@dataclass
class StandIn:
    """Serves between enter and exit; `asked` are the requests that came, `faults` those to come."""

    behind: Behind
    certified: Certified
    tokens: dict[str, Token]
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Of its own."""
    each: Callable[[int, str], None] = lambda number, moment: None
    """Called `before` and `after` the cluster is asked, with the number of the request, from 1."""

    def __enter__(self) -> "StandIn":
        self.stopped = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certified.certificate, self.certified.key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.standin, self.server.context = self, context
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        assert not self.errors

    @property
    def url(self) -> str:
        """The cluster's, as Rancher shows it."""
        return f"https://127.0.0.1:{self.server.server_address[1]}{PREFIX}"

    def refusal(self, path: str, authorization: str) -> Reply | None:
        """Rancher's own answer to a request that it does not hand on."""
        token = self.tokens.get(authorization.removeprefix("Bearer "))
        asked_for = re.match(r"/k8s/clusters/([^/]+)/", path)
        if (
            not token
            or token.expires < time.time()
            or (token.scope and asked_for and token.scope != asked_for[1])
        ):
            return Reply(401, {"Content-Type": "application/json"}, UNAUTHORIZED)
        if not path.startswith(f"{PREFIX}/"):
            return Reply(404, {"Content-Type": "text/plain; charset=utf-8"}, NO_CLUSTER)
        return None

    def impersonating(self, headers: Headers) -> Headers:
        """A request's headers as the API server gets them: in the name of the token's user."""
        token = self.tokens[headers["Authorization"].removeprefix("Bearer ")]
        kept = {name: headers[name] for name in ("Accept", "Content-Type") if name in headers}
        groups = ",".join(token.groups)  # the API server takes one header each: see real.py
        return kept | {"Impersonate-User": token.user, "Impersonate-Group": groups}

    def fault_of(self, method: str) -> Fault | None:
        """The first ordered fault that is for a method."""
        for fault in self.faults:
            if fault.method == method:
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None


class Server(ThreadingHTTPServer):
    """Shakes hands in the thread of the connection, so that nobody waits for another."""

    daemon_threads = True
    standin: StandIn
    context: ssl.SSLContext

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away, or does not trust us, is no news."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.standin.errors.append(repr(error))


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20  # an answer is one packet, and none waits for an acknowledgement
    server: Server

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self.one()

    def do_PATCH(self) -> None:
        self.one()

    def one(self) -> None:
        """One request."""
        standin = self.server.standin
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.title(): text for name, text in self.headers.items()}
        standin.asked.append(Asked(self.command, self.path, headers, body))
        number = len(standin.asked)
        standin.each(number, "before")
        fault = standin.fault_of(self.command)
        if fault and fault.before:
            fault.before()
            fault = None
        reply = fault.reply if fault else None
        if not fault or fault.carried_out or fault.cut_short:
            answer = self.answer(headers, body)
            reply = reply or answer
        standin.each(number, "after")
        if fault and fault.hangs:
            standin.stopped.wait()
        if fault and not fault.reply and not fault.cut_short:
            self.close_connection = True
            return
        assert reply
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if fault and fault.cut_short:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
            return
        self.wfile.write(reply.body)

    def answer(self, headers: Headers, body: bytes) -> Reply:
        """Rancher's own, or the cluster's."""
        standin = self.server.standin
        refused = standin.refusal(self.path, headers.get("Authorization", ""))
        if refused:
            return refused
        path = self.path.removeprefix(PREFIX)
        return standin.behind.answer(self.command, path, standin.impersonating(headers), body)


def status(code: int, reason: str, message: str) -> Reply:
    """An API server's error."""
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message}
    body = json.dumps(told | {"reason": reason, "code": code}).encode()
    return Reply(code, {"Content-Type": "application/json"}, body)
