"""Deployments of a namespace by the Kubernetes API, as Rancher's proxy hands it on.

What is final stops with a line that says what to mend; what passes is asked again for a while. What
Rancher answers when, from its source: 401 for any token it does not take; the API server's own 403,
404, 409, 422 and 429; 500 and plain text when its tunnel to the cluster is broken; 503 while the
cluster is not there; 502 and 504 from what stands before it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import urllib3
from kubernetes.client import ApiClient, ApiException

from infra.rancher.patience import Patience
from infra.rancher.settings import DeploySettings
from movierec.errors import BadInput

Thing = dict[str, Any]
DEPLOYMENT = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
PODS = "/api/v1/namespaces/{namespace}/pods"
CONFIG = "/api/v1/namespaces/{namespace}/configmaps/{name}"
STRATEGIC = "application/strategic-merge-patch+json"
"""Containers are merged by their names, annotations by theirs."""
CONFLICT, TOO_MANY = 409, 429
MEND = {
    401: "the token was refused: it is wrong, expired, disabled, or of another cluster's scope;"
    " make another key, and set DEPLOY_TOKEN or KUBECONFIG",
    403: "the token's user may not do that: bind it to the namespace's Role `deployer`",
    404: "nothing is there: look at the cluster's id in DEPLOY_URL, at DEPLOY_NAMESPACE, and"
    " whether everything was applied once",
    422: "the API server takes the change for invalid",
}
SAID = 300
"""Letters of an answer that are told: a proxy's page may be long."""


class Passing(Exception):
    """There is no answer now, or not for us: the same may be had later."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after
        """Seconds that the answer asks to wait."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Deployments:
    """Those of the namespace that `settings` name, by the client `api`."""

    api: ApiClient
    settings: DeploySettings

    def patience(self) -> Patience:
        """For one thing that is wanted."""
        return Patience(self.settings.patience_seconds)

    def read(self, name: str) -> Thing:
        """A Deployment as it is now. Raises BadInput and Unavailable."""
        return self._read(DEPLOYMENT, name, "Deployment")

    def pods(self, name: str) -> list[Thing]:
        """The pods of a Deployment, those that are ending among them. Raises as `read` does."""
        found = self._read(PODS, name, "PodList")
        return list(found["items"])

    def config(self, name: str) -> Thing:
        """A ConfigMap as it is now. Raises as `read` does."""
        return self._read(CONFIG, name, "ConfigMap")

    def patch(self, name: str, change: Thing, path: str = DEPLOYMENT) -> None:
        """Change a Deployment, or what else `path` is of, once. Raises Passing also when nobody
        knows whether it is changed: read it before you try again. Raises BadInput for what is
        final."""
        answer = self._ask("PATCH", path, name, change)
        if answer.status == CONFLICT:
            raise Passing(f"PATCH {name}: 409, it was changed meanwhile")
        self._judge(answer, f"PATCH {name}")

    def _read(self, path: str, name: str, kind: str) -> Thing:
        patience = self.patience()
        while True:
            try:
                answer = self._ask("GET", path, name)
                self._judge(answer, f"GET {name}")
                return as_thing(answer, kind)
            except Passing as fault:
                patience.wait(fault, fault.after)

    def _ask(self, method: str, path: str, name: str, change: Thing | None = None) -> Answer:
        """One answer, whatever its status. Raises Passing when there is none, BadInput when the
        other side is not who it should be."""
        headers = {"Accept": "application/json"}
        request = self.api.param_serialize(
            method,
            path,
            {"namespace": self.settings.namespace, "name": name},
            [("labelSelector", f"app.kubernetes.io/name={name}")] if path == PODS else [],
            headers | ({"Content-Type": STRATEGIC} if change else {}),
            body=change,
            auth_settings=["BearerToken"],
        )
        try:
            told = self.api.call_api(*request, _request_timeout=self.settings.request_seconds)
            return Answer(told.status, told.headers, told.read())
        except (ApiException, urllib3.exceptions.HTTPError, OSError) as error:
            said = str(getattr(error, "reason", None) or error)
            if "CERTIFICATE_VERIFY_FAILED" in said:
                raise BadInput(
                    f"{self.api.configuration.host}: its certificate is none that we believe:"
                    " compare its fingerprint and that of DEPLOY_CA (or of KUBECONFIG's"
                    f" certificate-authority-data): {said}"
                ) from None
            raise Passing(f"{method} {name}: {type(error).__name__}: {said}") from None

    def _judge(self, answer: Answer, what: str) -> None:
        """Raises Passing for a fault that passes, BadInput for any other answer than 200."""
        if answer.status == 200:
            return
        why = f"{what}: {answer.status} {self._said(answer)}"
        if answer.status == TOO_MANY or answer.status >= 500:
            raise Passing(why, seconds_of(answer.headers.get("Retry-After")))
        remedy = MEND.get(answer.status, "that is no answer of a cluster; look at DEPLOY_URL")
        raise BadInput(f"{why}: {remedy}")

    def _said(self, answer: Answer) -> str:
        """What an answer says, in a line, and without the token: a proxy may have put it there."""
        text = answer.body.decode(errors="replace")
        if isinstance(document := parsed(answer.body), dict):
            text = str(document.get("message") or document.get("Message") or text)
        bearer = self.api.configuration.api_key.get("BearerToken", "").removeprefix("Bearer ")
        if bearer:
            text = text.replace(bearer, "…")
        return repr(" ".join(text.split())[:SAID])


def as_thing(answer: Answer, kind: str) -> Thing:
    """The object of an answer; BadInput when it is another one, such as a page to log in."""
    document = parsed(answer.body)
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise BadInput(f"the answer is no {kind}: is DEPLOY_URL https://RANCHER/k8s/clusters/ID?")
    return document


def parsed(body: bytes) -> Any:
    """A body's JSON; None for any other text: Rancher sends some as what they are not."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def seconds_of(text: str | None) -> float | None:
    """The seconds of a Retry-After; None without one, or where it is a date.

    >>> seconds_of("7"), seconds_of("Fri, 27 Nov 2026 12:00:00 GMT"), seconds_of(None)
    (7.0, None, None)
    """
    return float(text) if text and text.isascii() and text.isdigit() else None
