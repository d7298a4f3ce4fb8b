"""What is found in a registry, and what is not believed of it.

The registry is a stand-in, tests/infra/registry/standin.py; a real one: infra/docker/test_push.py.
"""

from datetime import UTC, datetime

import pytest

from infra.registry.client import COMMIT, VERSION, Pushed
from infra.release.tag import Tag
from movierec.errors import BadInput, CorruptFile, Unavailable
from tests.infra.registry.conftest import registry_of
from tests.infra.registry.standin import (
    DOCKER,
    DOCKER_LIST,
    INDEX,
    OCI,
    Standin,
    body,
    digest,
    encoded,
    error,
)

LABELS = {VERSION: "svd@v1.4.0", COMMIT: "c" * 40}
NAMED = "movierec/manifests/svd-v1.4.0"


@pytest.mark.parametrize("kind", [OCI, DOCKER])
def test_what_a_tag_is_there_is_found_by_digest(standin: Standin, tag: Tag, kind: str) -> None:
    made = standin.put_image("movierec", "svd-v1.4.0", LABELS, kind)
    found = registry_of(standin).find(tag)
    assert found.reference == f"{standin.host}/movierec@{made}"
    assert (found.commit, found.version, found.digest) == ("c" * 40, "svd@v1.4.0", made)


def test_a_registry_may_have_it_below_a_path(standin: Standin, tag: Tag) -> None:
    made = standin.put_image("team/a/movierec", "svd-v1.4.0", LABELS)
    found = registry_of(standin, registry=f"{standin.host}/team/a").find(tag)
    assert found.reference == f"{standin.host}/team/a/movierec@{made}"


