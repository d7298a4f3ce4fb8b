"""Bytes of a connection → requests, whole and in order, or the refusal that ends it."""

import re
import sys
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from serve.http.limits import BODY_BYTES, HEAD_BYTES

HURRIED = "movierec.hurried"
"""The key of `environ` that says True when there is no time for more than the quickest answer."""
WORD = re.compile(rb"[A-Z]{1,20} [/*]")
NOT_HTTP_1 = "HTTP Version Not Supported: speak HTTP/1.1 or HTTP/1.0"


@dataclass(frozen=True)
class Refusal:
    """Why a connection's bytes are no request; nothing after them is read."""

    status: int
    line: str


@dataclass(slots=True)
class Request:
    """One that came whole."""

    method: str
    path: str
    query: str
    version: str  # 1.0 or 1.1
    fields: dict[str, str]
    """Its headers, under their names in `environ`."""
    keep_alive: bool
    body: bytes
    asked: float = 0.0
    """When it was whole, by the loop's clock."""
    hurried: bool = False

    def environ(self, port: str) -> dict[str, Any]:
        """What WSGI calls a request (PEP 3333)."""
        return {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            HURRIED: self.hurried,
            **self.fields,
        }


class Reader:
    """Reads one connection; llhttp knows the grammar, and here are the limits of size."""

    def __init__(self) -> None:
        self.whole: deque[Request | Refusal] = deque()
        self.begun = False
        """Whether a request has begun that is not whole."""
        self.ended = False
        """Whether whatever comes now is passed over."""
        self.expects = False
        """Whether the client asks to be told to go on before it sends the body."""
        self._parser = HttpRequestParser(self)
        self._head = self._fed = 0

    def feed(self, data: memoryview) -> bool:
        """Read on; whether the last of the bytes is of a request that is not whole yet."""
        if self.ended:
            return False
        first = not self.begun
        self._fed = 0 if first else self._fed + len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:  # to what we do not speak: its request is the last
            if not self.ended and isinstance(last := self.whole[-1], Request):
                last.keep_alive = False
            self.ended = True
        except HttpParserInvalidMethodError:
            named = first and WORD.match(data)
            line = "this service knows no such method; try GET" if named else "this is no HTTP"
            self._refuse(501 if named else 400, line)
        except HttpParserError as error:
            self._refuse(400, f"Bad Request: {error}")
        if self.begun and self._body is None and self._fed > HEAD_BYTES:
            self._refuse_head()
        return self.begun and not self.ended

    def _refuse(self, status: int, line: str) -> None:
        if not self.ended:
            self.ended = True
            self.whole.append(Refusal(status, " ".join(line.split())))

    def _refuse_head(self) -> None:
        self._refuse(431, f"Request Header Fields Too Large: a head has at most {HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.begun, self.expects = True, False
        self._target = b""
        self._fields: dict[str, str] = {}
        self._body: list[bytes] | None = None  # of its parts, when the head is whole
        self._head = self._size = self._fed = 0

    def on_url(self, part: bytes) -> None:
        """Some of the target."""
        self._target += part
        self._head += len(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or behind the body a trailer, which nobody here reads."""
        if self._body is not None:
            return
        self._head += len(name) + len(value) + 4
        if self._head > HEAD_BYTES:
            self._refuse_head()
        key = variable(name)
        if key in self._fields:
            if key in ("HTTP_HOST", "HTTP_TRANSFER_ENCODING"):
                self._refuse(400, f"Bad Request: more than one {name.decode('latin-1')}")
            self._fields[key] += ", " + value.decode("latin-1")
        elif key:
            self._fields[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The end of the head: refuse here what must not even be read."""
        self._body = []
        self._version = self._parser.get_http_version()
        fields = self._fields
        chunked = "chunked" if self._version == "1.1" else ""
        if self._head > HEAD_BYTES:
            self._refuse_head()
        elif self._version not in ("1.1", "1.0"):
            self._refuse(505, NOT_HTTP_1)
        elif self._version == "1.1" and "HTTP_HOST" not in fields:
            self._refuse(400, "Bad Request: no Host")
        elif int(fields.get("CONTENT_LENGTH", 0)) > BODY_BYTES:
            self._refuse_body()
        elif fields.pop("HTTP_TRANSFER_ENCODING", chunked).lower() != chunked:
            self._refuse(400, "Bad Request: Transfer-Encoding may be chunked, in HTTP/1.1")
        expected = fields.get("HTTP_EXPECT", "").lower()
        self.expects = self._version == "1.1" and expected == "100-continue"

    def on_body(self, part: bytes) -> None:
        """Some of the body, without the marks of its chunks."""
        self._size += len(part)
        if self._size > BODY_BYTES:
            self._refuse_body()
        elif self._body is not None:
            self._body.append(part)

    def _refuse_body(self) -> None:
        self._refuse(413, f"Content Too Large: a body has at most {BODY_BYTES} bytes")

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self.begun = False
        if self.ended:
            return
        keep_alive = self._parser.should_keep_alive()
        method = self._parser.get_method().decode("latin-1")
        path, query = parts(self._target)
        body = b"".join(self._body or ())
        if body:  # of chunks, too
            self._fields["CONTENT_LENGTH"] = str(len(body))
        self.whole.append(
            Request(method, path, query, self._version, self._fields, keep_alive, body)
        )
        self.ended = not keep_alive


@lru_cache(1024)
def variable(name: bytes) -> str:
    """A header's name in `environ`; none for one with `_`, which could pass for another's.

    >>> variable(b"X-Request-Id"), variable(b"Content-Type"), variable(b"X_Request-Id")
    ('HTTP_X_REQUEST_ID', 'CONTENT_TYPE', '')
    """
    if b"_" in name:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def parts(target: bytes) -> tuple[str, str]:
    """Path, decoded, and query, as it is, in WSGI's latin-1, of any form of target.

    >>> parts(b"/similar/jaws%2B1975?exclude=a")
    ('/similar/jaws+1975', 'exclude=a')
    >>> parts(b"http://site/similar/a"), parts(b"*"), parts(b"//a#b")
    (('/similar/a', ''), ('*', ''), ('/a', ''))
    """
    text = target.partition(b"#")[0].decode("latin-1")
    if not text.startswith("/") and "://" in text:
        split = urlsplit(text)
        path, query = split.path or "/", split.query
    else:
        path, _, query = text.partition("?")
    if "%" in path:
        path = unquote_to_bytes(path).decode("latin-1")
    if path.startswith("//"):  # Werkzeug reads one: what is spared or aside must be the same
        path = "/" + path.lstrip("/")
    return path, query
