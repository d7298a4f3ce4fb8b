"""Whether the new model answers: through the router, as users are, and by every pod's own word."""

import re
import ssl
import time
from collections import Counter

import urllib3

from infra.kubernetes.order import is_ready
from infra.rancher import rollout
from infra.rancher.client import Thing
from infra.rancher.rollout import CONTAINER, Arm, Failed
from infra.rancher.settings import DeploySettings
from movierec.lines.events import MOVIE

MOST = 20
"""Movies of a list."""
IDS = re.compile(rf"{MOVIE}(?:,{MOVIE}){{0,{MOST - 1}}}")
SECONDS = 10.0
"""For one answer; the router itself ends after less than one."""
NOT_SERVING = urllib3.exceptions.HTTPError


def smoke(arm: Arm, image: str, model: str) -> Counter[str]:
    """Ask until all is well: every pod has the image and is ready, and the router has the list of
    every user of the settings from `model`. Returns the tiers of these answers.

    Raises Failed with what was last wrong, after the settings' time. A pod that is ending may
    answer for some seconds yet. Which pod answers is the Services' choice: one client meets one
    pod of an arm, so of the others there is the kubelet's word, which asks each for /readyz.
    """
    settings = arm.deployments.settings
    until = time.monotonic() + settings.smoke_seconds
    while True:
        wrong, tiers = pods_wrong(arm.deployments.pods(arm.name), image), Counter[str]()
        if not wrong:
            wrong, tiers = lists_wrong(settings, arm.name, model)
        if not wrong:
            return tiers
        if time.monotonic() > until:
            raise Failed(wrong)
        time.sleep(rollout.POLL_SECONDS)


def pods_wrong(pods: list[Thing], image: str) -> str:
    """What is wrong with the pods that are not ending, or nothing."""
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    for pod in staying:
        name = pod["metadata"]["name"]
        images = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
        if images.get(CONTAINER) != image:
            return f"pod {name} has {images.get(CONTAINER)}"
        if not is_ready(pod):
            return f"pod {name} is not ready"
    return "" if staying else "there is no pod"


def lists_wrong(settings: DeploySettings, arm: str, model: str) -> tuple[str, Counter[str]]:
    """What is wrong with an arm's answers through the router, or nothing; and their tiers."""
    context = ssl.create_default_context()
    if settings.ca:
        context.load_verify_locations(settings.ca)
    tiers: Counter[str] = Counter()
    with urllib3.PoolManager(ssl_context=context, retries=False, timeout=SECONDS) as router:
        for user in settings.users:
            url = f"{settings.router.rstrip('/')}/arms/{arm}/recommend/{user}"
            try:
                # A connection each: the next may be another pod's.
                answer = router.request("GET", url, headers={"Connection": "close"})
            except NOT_SERVING as error:
                return f"{url}: {type(error).__name__}: {error}", tiers
            if wrong := list_wrong(
                answer.status, answer.headers.get("X-Model"), answer.data, model
            ):
                return f"{url}: {wrong}", tiers
            tiers[answer.headers.get("X-Answer-Tier", "no tier")] += 1
    return "", tiers


def list_wrong(status: int, by: str | None, body: bytes, model: str) -> str:
    """What is wrong with one answer, or nothing.

    >>> list_wrong(200, "svd@v1.4.0", b"jaws+1975,up+2009", "svd@v1.4.0")
    ''
    >>> list_wrong(200, "svd@v1.3.0", b"jaws+1975,up+2009", "svd@v1.4.0")
    'X-Model is svd@v1.3.0, not svd@v1.4.0'
    """
    text = body.decode(errors="replace")
    if status != 200:
        return f"{status} {text.strip()[:100]!r}"
    if by != model:
        return f"X-Model is {by}, not {model}"
    if not IDS.fullmatch(text) or len(set(text.split(","))) <= text.count(","):
        return f"no list of 1 to {MOST} different movies: {text[:100]!r}"
    return ""
