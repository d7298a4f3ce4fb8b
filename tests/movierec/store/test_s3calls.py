"""Requests to S3 that fail: how often they are tried, and what the last error says."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from movierec.errors import Unavailable
from movierec.store.s3 import S3
from movierec.store.s3calls import connect
from movierec.store.storage import at
from movierec.url import Url, root_of
from tests.brokers.s3 import Fault, Proxy, serving
from tests.infra.release.s3 import certify
from tests.movierec.store.objects import content_of, writes

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("s3_environment")]


def test_what_does_not_pass_ends_after_the_tries(behind: S3, s3_proxy: Proxy) -> None:
    s3_proxy.judge = lambda request: Fault(503, "SlowDown")
    told = rf"{re.escape(s3_proxy.endpoint)}: 503 SlowDown, 4 times, for put_object of '.*/f/a'"
    with pytest.raises(Unavailable, match=told):
        behind.put_new("f/a", writes(b"x"))
    assert behind.calls.made["put_object"] == 4


WRONG = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "wrong-4712"}


@pytest.mark.parametrize("variable", WRONG)
def test_a_wrong_key_is_named_without_the_secret(
    root: Url, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, WRONG[variable])
    calls = connect()
    told = r"^S3 at http://127\.0\.0\.1:\d+: 40[34] \w+ for list_objects_v2 of .*; check the key"
    with pytest.raises(Unavailable, match=told) as error:
        S3(root, calls).names("")
    assert "4711" not in str(error.value) and "4712" not in str(error.value)
    calls.client.close()


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "RequestTimeTooSkewed", "its clock and that of this machine differ"),
        (403, "AccessDenied", "check the key"),
        (400, "AuthorizationHeaderMalformed", "the bucket is in another region"),
        (501, "NotImplemented", "the store needs conditional writes"),
    ],
)
def test_what_no_second_try_mends_ends_at_once(
    behind: S3, s3_proxy: Proxy, status: int, code: str, told: str
) -> None:
    s3_proxy.judge = lambda request: Fault(status, code)
    with pytest.raises(Unavailable, match=f"{status} {code} for put_object .*; {told}"):
        behind.put_new("f/a", writes(b"x"))
    assert behind.calls.made["put_object"] == 1


def test_a_certificate_of_our_own_is_trusted_when_it_is_named(
    root: Url, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certify(certificate, key)
    with serving(tmp_path, "--cert", str(certificate), "--key", str(key)) as server:
        where = server.endpoint.replace("http", "https")
        stranger = connect(where)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
        misled = connect(where)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        friend = connect(where)
        for calls in (stranger, misled):
            with pytest.raises(Unavailable, match=r"none that we trust.*; set AWS_CA_BUNDLE"):
                S3(root, calls).names("")
            assert calls.made["list_objects_v2"] == 1
        assert S3(root, friend).names("") == []
        for calls in (stranger, misled, friend):
            calls.client.close()


def test_a_missing_bucket_is_named(s3_environment: None) -> None:
    root = root_of("s3://nobucket/movierec")
    with pytest.raises(
        Unavailable, match=r"404 NoSuchBucket .* in bucket nobucket; make the bucket"
    ):
        at(root).names("")


def test_no_key_at_all(root: Url, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    calls = connect()
    with pytest.raises(Unavailable, match="no key to show"):
        S3(root, calls).names("")
    calls.client.close()


def test_nobody_listens(root: Url) -> None:
    calls = replace(connect("http://127.0.0.1:9", attempts=2), sleep=lambda seconds: None)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9: no whole answer .*, 2 times"):
        S3(root, calls).names("")
    calls.client.close()


def test_threads_share_a_client(storage: S3) -> None:
    storage.put_new("f/a", writes(b"x"))
    gone = threading.Barrier(8)

    def read(_: int) -> bytes:
        gone.wait()
        return content_of(storage, "f/a")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(8))) == {b"x"}
