"""Bring a release to its users: through Rancher, by digest, and back when it does not serve.

    python -m infra.release deploy svd@v1.4.0
    python -m infra.release deploy svd@v1.4.0 --image movierec:svd-v1.4.0   # without a registry

The registry says which content the tag's image has, and its labels must name the tag and its
commit. The Deployment of the tag's kind gets that image by its digest; each pod is replaced once
its successor is ready; then the router is asked for lists, which must come from the new model
alone. When the new pods do not serve, or the lists are wrong, the image that was there before is
put back. Killed at any moment, it is run again: it finishes, or puts back.

--image names the image itself, and no registry is asked: by its digest (name@sha256:…), or by a
name that the cluster's machines have. A name without a digest is said to be one, since it may
become another content.

Settings are DEPLOY_… (`python -m infra.rancher.settings` lists them), and IMAGES_… of the registry.

exit status:
  0  it serves all, now or before
  1  it did not serve; what was there before is put back, if there was anything
  2  something is to be mended: a line says what. What was begun stays: run it again
  3  somebody else set another image meanwhile: theirs stays
"""

import argparse
import re
import sys

from infra.rancher.access import connect
from infra.rancher.client import Deployments
from infra.rancher.rollout import Arm, Begun, Failed, Overtaken
from infra.rancher.settings import DeploySettings
from infra.rancher.smoke import smoke
from infra.registry.client import Registry
from infra.registry.settings import ImagesSettings
from infra.release.options import manual, shared
from infra.release.tag import Tag, resolve
from movierec.cli import run
from movierec.errors import BadInput, UserError

BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


def main(arguments: list[str]) -> int:
    """Deploy one release; its exit status."""
    options = parse(arguments)
    settings = DeploySettings.from_environment()
    tag = resolve(options.repo, options.tag)
    image = options.image or pushed_image(tag)
    if not BY_DIGEST.fullmatch(image):
        print(f"{image} is no image by digest: what it is may change on each of the machines")
    with connect(settings) as api:
        return deploy(Arm(Deployments(api, settings), tag.kind), tag, image)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("deploy", __doc__, "deploy [-h] [--repo FOLDER] [--image REFERENCE] TAG")
    parser.add_argument("tag", metavar="TAG", help="such as svd@v1.4.0")
    shared(parser, "repo")
    parser.add_argument("--image", metavar="REFERENCE", help="this image (the registry's)")
    return parser.parse_args(arguments)


def pushed_image(tag: Tag) -> str:
    """What the registry has under a release's name, by digest. Raises BadInput when it is an image
    of another release or commit."""
    pushed = Registry(ImagesSettings.from_environment()).find(tag)
    if (pushed.version, pushed.commit) != (tag.name, tag.commit):
        raise BadInput(
            f"{pushed.reference} is called {tag.image}, and its labels say"
            f" {pushed.version or 'no release'} of commit {pushed.commit or 'unknown'}, where"
            f" {tag.name} is commit {tag.commit}: that name was pushed by something else"
        )
    return pushed.reference


def deploy(arm: Arm, tag: Tag, image: str) -> int:
    """Bring an arm to an image, prove it, or put the old one back; the exit status."""
    begun: Begun | None = None
    try:
        begun = arm.begin(image, f"{tag.name} of {tag.commit}: {image}")
        print(f"{arm.name}: {image} is set; waiting for its pods", flush=True)
        arm.wait(image, begun.stale)
        tiers = smoke(arm, image, tag.name)
        arm.prove(image)
    except Failed as failed:
        assert begun
        return put_back(arm, tag, image, begun.before, str(failed))
    except Overtaken as overtaken:
        return say(f"{tag.name}: somebody was first: {overtaken}", 3)
    said = ", ".join(f"{count} {tier}" for tier, count in sorted(tiers.items()))
    print(f"{tag.name}: out, all pods have {image}; lists through the router: {said}")
    return 0


def put_back(arm: Arm, tag: Tag, image: str, before: str | None, why: str) -> int:
    """Put the old image back where the new one is, and wait for it; the exit status."""
    failed = f"{tag.name} does not serve: {why}"
    if before is None:
        return say(f"{failed}; nothing is put back, {image} had been there before", 1)
    print(f"{failed}; putting {before} back", flush=True)
    try:
        stale = arm.put_back(image, before, f"{before}, since {tag.name} did not serve")
        arm.wait(before, stale)
    except Overtaken as overtaken:
        return say(f"{failed}; and somebody was first: {overtaken}", 3)
    except Failed as again:
        return say(f"{failed}; {before} is put back, and not out either: {again}", 1)
    except UserError as error:
        raise type(error)(f"{failed}; {before} could not be put back: {error}") from None
    return say(f"{failed}; {before} is put back", 1)


def say(line: str, status: int) -> int:
    """Tell on stderr why a status is not 0."""
    print("error:", " ".join(line.split()), file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    run(main)
