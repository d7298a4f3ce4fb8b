"""Where the other arms are."""

import pytest

from serve.peers import PEERS, Peer


def test_an_arm_and_its_address() -> None:
    assert PEERS.parse("svdpp=http://svdpp:8080") == (Peer("svdpp", "svdpp", 8080),)
    assert PEERS.parse("b=http://10.0.0.1:1/, c=http://c.d-e:65535") == (
        Peer("b", "10.0.0.1", 1),
        Peer("c", "c.d-e", 65535),
    )
    assert PEERS.parse("b=http://svc.site.:80") == (Peer("b", "svc.site.", 80),)


@pytest.mark.parametrize(
    "text",
    [
        "svdpp",
        "svdpp=svdpp:8080",
        "svdpp=https://svdpp:8080",
        "svdpp=http://svdpp",
        "svdpp=http://svdpp:0",
        "svdpp=http://svdpp:65536",
        "svdpp=http://user@svdpp:80",
        "svdpp=http://svdpp:80/path",
        "a/b=http://svdpp:80",
        "A_b=http://svdpp:80",
        "a=http://b:1,a=http://c:1",
        "a=http://b:1,",
        "a=http://b:1\nb",
        "a=http://b..c:1",
        f"a=http://{'b' * 64}:1",
        f"a=http://{'b.' * 127}b:1",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        PEERS.parse(text)
