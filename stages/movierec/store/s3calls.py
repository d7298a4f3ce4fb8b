"""Requests to S3: tried again while that may help, and then an error that says what to do.

The client is botocore's, so keys, endpoint, region and certificates are what its own variables
and files say (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION, AWS_CA_BUNDLE …). Its
retries are off: whoever puts must know that an earlier try may have succeeded. AWS_MAX_ATTEMPTS
bounds ours. All errors that end here are Unavailable, never OSError: a reader must not take a
server that is gone for a file that is damaged.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from botocore.session import Session

from movierec.errors import Unavailable

ATTEMPTS = 7
"""Of one request, when AWS_MAX_ATTEMPTS says nothing: some six seconds of waiting between them."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
CONNECT_SECONDS, READ_SECONDS = 5, 30
CONNECTIONS = 32

GONE, TAKEN, NO_UPLOAD, NO_RANGE = "NoSuchKey", "PreconditionFailed", "NoSuchUpload", "InvalidRange"
ANSWERS = {GONE, TAKEN, NO_UPLOAD, NO_RANGE, "InvalidPart"}
"""What the caller knows how to take."""
BARE = {"404": GONE, "412": TAKEN, "416": NO_RANGE}
"""The answer to a HEAD has no body that says more."""
AGAIN = {
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "TooManyRequests",
}
KEYS = "check the key (AWS_ACCESS_KEY_ID or the profile) and its rights (serve/README.md)"
ADVICE = {
    "NoSuchBucket": "make the bucket, or name another in the store's URL",
    "RequestTimeTooSkewed": "its clock and that of this machine differ: set this machine's",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "NotImplemented": "the store needs conditional writes: take a server that has them",
}
UNTRUSTED = ("CERTIFICATE_VERIFY_FAILED", "No such file")
"""As OpenSSL and the file system say it within an SSLError; others may pass."""


class Refusal(Exception):
    """S3 has answered no, in a way that is no fault; `code` is one of ANSWERS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Calls:
    """A client of S3, and how often it is asked for the same. For any number of threads."""

    client: Any
    attempts: int
    made: Counter[str] = field(default_factory=Counter)
    """Requests since the start, tries of the same counted, by operation."""
    authority: str | None = None
    """AWS_CA_BUNDLE, or what a profile says in its place."""
    uploads: set[str] = field(default_factory=set)
    """The multipart uploads that this process is at work on."""
    sleep: Callable[[float], None] = time.sleep

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The answer to `put_object` and the like, its `Body` read whole.

        Raises Refusal, and Unavailable when S3 cannot be had or refuses us.
        """
        what = f"{operation} of {arguments.get('Key') or arguments.get('Prefix', '')!r}"

        def once() -> dict[str, Any]:
            self.made[operation] += 1
            answer: dict[str, Any] = getattr(self.client, operation)(**arguments)
            if operation == "get_object":
                answer["Body"] = answer["Body"].read()
            return answer

        return self._until_answered(once, what, arguments["Bucket"])

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects, 1,000 at most, that are there or gone. One request may delete some and
        refuse others: only those are asked for again. Raises Unavailable."""
        waiting = list(keys)

        def once() -> dict[str, Any]:
            self.made["delete_objects"] += 1
            objects = [{"Key": key} for key in waiting]
            answer: dict[str, Any] = self.client.delete_objects(
                Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
            )
            refused = [entry for entry in answer.get("Errors", []) if entry["Code"] != GONE]
            if refused:
                waiting[:] = [entry["Key"] for entry in refused]
                # What no second try mends is told at once, whatever else may pass.
                worst = min(refused, key=lambda entry: entry["Code"] in AGAIN)
                raise ClientError({**answer, "Error": worst}, "DeleteObjects")
            return answer

        self._until_answered(once, f"delete_objects from {keys[0]!r} to {keys[-1]!r}", bucket)

    def _until_answered(
        self, once: Callable[[], dict[str, Any]], what: str, bucket: str
    ) -> dict[str, Any]:
        """The answer to a request that is made until there is one. Raises as `ask`."""
        attempt = 1
        while True:
            try:
                return once()
            except ClientError as error:
                why = self._try_again(error, what, bucket)
            except (BotoCoreError, OSError) as error:
                why = self._reach(error)
            if attempt >= self.attempts:
                raise self.unavailable(f"{why}, {attempt} times, for {what}; start again later")
            self.sleep(random.uniform(0.5, 1) * min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
            attempt += 1

    def unavailable(self, why: str) -> Unavailable:
        """An error that names the endpoint, and never a key."""
        return Unavailable(f"S3 at {self.client.meta.endpoint_url}: {why}")

    def _try_again(self, error: ClientError, what: str, bucket: str) -> str:
        """Why a request is to be tried again. Raises what ends it."""
        code = str(error.response.get("Error", {}).get("Code", ""))
        code = BARE.get(code, code)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in ANSWERS:
            raise Refusal(code) from None
        if (status >= 500 and code not in ADVICE) or status == 429 or code in AGAIN:
            return f"{status} {code}"
        advice = ADVICE.get(code, KEYS)
        raise self.unavailable(f"{status} {code} for {what} in bucket {bucket}; {advice}") from None

    def _reach(self, error: Exception) -> str:
        """Why a request without an answer is to be tried again. Raises what ends it."""
        kind = type(error).__name__
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            raise self.unavailable(f"no key to show ({kind}); {KEYS}") from None
        if isinstance(error, SSLError) and any(mark in str(error) for mark in UNTRUSTED):
            raise self.unavailable(
                "its certificate is none that we trust, or the file of those is missing; "
                "set AWS_CA_BUNDLE to the file of its signer"
            ) from None
        if isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError):
            return f"no whole answer ({kind})"
        raise self.unavailable(f"it cannot be asked ({kind}: {error})") from None


def connect(endpoint: str | None = None, attempts: int | None = None) -> Calls:
    """A client by what the environment says; `endpoint` and `attempts` go before that."""
    session = Session()
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )
    try:
        client = session.create_client("s3", endpoint_url=endpoint, config=config)
        told = session.get_config_variable("max_attempts")
        authority = session.get_config_variable("ca_bundle")
    except (BotoCoreError, ValueError) as error:
        raise Unavailable(f"S3: {error}; check the variables AWS_*") from None
    return Calls(client, attempts or max(1, int(told or ATTEMPTS)), authority=authority)


@cache
def shared() -> Calls:
    """The client of this process: connections are kept between requests."""
    return connect()
