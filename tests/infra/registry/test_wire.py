"""How a registry is asked: whom credentials go to, and how much and how long is listened to.

The registry is a stand-in, tests/infra/registry/standin.py; a real one: infra/docker/test_push.py.
"""

import base64
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from infra.registry import wire
from infra.registry.client import COMMIT, VERSION
from infra.release.tag import Tag
from movierec.errors import CorruptFile, Unavailable
from tests.infra.registry.certificates import certify
from tests.infra.registry.conftest import registry_of
from tests.infra.registry.standin import OCI, Standin, body, encoded, nobody, standing

NAMED = "movierec/manifests/svd-v1.4.0"
LABELS = {VERSION: "svd@v1.4.0", COMMIT: "c" * 40}
WHO = {"user": "pusher", "password": "päss:word"}
BASIC = "Basic " + base64.b64encode("pusher:päss:word".encode()).decode()


def guarded(challenge: str, wanted: str) -> object:
    """Lets in who shows `wanted`; asks others by a challenge. Where tokens are made is no part."""

    def guard(request: BaseHTTPRequestHandler) -> bool:
        if request.path.startswith("/token") or request.headers["Authorization"] == wanted:
            return False
        body(b"{}", {"WWW-Authenticate": challenge}, 401)(request)
        return True

    return guard


def shown(standin: Standin) -> list[str | None]:
    """What came as Authorization, in order."""
    return [headers.get("authorization") for _, headers in standin.asked]


def test_credentials_are_sent_once_they_are_asked_for(standin: Standin, tag: Tag) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    standin.guard = guarded('Basic realm="x"', BASIC)
    assert registry_of(standin, **WHO).find(tag).version == "svd@v1.4.0"
    assert shown(standin) == [None, BASIC, BASIC]


def test_a_registry_that_asks_nobody_gets_no_credentials(standin: Standin, tag: Tag) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    registry_of(standin, **WHO).find(tag)
    assert shown(standin) == [None, None]


@pytest.mark.parametrize("key", ["token", "access_token"])
@pytest.mark.parametrize("given", [{}, WHO])
def test_a_token_is_fetched_where_the_registry_says(
    standin: Standin, tag: Tag, key: str, given: dict[str, str]
) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    asked = f'Bearer realm="http://{standin.host}/token",service="s p",scope="all:of:it"'
    standin.guard = guarded(asked, "Bearer abc.def")
    path = "/token?service=s+p&scope=repository%3Amovierec%3Apull"
    standin.answers[path] = body(encoded({key: "abc.def"}))
    assert registry_of(standin, **given).find(tag).version == "svd@v1.4.0"
    basic = BASIC if given else None
    assert shown(standin) == [None, basic, "Bearer abc.def", "Bearer abc.def"]
    assert standin.asked[1][0] == path, "to read, and nothing more"


@pytest.mark.parametrize(
    ("challenge", "says"),
    [
        ("", "in no way known"),
        ("Negotiate", "in no way known"),
        ('Bearer service="x"', "in no way known"),
        ('Bearer realm="http://192.0.2.1/token"', "leads out of HTTPS: not followed"),
        ('Bearer realm="file:///etc/passwd"', "leads out of HTTPS: not followed"),
        ('Bearer realm="/token"', "leads out of HTTPS: not followed"),
        ('Bearer realm="https:///token"', "leads out of HTTPS: not followed"),
    ],
)
def test_a_challenge_that_leads_astray_gets_no_credentials(
    standin: Standin, tag: Tag, challenge: str, says: str
) -> None:
    standin.guard = guarded(challenge, "never")
    with pytest.raises(Unavailable, match=says):
        registry_of(standin, **WHO).find(tag)
    assert shown(standin) == [None]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Bearer realm="http://{}/token"'])
def test_credentials_that_are_refused_are_told_by_their_user(
    standin: Standin, tag: Tag, challenge: str, status: int
) -> None:
    standin.guard = guarded(challenge.format(standin.host), "never")
    token = "/token?service=&scope=repository%3Amovierec%3Apull"
    standin.answers[token] = body(b"{}", status=status)
    with pytest.raises(Unavailable) as refused:
        registry_of(standin, **WHO).find(tag)
    name = f"the registry {standin.host}"
    assert str(refused.value) == f"{name} refuses the credentials of pusher"


