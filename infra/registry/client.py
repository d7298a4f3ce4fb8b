"""What a registry has under an image's name, by the OCI distribution API.

Everything that is asked for by a digest is checked by it, and a tag's manifest by its own: what is
deployed by that digest is what was looked at here.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from infra.registry.settings import ImagesSettings
from infra.registry.wire import Answer, Wire
from infra.release.tag import Tag
from movierec.errors import BadInput, CorruptFile, Unavailable

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
ABSENT = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"}
"""How registries name what they have not; any other 404 is no registry's."""
MOST_PLATFORMS = 16
VERSION = "org.opencontainers.image.version"
COMMIT = "org.opencontainers.image.revision"


@dataclass(frozen=True)
class Pushed:
    """An image in a registry."""

    reference: str
    """`host[:port]/path@sha256:…`: this content and no other, whatever its tag becomes."""
    commit: str
    """Of its label `org.opencontainers.image.revision`; empty without one."""
    version: str
    """Of `org.opencontainers.image.version`, such as `svd@v1.4.0`; empty without one."""
    configs: tuple[dict[str, Any], ...] = ()
    """What each platform's image says of itself: `config`, with its labels, and `rootfs`."""

    @property
    def digest(self) -> str:
        """`sha256:…` of its manifest."""
        return self.reference.partition("@")[2]


class Registry:
    """A registry of images that answers what it has."""

    def __init__(self, settings: ImagesSettings) -> None:
        self.settings = settings
        self._wire = Wire(settings)

    def find(self, tag: Tag) -> Pushed:
        """What it has under a release's name. Raises BadInput when that is nothing, Unavailable
        when it does not answer or lets nobody in, CorruptFile when content and digest differ."""
        if (found := self.look(tag.image)) is None:
            raise BadInput(
                f"{self.settings.registry} has no {tag.image}; "
                f"`python -m infra.release image {tag.name} --push` puts it there"
            )
        return found

    def look(self, image: str) -> Pushed | None:
        """What it has under `name:tag`; None when that is nothing. Raises as `find` does."""
        name, _, tag = image.partition(":")
        repository = self.settings.repository(name)
        answer = self._wire.get(
            repository, f"manifests/{tag}", accept=", ".join(MANIFESTS + INDEXES)
        )
        if is_absent(answer):
            return None
        digest = digest_of(answer, image)
        configs = tuple(
            self._config(repository, manifest, image)
            for manifest in self._manifests(repository, read(answer, image), image)
        )
        said = {(label(config, COMMIT), label(config, VERSION)) for config in configs}
        if len(said) != 1:
            raise BadInput(f"{image}: {len(said)} releases under one name in the registry")
        commit, version = said.pop()
        return Pushed(f"{self.settings.registry}/{name}@{digest}", commit, version, configs)

    def _manifests(
        self, repository: str, found: dict[str, Any], image: str
    ) -> list[dict[str, Any]]:
        """The manifests of an index, those of attestations aside, or the one that was found."""
        if "manifests" not in found:
            return [found]
        entries = [e for e in listed(found, "manifests", image) if not is_attestation(e)]
        if not 0 < len(entries) <= MOST_PLATFORMS:
            raise Unavailable(f"{image}: an index of {len(entries)} images in the registry")
        return [
            read(self._by_digest(repository, "manifests", entry, image), image) for entry in entries
        ]

    def _config(self, repository: str, manifest: dict[str, Any], image: str) -> dict[str, Any]:
        [entry] = listed({"config": [manifest.get("config")]}, "config", image)
        answer = self._by_digest(repository, "blobs", entry, image)
        config = answer.json()
        if not isinstance(config, dict):
            raise Unavailable(f"{image}: the registry has no configuration of it")
        return config

    def _by_digest(self, repository: str, kind: str, entry: dict[str, Any], image: str) -> Answer:
        asked = entry["digest"]
        answer = self._wire.get(
            repository,
            f"{kind}/{asked}",
            accept=", ".join(MANIFESTS) if kind == "manifests" else "*/*",
            follow=True,
        )
        if answer.status == 200 and (has := sha256(answer.body)) != asked:
            raise CorruptFile(f"{image}: {has} in the registry where {asked} should be; push again")
        return answer


def is_absent(answer: Answer) -> bool:
    """Whether a registry says, in its own words, that it has no such thing."""
    said = answer.json() if answer.status == 404 else None
    errors = said.get("errors") if isinstance(said, dict) else None
    if not isinstance(errors, list):
        return False
    return any(isinstance(error, dict) and error.get("code") in ABSENT for error in errors)


def digest_of(answer: Answer, image: str) -> str:
    """The digest of a manifest that was asked for by a tag. Raises CorruptFile when the registry
    names another than its bytes have."""
    has = sha256(answer.body)
    named = answer.headers.get("docker-content-digest", has)
    if answer.status == 200 and named != has:
        raise CorruptFile(f"{image}: the registry names the digest {named[:80]!r} of what is {has}")
    return has


def read(answer: Answer, image: str) -> dict[str, Any]:
    """A manifest or an index. Raises Unavailable for any other answer."""
    if answer.status != 200:
        raise Unavailable(f"{image}: the registry answers {answer.status}; is it one? ask again")
    found = answer.json()
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if isinstance(found, dict):
        kind = found.get("mediaType", kind)
    if not isinstance(found, dict) or kind not in MANIFESTS + INDEXES:
        raise Unavailable(f"{image}: the registry answers no manifest but {str(kind)[:80]!r}")
    if (kind in INDEXES) != ("manifests" in found):
        raise Unavailable(f"{image}: the registry answers a manifest that contradicts itself")
    return found


def listed(found: dict[str, Any], key: str, image: str) -> list[dict[str, Any]]:
    """The descriptors under `key`, each with a digest. Raises Unavailable for anything else."""
    entries = found[key]
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and DIGEST.fullmatch(str(entry.get("digest"))) for entry in entries
    ):
        raise Unavailable(f"{image}: the registry answers a manifest without digests by SHA-256")
    return entries


def is_attestation(entry: dict[str, Any]) -> bool:
    """Whether an entry of an index is about an image, and none: builders add those."""
    platform = entry.get("platform")
    return isinstance(platform, dict) and platform.get("os") == "unknown"


def label(config: dict[str, Any], name: str) -> str:
    """An image's label; empty when it has none of that name."""
    inside = config.get("config")
    labels = inside.get("Labels") if isinstance(inside, dict) else None
    value = labels.get(name) if isinstance(labels, dict) else None
    return value if isinstance(value, str) else ""


def sha256(content: bytes) -> str:
    """The digest of bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
