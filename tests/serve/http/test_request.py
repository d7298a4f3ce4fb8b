"""Bytes → requests: in any pieces, and nothing that two readers could read in two ways."""

import pytest

from serve.http.limits import BODY_BYTES, HEAD_BYTES
from serve.http.request import HURRIED, Reader, Refusal, Request, parts

POST = (
    b"POST /ok?a=%2B HTTP/1.1\r\nHost: x\r\nX-Request-Id: 7\r\nX_Request_Id: 8\r\nA: 1\r\nA: 2\r\n"
)


def read(data: bytes, step: int | None = None) -> list[Request | Refusal]:
    reader = Reader()
    for start in range(0, len(data), step or len(data)):
        reader.feed(memoryview(data)[start : start + (step or len(data))])
    return list(reader.whole)


@pytest.mark.parametrize("step", [None, 1, 2, 7])
@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nHost: trailer\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
def test_requests_come_whole_and_in_order_whatever_the_pieces(body: bytes, step: int) -> None:
    get = b"GET /two HTTP/1.0\r\n\r\n"
    first, second = read(POST + body + get, step)
    assert isinstance(first, Request) and isinstance(second, Request)
    environ = first.environ("80")
    assert environ["wsgi.input"].read() == b"hello"
    asked = {key: text for key, text in environ.items() if not key.startswith("wsgi.")}
    assert asked == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/ok",
        "QUERY_STRING": "a=%2B",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "x",
        "HTTP_X_REQUEST_ID": "7",  # and not what would pass for it
        "HTTP_A": "1, 2",
        "CONTENT_LENGTH": "5",
        HURRIED: False,
    }
    assert first.keep_alive
    assert (second.path, second.version, second.keep_alive) == ("/two", "1.0", False)


def smuggled(*lines: str, body: str = "") -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: x", *lines, "", body]).encode("latin-1")


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize("step", [None, 1])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (smuggled("Content-Length: 3", CHUNKED, body="0\r\n\r\n"), 400),
        (smuggled(CHUNKED, "Content-Length: 3", body="0\r\n\r\n"), 400),
        (smuggled("Content-Length: 3", "Content-Length: 4", body="abcd"), 400),
        (smuggled("Content-Length: 3", "Content-Length: 3", body="abc"), 400),
        (smuggled("Content-Length: 3, 3", body="abc"), 400),
        (smuggled("Content-Length: +3", body="abc"), 400),
        (smuggled("Content-Length: -3", body="abc"), 400),
        (smuggled("Content-Length: 0x3", body="abc"), 400),
        (smuggled("Content-Length: 99999999999999999999", body="abc"), 400),
        (smuggled("Transfer-Encoding: xchunked", body="0\r\n\r\n"), 400),
        (smuggled("Transfer-Encoding: identity", body="0\r\n\r\n"), 400),
        (smuggled("Transfer-Encoding: gzip, chunked", body="0\r\n\r\n"), 400),
        (smuggled("Transfer-Encoding: chunked, identity", body="0\r\n\r\n"), 400),
        (smuggled(CHUNKED, CHUNKED, body="0\r\n\r\n"), 400),
        (smuggled("Transfer-Encoding : chunked", body="0\r\n\r\n"), 400),
        (smuggled(CHUNKED, body="0\r\n\r\n").replace(b"1.1", b"1.0"), 400),
        (smuggled(CHUNKED, body="zz\r\nabc"), 400),
        (smuggled(CHUNKED, body="0x3\r\nabc\r\n0\r\n\r\n"), 400),
        (smuggled(CHUNKED, body="-1\r\nabc"), 400),
        (smuggled(CHUNKED, body="ffffffffffffffffff\r\nabc"), 400),
        (smuggled(CHUNKED, body="3\r\nabcd\r\n0\r\n\r\n"), 400),
        (smuggled(CHUNKED, body="3\nabc\n0\n\n"), 400),
        (smuggled("A: b", " folded"), 400),
        (smuggled("A: b\rc"), 400),
        (smuggled("A: b\nX-Model: evil"), 400),
        (smuggled("A: b\0c"), 400),
        (smuggled("A\xff: b"), 400),
        (smuggled("nonsense"), 400),
        (smuggled("Host: y"), 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.9\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\0\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\0", 400),
        (b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * HEAD_BYTES, 431),
        (b"GET / HTTP/1.1\r\nX-A: " + b"b" * 2 * HEAD_BYTES, 431),
        (smuggled(f"Content-Length: {BODY_BYTES + 1}"), 413),
        (smuggled(CHUNKED, body=f"{BODY_BYTES:x}\r\n{'a' * BODY_BYTES}\r\n1\r\nb\r\n"), 413),
    ],
)
def test_what_could_be_read_in_two_ways_or_is_too_much_is_refused_once_and_is_the_last(
    sent: bytes, status: int, step: int | None
) -> None:
    found = read(sent + b"GET /evil HTTP/1.1\r\nHost: x\r\n\r\n", step)
    assert [refusal.status for refusal in found if isinstance(refusal, Refusal)] == [status]
    assert len(found) == 1
    assert "\n" not in found[0].line and len(found[0].line) < 200


def test_a_head_that_does_not_end_is_refused_before_it_does() -> None:
    found = read(b"GET / HTTP/1.1\r\nX-A: " + b"b" * 3 * HEAD_BYTES, HEAD_BYTES)
    assert [refusal.status for refusal in found if isinstance(refusal, Refusal)] == [431]


@pytest.mark.parametrize("sent", [b"FOO / HTTP/1.1\r\n", b"get / HTTP/1.1\r\n", b"G"])
def test_a_method_that_http_does_not_know_is_told_apart_from_what_is_no_http(sent: bytes) -> None:
    statuses = {b"FOO / HTTP/1.1\r\n": [501], b"get / HTTP/1.1\r\n": [400], b"G": []}
    assert [refusal.status for refusal in read(sent)] == statuses[sent]


@pytest.mark.parametrize("size", [HEAD_BYTES - 100, HEAD_BYTES])
def test_a_head_just_below_the_limit_is_read_also_behind_another_request(size: int) -> None:
    small = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    large = b"GET /b HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * size + b"\r\n\r\n"
    found = read(small * 500 + large, 16 * 1024)
    assert [type(item) for item in found[:500]] == [Request] * 500
    assert isinstance(found[500], Request if size < HEAD_BYTES else Refusal)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["close", "upgrade", "connect"],
)
def test_nothing_is_read_behind_a_request_that_is_the_last(head: bytes) -> None:
    (request,) = read(head + b"GET /evil HTTP/1.1\r\nHost: x\r\n\r\n")
    assert isinstance(request, Request) and not request.keep_alive


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%2Bb%C3%A9?c=%2B&d", "/a+b\xc3\xa9", "c=%2B&d"),
        (b"http://site:1/a?b", "/a", "b"),
        (b"http://site", "/", ""),
        (b"//a/b#c", "/a/b", ""),
        (b"/%2F//a//b", "/a//b", ""),
        (b"http://site//a", "/a", ""),
        (b"*", "*", ""),
        (b"/a?b=http://c", "/a", "b=http://c"),
    ],
)
def test_path_and_query_of_every_form(target: bytes, path: str, query: str) -> None:
    assert parts(target) == (path, query)