def test_without_credentials_it_says_which_to_set(standin: Standin, tag: Tag) -> None:
    standin.guard = guarded('Basic realm="x"', "never")
    with pytest.raises(Unavailable, match="set IMAGES_USER and IMAGES_PASSWORD"):
        registry_of(standin).find(tag)
    standin.guard = lambda request: body(b"{}", status=403)(request) is None
    with pytest.raises(Unavailable, match="of nobody: IMAGES_USER is not set"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("made", [b"", b"[]", b'{"token": 1}', b'{"token": "a\\r\\nb"}', b"{}"])
def test_a_token_that_is_none_is_not_shown(standin: Standin, tag: Tag, made: bytes) -> None:
    standin.guard = guarded(f'Bearer realm="http://{standin.host}/token"', "never")
    standin.answers["/token?service=&scope=repository%3Amovierec%3Apull"] = body(made)
    with pytest.raises(Unavailable, match="none is given"):
        registry_of(standin, **WHO).find(tag)


def moved(location: str, standin: Standin) -> str:
    """Have the image's configuration be elsewhere; its path."""
    [path] = [p for p in standin.answers if "/blobs/" in p]
    standin.answers[path] = body(b"", {"Location": location}, 307)
    return path


def test_a_blob_may_be_elsewhere_and_is_asked_for_without_credentials(
    standin: Standin, tag: Tag
) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    standin.guard = guarded('Basic realm="x"', BASIC)
    with standing() as store:
        store.answers["/kept?signed=1"] = next(
            v for k, v in standin.answers.items() if "/blobs/" in k
        )
        moved(f"http://{store.host}/kept?signed=1", standin)
        assert registry_of(standin, **WHO).find(tag).version == "svd@v1.4.0"
    assert shown(store) == [None]


def test_a_blob_that_another_puts_there_is_not_taken(standin: Standin, tag: Tag) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    with standing() as store:
        store.answers["/kept"] = body(encoded({"config": {"Labels": {VERSION: "svd@v9"}}}))
        moved(f"http://{store.host}/kept", standin)
        with pytest.raises(CorruptFile, match="should be; push again"):
            registry_of(standin).find(tag)


@pytest.mark.parametrize("to", ["http://192.0.2.1/x", "file:///etc/passwd", "//192.0.2.1/x"])
def test_a_blob_is_not_looked_for_in_clear_text(standin: Standin, tag: Tag, to: str) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    moved(to, standin)
    with pytest.raises(Unavailable, match="leads out of HTTPS: not followed"):
        registry_of(standin).find(tag)


def test_a_circle_of_redirects_ends(standin: Standin, tag: Tag) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    path = moved("", standin)
    with pytest.raises(Unavailable, match="has no configuration of it"):
        registry_of(standin).find(tag)
    assert [asked for asked, _ in standin.asked].count(path) == 1 + wire.HOPS


def test_a_body_that_is_cut_off_is_none(standin: Standin, tag: Tag) -> None:
    def cut(request: BaseHTTPRequestHandler) -> None:
        body(b"{}", {"Content-Length": "200", "Content-Type": OCI})(request)
        request.close_connection = True

    standin.put(NAMED, cut)
    with pytest.raises(Unavailable, match=r"no whole answer: (ProtocolError|IncompleteRead)"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_an_end_is_left(standin: Standin, tag: Tag, chunked: bool) -> None:
    sent = 0

    def endless(request: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        request.send_response(200)
        request.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("X-None", "1")))
        request.end_headers()
        while True:
            sent += request.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

    standin.put(NAMED, endless)
    with pytest.raises(Unavailable, match="answers more than 4 MiB: stopped"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_drips_is_left_in_time(standin: Standin, tag: Tag, chunked: bool) -> None:
    """Each byte comes in time, the whole never."""

    def dripping(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("X-None", "1")))
        request.end_headers()
        while True:
            request.wfile.write(b"1\r\n \r\n" if chunked else b" ")
            time.sleep(0.05)

    standin.put(NAMED, dripping)
    with pytest.raises(Unavailable, match=r"no whole answer in 1 s \(IMAGES_SECONDS\)"):
        registry_of(standin, seconds=1).find(tag)


def test_a_registry_that_says_nothing_is_left_in_time(standin: Standin, tag: Tag) -> None:
    standin.guard = lambda request: bool(request.rfile.read())
    with pytest.raises(Unavailable, match=r"no whole answer in 1 s \(IMAGES_SECONDS\)"):
        registry_of(standin, seconds=1).find(tag)


def test_a_registry_that_is_gone_is_told_by_its_name(standin: Standin, tag: Tag) -> None:
    gone = nobody()
    with pytest.raises(Unavailable, match=f"the registry {gone}: no whole answer: NewConnection"):
        registry_of(standin, registry=gone).find(tag)


def test_what_speaks_no_http_is_no_registry(standin: Standin, tag: Tag) -> None:
    standin.guard = lambda request: bool(request.wfile.write(b"SSH-2.0-x\r\n\r\n" + b"x" * 100))
    with pytest.raises(Unavailable, match="no whole answer"):
        registry_of(standin).find(tag)


def test_a_registry_is_known_by_who_signed_its_certificate(
    standin: Standin, tag: Tag, tmp_path: Path
) -> None:
    certified, others = certify(tmp_path / "own"), certify(tmp_path / "other")
    with standing(certified) as own:
        own.put_image("movierec", "svd-v1.4.0", LABELS)
        own.guard = guarded('Basic realm="x"', BASIC)
        trusted = registry_of(own, tls=True, ca=str(certified.ca), **WHO)
        assert trusted.find(tag).version == "svd@v1.4.0"
        own.asked.clear()
        for ca in (None, str(others.ca)):
            with pytest.raises(Unavailable, match=r"not trusted: .*IMAGES_CA names"):
                registry_of(own, tls=True, ca=ca, **WHO).find(tag)
        elsewhere = f"[::ffff:127.0.0.1]:{own.port}"
        with pytest.raises(Unavailable, match=r"certificate is not trusted: "):
            registry_of(own, registry=elsewhere, tls=True, ca=str(certified.ca)).find(tag)
        assert own.asked == []


def test_who_wants_tls_asks_and_is_led_nowhere_without(
    standin: Standin, tag: Tag, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        registry_of(standin, tls=True).find(tag)
    assert standin.asked == []
    certified = certify(tmp_path)
    with standing(certified) as own:
        own.guard = guarded(f'Bearer realm="http://{standin.host}/token"', "never")
        with pytest.raises(Unavailable, match="leads out of HTTPS"):
            registry_of(own, tls=True, ca=str(certified.ca), **WHO).find(tag)
    assert standin.asked == []
