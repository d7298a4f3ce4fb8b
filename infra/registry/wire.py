"""Questions to a registry over HTTP: bounded in bytes and time, credentials to whom they are for.

A registry says by a challenge whom it lets in; no credentials are sent before. They go to it, or to
where it says that tokens are made; to neither in clear text, unless on loopback; and to nobody whom
an answer leads on to.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError, TimeoutError
from urllib3.util import Timeout

from infra.registry.settings import ImagesSettings, is_loopback
from movierec.errors import Unavailable

MOST_BYTES = 4 << 20
"""Of an answer: what registries themselves allow a manifest."""
HOPS = 3
"""To the place where a registry keeps its blobs."""
MOVED = {301, 302, 303, 307, 308}
PIECE = 1 << 16
PARAMETER = re.compile(r'([a-z]+)="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    """What a registry answered; the names of headers have no case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Its body; None when that is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Wire:
    """A registry's API: GET alone."""

    def __init__(self, settings: ImagesSettings) -> None:
        self.settings = settings
        self._allowed: dict[str, str] = {}
        self._pool = urllib3.PoolManager(
            cert_reqs="CERT_REQUIRED", ca_certs=settings.ca, retries=False
        )

    def get(self, repository: str, path: str, accept: str = "*/*", follow: bool = False) -> Answer:
        """Ask for `path` of a repository, with credentials once they are asked for; `follow`: go
        where the answer leads, for what is then checked by its digest.

        Raises Unavailable when nothing whole is answered in time, or nobody is let in.
        """
        url = f"{self.settings.url}{repository}/{path}"
        answer = self._ask(url, accept, self._allowed)
        if answer.status == 401:
            challenge = answer.headers.get("www-authenticate", "")
            self._allowed = {"authorization": self._credentials(challenge, repository)}
            answer = self._ask(url, accept, self._allowed)
        if answer.status in (401, 403):
            raise self._refused()
        for _ in range(HOPS):
            if answer.status not in MOVED or not follow:
                break
            url = urljoin(url, answer.headers.get("location", ""))
            self._check_private(url)
            own = urlsplit(url).netloc == self.settings.host
            answer = self._ask(url, accept, self._allowed if own else {})
        return answer

    def _ask(self, url: str, accept: str, headers: Mapping[str, str]) -> Answer:
        deadline = time.monotonic() + self.settings.seconds
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={"accept": accept, "accept-encoding": "identity", **headers},
                preload_content=False,
                decode_content=False,
                redirect=False,
                timeout=Timeout(self.settings.seconds),
            )
            try:
                body = self._whole(response, deadline)
            finally:
                response.close()
        except HTTPError as error:
            raise Unavailable(f"{self._name}: {reason(error, self.settings)}") from None
        return Answer(response.status, response.headers, body)

    def _whole(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        pieces, size = [], 0
        while piece := response.read1(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise Unavailable(f"{self._name} answers more than {MOST_BYTES >> 20} MiB: stopped")
            if time.monotonic() > deadline:
                raise TimeoutError
        return b"".join(pieces)

    def _credentials(self, challenge: str, repository: str) -> str:
        """What a challenge asks for, as the value of Authorization."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return self._basic()["authorization"]
        asked = dict(PARAMETER.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            raise Unavailable(f"{self._name} asks for credentials in no way known: Basic, Bearer")
        scope = {"service": asked.get("service", ""), "scope": f"repository:{repository}:pull"}
        realm = asked["realm"]
        self._check_private(realm)
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(scope)}"
        answer = self._ask(url, "application/json", self._basic() if self.settings.user else {})
        if answer.status != 200:
            raise self._refused()
        given = answer.json()
        token = given.get("token") or given.get("access_token") if isinstance(given, dict) else None
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise Unavailable(f"{self._name}: where its tokens are made, none is given")
        return f"Bearer {token}"

    def _basic(self) -> dict[str, str]:
        if not self.settings.user:
            raise Unavailable(f"{self._name} asks who: set IMAGES_USER and IMAGES_PASSWORD")
        pair = f"{self.settings.user}:{self.settings.password}"
        return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _check_private(self, url: str) -> None:
        """Raises Unavailable for a URL that is neither HTTPS nor, where HTTP is, on loopback."""
        parts = urlsplit(url)
        clear = parts.scheme == "http" and not self.settings.tls and is_loopback(parts.netloc)
        if not clear and (parts.scheme != "https" or not parts.netloc):
            raise Unavailable(f"{self._name} leads out of HTTPS: not followed")

    def _refused(self) -> Unavailable:
        who = self.settings.user or "nobody: IMAGES_USER is not set"
        return Unavailable(f"{self._name} refuses the credentials of {who}")

    @property
    def _name(self) -> str:
        return f"the registry {self.settings.host}"


def reason(error: HTTPError, settings: ImagesSettings) -> str:
    """Why nothing whole was answered, in words that tell what to mend."""
    if isinstance(error, SSLError):
        return f"its certificate is not trusted: {error}; IMAGES_CA names who signed it"
    if isinstance(error, TimeoutError) and not isinstance(error, NewConnectionError):
        return f"no whole answer in {settings.seconds} s (IMAGES_SECONDS)"
    return f"no whole answer: {type(error).__name__}: start it, or set IMAGES_REGISTRY"