@pytest.mark.parametrize("kind", [INDEX, DOCKER_LIST])
def test_an_index_is_found_by_its_own_digest(standin: Standin, tag: Tag, kind: str) -> None:
    """Attestations beside the images are about them, and no images."""
    entries = [
        {"digest": standin.put_image("movierec", "one", LABELS), "platform": {"os": "linux"}},
        {"digest": standin.put_image("movierec", "two", LABELS, DOCKER)},
        {"digest": digest(b"attested"), "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    index = encoded({"schemaVersion": 2, "mediaType": kind, "manifests": entries})
    own = standin.put_manifest("movierec", "svd-v1.4.0", index, kind)
    found = registry_of(standin).find(tag)
    assert found.reference.endswith(f"@{own}") and found.version == "svd@v1.4.0"
    assert len(found.configs) == 2


def test_an_index_of_two_releases_is_none(standin: Standin, tag: Tag) -> None:
    others = {**LABELS, COMMIT: "d" * 40}
    entries = [{"digest": standin.put_image("movierec", "x", said)} for said in (LABELS, others)]
    index = encoded({"schemaVersion": 2, "manifests": entries})
    standin.put_manifest("movierec", "svd-v1.4.0", index, INDEX)
    with pytest.raises(BadInput, match="2 releases under one name"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("entries", [[], [{"digest": digest(b"")}] * 17, [{}], [1], {}, None])
def test_an_index_of_nothing_or_of_too_much_is_refused(
    standin: Standin, tag: Tag, entries: object
) -> None:
    index = encoded({"schemaVersion": 2, "manifests": entries})
    standin.put_manifest("movierec", "svd-v1.4.0", index, INDEX)
    with pytest.raises(Unavailable, match=r"index of \d+ images|without digests"):
        registry_of(standin).find(tag)
    assert len(standin.asked) == 1


def test_an_image_without_labels_says_nothing(standin: Standin) -> None:
    made = standin.put_image("movierec", "x", {})
    assert registry_of(standin).look("movierec:x") == Pushed(
        f"{standin.host}/movierec@{made}", "", "", ({"config": {"Labels": {}},
        "rootfs": {"diff_ids": []}},),
    )  # fmt: skip


@pytest.mark.parametrize("code", ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"])
def test_a_tag_that_is_not_there_says_how_it_gets_there(
    standin: Standin, tag: Tag, code: str
) -> None:
    standin.put(NAMED, error(404, code))
    with pytest.raises(BadInput) as missing:
        registry_of(standin).find(tag)
    assert str(missing.value) == (
        f"{standin.host} has no movierec:svd-v1.4.0; "
        "`python -m infra.release image svd@v1.4.0 --push` puts it there"
    )


@pytest.mark.parametrize(
    "said", [b"<html>not found</html>", b"{}", b'{"errors": {}}', b'{"errors": [{"code": "X"}]}']
)
def test_what_is_no_registry_has_not_said_that_a_tag_is_missing(
    standin: Standin, tag: Tag, said: bytes
) -> None:
    standin.put(NAMED, body(said, status=404))
    with pytest.raises(Unavailable, match="the registry answers 404; is it one"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("status", [204, 301, 307, 400, 429, 500, 503])
def test_another_status_is_no_answer(standin: Standin, tag: Tag, status: int) -> None:
    standin.put(NAMED, body(b"", {"Location": f"http://{standin.host}/other"}, status))
    with pytest.raises(Unavailable, match=f"the registry answers {status}"):
        registry_of(standin).find(tag)
    assert len(standin.asked) == 1, "a manifest is where it is asked for"


def test_a_manifest_of_another_digest_than_named_is_not_taken(standin: Standin, tag: Tag) -> None:
    manifest = encoded({"schemaVersion": 2, "config": {"digest": digest(b"x")}})
    headers = {"Content-Type": OCI, "Docker-Content-Digest": digest(b"another")}
    standin.put(NAMED, body(manifest, headers))
    with pytest.raises(CorruptFile, match=f"{digest(b'another')}.*{digest(manifest)}"):
        registry_of(standin).find(tag)


def test_a_registry_that_names_no_digest_is_believed_by_the_bytes(
    standin: Standin, tag: Tag
) -> None:
    config = encoded({"config": {"Labels": LABELS}})
    standin.put(f"movierec/blobs/{digest(config)}", body(config))
    manifest = encoded({"config": {"digest": digest(config)}})
    standin.put(NAMED, body(manifest, {"Content-Type": OCI}))
    assert registry_of(standin).find(tag).digest == digest(manifest)


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
def test_what_is_asked_for_by_digest_has_it(standin: Standin, tag: Tag, kind: str) -> None:
    one = standin.put_image("movierec", "one", LABELS)
    index = encoded({"schemaVersion": 2, "manifests": [{"digest": one}]})
    standin.put_manifest("movierec", "svd-v1.4.0", index, INDEX)
    [path] = [
        p for p in standin.answers if f"/{kind}/sha256" in p and not p.endswith(digest(index))
    ]
    standin.answers[path] = body(encoded({"config": {"Labels": LABELS}}), {"Content-Type": OCI})
    with pytest.raises(CorruptFile, match=f"where {path[-71:]} should be"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize(
    ("manifest", "kind", "says"),
    [
        (b"<html>log in</html>", "text/html", "no manifest but 'text/html'"),
        (b"[" * 100_000, OCI, "no manifest but"),
        (b"[]", OCI, "no manifest but"),
        (b"{}", "", "no manifest but ''"),
        (b'{"mediaType": 1}', OCI, "no manifest but '1'"),
        (b'{"schemaVersion": 1}', "application/vnd.docker.distribution.manifest.v1+json", "v1"),
        (b'{"manifests": []}', OCI, "contradicts itself"),
        (b"{}", INDEX, "contradicts itself"),
        (b"{}", OCI, "without digests"),
        (b'{"config": []}', OCI, "without digests"),
        (b'{"config": {"digest": "sha256:beef"}}', OCI, "without digests"),
        (b'{"config": {"digest": "../../x"}}', OCI, "without digests"),
    ],
)
def test_what_is_no_manifest_is_not_read_as_one(
    standin: Standin, tag: Tag, manifest: bytes, kind: str, says: str
) -> None:
    standin.put(NAMED, body(manifest, {"Content-Type": kind}))
    with pytest.raises(Unavailable, match=says):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("config", [b"", b"null", b"[]", b"\xff"])
def test_a_configuration_that_is_none_is_refused(standin: Standin, tag: Tag, config: bytes) -> None:
    standin.put(f"movierec/blobs/{digest(config)}", body(config))
    manifest = encoded({"config": {"digest": digest(config)}})
    standin.put(NAMED, body(manifest, {"Content-Type": OCI}))
    with pytest.raises(Unavailable, match="has no configuration of it"):
        registry_of(standin).find(tag)


@pytest.mark.parametrize("inside", [None, [], {"Labels": None}, {"Labels": {VERSION: 1}}])
def test_labels_that_are_none_say_nothing(standin: Standin, tag: Tag, inside: object) -> None:
    config = encoded({"config": inside})
    standin.put(f"movierec/blobs/{digest(config)}", body(config))
    standin.put(NAMED, body(encoded({"config": {"digest": digest(config)}}), {"Content-Type": OCI}))
    found = registry_of(standin).find(tag)
    assert (found.commit, found.version) == ("", "")


def test_another_release_has_a_name_of_its_own(standin: Standin) -> None:
    standin.put_image("movierec", "svd-v1.4.0", LABELS)
    other = Tag("svdpp@v1.4.0", "svdpp", "v1.4.0", "c" * 40, datetime(2026, 11, 1, tzinfo=UTC))
    with pytest.raises(BadInput, match=r"has no movierec:svdpp-v1\.4\.0"):
        registry_of(standin).find(other)
