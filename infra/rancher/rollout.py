"""One Deployment brought to another image, and back when that does not serve.

All that must outlive this process is in the Deployment itself: with the image, in the same PATCH,
goes an annotation that says which image is being tried and which was there before. It is taken away
when the new one is proven, or with the old one put back. So whoever is killed is run again, knows
what to put back, and finishes.
"""

import json
import time
from dataclasses import dataclass
from typing import NamedTuple

from infra.kubernetes.cluster import is_rolled_out
from infra.rancher.client import Deployments, Passing, Thing
from movierec.errors import BadInput

CONTAINER = "app"
TRYING = "movierec/trying"
CAUSE = "kubernetes.io/change-cause"
"""As `kubectl rollout history` shows it. It is not in the pods' template, where the image alone
changes: so the old one put back finds its old pods."""
POLL_SECONDS = 1.0


class Failed(Exception):
    """The new image does not serve: put the old one back."""


class Overtaken(Exception):
    """Somebody else set another image meanwhile: theirs stays."""


class Begun(NamedTuple):
    """A rollout that is under way."""

    before: str | None
    """The image to put back; None where nobody is trying the new one: it was there before."""
    stale: Thing | None
    """What the controller said of progress before the image changed: nothing of this rollout."""


@dataclass(frozen=True)
class Arm:
    """The Deployment `name`, an arm of the experiment."""

    deployments: Deployments
    name: str

    def begin(self, image: str, cause: str) -> Begun:
        """Set an image where it is another. Raises Overtaken when somebody was first."""
        first: str | None = None
        stale: Thing | None = None
        patience = self.deployments.patience()
        while True:
            now = self.deployments.read(self.name)
            there, proven = image_of(now), proven_image(now)
            if now["spec"].get("paused"):
                raise BadInput(f"{self.name} is paused: `kubectl rollout resume` it")
            if there == image:
                return Begun(proven if proven != image else None, stale)
            if first not in (None, there):
                raise Overtaken(f"{self.name} was {first}, and is {there} now")
            first, stale = there, progress_of(now)
            trying = json.dumps({"image": image, "before": proven})
            try:
                self._set(now, image, {CAUSE: cause, TRYING: trying})
            except Passing as fault:
                patience.wait(fault, fault.after)

    def wait(self, image: str, stale: Thing | None) -> None:
        """Until every pod has the image. Raises Failed when that will not be, Overtaken when
        another image was set."""
        began = time.monotonic()
        while True:
            now, waited = self.deployments.read(self.name), time.monotonic() - began
            self._is_still(now, image)
            if is_rolled_out(now):
                return
            if why := given_up(now, stale, waited):
                raise Failed(f"{why}{self._complaints(image)}")
            if waited > self.deployments.settings.rollout_seconds:
                raise Failed(f"not out after {waited:.0f} s{self._complaints(image)}")
            time.sleep(POLL_SECONDS)

    def prove(self, image: str) -> None:
        """Say of the image that it serves: nothing is put back from here on."""
        self._change(image, image, {TRYING: None})

    def put_back(self, image: str, before: str, cause: str) -> Thing | None:
        """Set the old image where the new one is; what was said of progress until then. Raises
        Overtaken when there is neither."""
        return self._change(image, before, {CAUSE: cause, TRYING: None})

    def _change(self, present: str, image: str, notes: Thing) -> Thing | None:
        stale: Thing | None = None
        patience = self.deployments.patience()
        while True:
            now = self.deployments.read(self.name)
            if image_of(now) == image and TRYING not in annotations(now):
                return stale
            self._is_still(now, present)
            stale = progress_of(now)
            try:
                self._set(now, image, notes)
            except Passing as fault:
                patience.wait(fault, fault.after)

    def _set(self, now: Thing, image: str, notes: Thing) -> None:
        """With the version that was read, so that a change in between is a 409 and not lost."""
        version = now["metadata"]["resourceVersion"]
        change: Thing = {"metadata": {"resourceVersion": version, "annotations": notes}}
        if image_of(now) != image:
            containers = [{"name": CONTAINER, "image": image}]
            change["spec"] = {"template": {"spec": {"containers": containers}}}
        self.deployments.patch(self.name, change)

    def _is_still(self, now: Thing, image: str) -> None:
        if (there := image_of(now)) != image:
            raise Overtaken(f"{self.name} was set to {image}, and is {there} now")

    def _complaints(self, image: str) -> str:
        """Why pods of an image do not serve, as the cluster has it."""
        said = {why for pod in self.deployments.pods(self.name) for why in waiting(pod, image)}
        return "".join(f"; {why}" for why in sorted(said))


def image_of(deployment: Thing) -> str:
    """The image that a Deployment is to have."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    images = [str(one["image"]) for one in containers if one["name"] == CONTAINER]
    if not images:
        raise BadInput(f"{deployment['metadata']['name']} has no container `{CONTAINER}`")
    return images[0]


def annotations(deployment: Thing) -> dict[str, str]:
    """A Deployment's annotations."""
    return deployment["metadata"].get("annotations") or {}


def proven_image(deployment: Thing) -> str:
    """The image that a Deployment had before somebody began to try the present one; else that."""
    present = image_of(deployment)
    try:
        trying = json.loads(annotations(deployment).get(TRYING, "{}"))
        # Of another image: somebody set this one by hand since then.
        return str(trying["before"]) if trying.get("image") == present else present
    except (ValueError, KeyError, AttributeError):  # somebody's own
        return present


def progress_of(deployment: Thing) -> Thing | None:
    """The controller's condition `Progressing`."""
    conditions = deployment.get("status", {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == "Progressing"), None)


def given_up(deployment: Thing, stale: Thing | None, waited: float) -> str:
    """What the controller says when it has given a rollout up; else nothing.

    An update to an image that was there before begins with the condition of the last one, and keeps
    it when it fails as well: then our own clock says when it is over.
    """
    condition, status = progress_of(deployment), deployment.get("status", {})
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    if not seen or not condition or condition.get("reason") != "ProgressDeadlineExceeded":
        return ""
    if condition == stale and waited < deployment["spec"].get("progressDeadlineSeconds", 600):
        return ""
    return str(condition.get("message") or condition["reason"])


def waiting(pod: Thing, image: str) -> list[str]:
    """What keeps the container of a pod of this image waiting, or ended it."""
    spec = {one["name"]: one["image"] for one in pod["spec"]["containers"]}
    if spec.get(CONTAINER) != image:
        return []
    told = []
    for status in pod["status"].get("containerStatuses") or []:
        state = status.get("state", {}).get("waiting") or {}
        ended = (status.get("lastState") or {}).get("terminated") or {}
        said = [state.get("reason"), state.get("message"), ended.get("message")]
        told += [": ".join(text for text in said if text)]
    return [why for why in told if why]
