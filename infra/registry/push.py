"""From an image of Docker's engine to the registry, once: a name there keeps its content."""

import json
import re
from dataclasses import dataclass
from typing import Any

from infra.registry.client import Pushed, Registry
from infra.registry.engine import Docker, let_in
from movierec.errors import BadInput, Unavailable

PUSHED = re.compile(r"digest: (sha256:[0-9a-f]{64})")
EMPTY = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
"""Of a layer without files: some builders make one for WORKDIR."""


class Overtaken(Unavailable):
    """Somebody pushed another content under the same name meanwhile: look what, push again."""


@dataclass(frozen=True)
class Image:
    """An image of Docker's engine."""

    name: str
    """`name:tag`, without a registry."""
    identity: str
    """`sha256:…`: as the engine calls it, which no registry does."""
    config: dict[str, Any]
    """What it says of itself, as `Pushed.configs` has it."""


def inspect(name: str, identity: str) -> Image:
    """An image that the engine has under an id, and what it is to be called."""
    [found] = json.loads(Docker().run("image", "inspect", identity, about=f"{name}: docker"))
    rootfs = {"diff_ids": found["RootFS"]["Layers"]}
    return Image(name, found["Id"], {"config": found["Config"], "rootfs": rootfs})


def push(registry: Registry, image: Image) -> tuple[Pushed, bool]:
    """Have the registry keep an image under its name; what it has, and whether that is new.

    Raises BadInput when it keeps another content under it, Overtaken when it does afterwards.
    """
    if (found := registry.look(image.name)) is not None:
        check_same(found, image)
        return found, False
    settings = registry.settings
    name = f"{settings.registry}/{image.name}"
    Docker().run("tag", image.identity, name, about=f"docker tag {name}")
    with let_in(settings) as docker:
        try:
            said = docker.run("push", name, about=f"docker push {name}")
        except Unavailable as error:
            raise Unavailable(f"{error}{hint(str(error), settings.host)}") from None
    found, digest = registry.look(image.name), PUSHED.search(said)
    if found is None or digest is None or found.digest != digest[1]:
        has = found.digest if found else "nothing"
        raise Overtaken(f"{name}: somebody was first: it is {has} there; push again")
    check_same(found, image)
    return found, True


def take(registry: Registry, reference: str) -> None:
    """Have Docker's engine hold an image as the registry has it."""
    with let_in(registry.settings) as docker:
        docker.run("pull", "--quiet", reference, about=f"docker pull {reference}")


def hint(said: str, host: str) -> str:
    """What is to be set up where Docker's engine runs, and no client can."""
    if "x509" not in said:
        return ""
    return f"; Docker's engine looks for who signed in /etc/docker/certs.d/{host}/ca.crt"


def check_same(found: Pushed, image: Image) -> None:
    """Raises BadInput when the registry keeps something else under an image's name."""
    if not any(content(config) == content(image.config) for config in found.configs):
        raise BadInput(
            f"{found.reference} has the name {image.name} in the registry, and {image.identity} is"
            f" another content: a name keeps its content; release what is new under a new tag"
        )


def content(config: dict[str, Any]) -> tuple[Any, ...]:
    """What makes an image the one that it is: its top layer (code and model), its labels, and what
    it runs as whom.

    The base and the packages below are not part of it: Docker stamps the time at which it takes
    the base's pip away, and a base gets its security updates.
    """
    own = config.get("config") or {}
    layers = (config.get("rootfs") or {}).get("diff_ids") or []
    top = [layer for layer in layers if layer != EMPTY][-1:]
    return (top, *(own.get(key) or None for key in ("Labels", "User", "Entrypoint", "Cmd")))
