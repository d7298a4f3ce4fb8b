"""The storage on S3, or on a server that speaks as S3 does and honours `If-None-Match` on PUT
and CompleteMultipartUpload (`check`).

A put that succeeded is whole and durable, and is seen by the next read or list: nothing here has a
temporary name. So `settle` can take away only what comes in parts. A writer that slept with a
small object in hand puts it when it wakes: what it could spoil, its callers look at after the put
(the base of a chain, `tail`).
"""

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, cast

from movierec.store.lending import Lent
from movierec.store.s3calls import Calls, Refusal, shared
from movierec.store.s3put import Upload
from movierec.store.s3read import Ahead, Ranged
from movierec.url import Url

PART_BYTES = 16 << 20
"""An upload has 10,000 parts at most: of a file of up to 156 GiB."""
HADOOP_KEYS = "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"
DELETED_AT_ONCE = 1000
"""The most that S3 takes in one request."""
STALE = timedelta(days=1)
"""A closer sends a part every few seconds."""


@dataclass(frozen=True)
class S3:
    """The verbs of `storage.Storage` on the objects below `root`."""

    root: Url
    calls: Calls
    part_bytes: int = PART_BYTES
    stale: timedelta = STALE
    """Who is at work on an upload has sent some part of it within this time."""

    def put_new(self, name: str, write: Callable[[BinaryIO], object]) -> int:
        """A conditional PUT, or parts and a conditional completion."""
        upload = Upload(self.calls, self.root.bucket, self.root.key(name), self.part_bytes)
        try:
            write(cast(BinaryIO, upload))
        except BaseException:
            upload.abort()
            raise
        return upload.put()

    def open(self, name: str) -> io.BufferedIOBase:
        """The object of that name, read by ranges."""
        return io.BufferedReader(Ranged(self.calls, self.root.bucket, self.root.key(name)))

    def lend(self, name: str) -> Lent:
        """Its URL, and where S3 is and how it is asked, as it is for our own client."""
        key = self.root.key(name)
        state: tuple[object, ...] = ()
        with contextlib.suppress(Refusal):  # there is none
            head = self.calls.ask("head_object", Bucket=self.root.bucket, Key=key)
            state = tuple(head[what] for what in ("ETag", "ContentLength", "LastModified"))
        url = f"s3a://{self.root.bucket}/{key}"
        return Lent(url, state, options_of(self.calls.client), self.calls.authority)

    def names(self, folder: str, *, settle: bool = False) -> list[str]:
        """A request for every thousand names."""
        if settle:
            for upload in self._uploads(folder):
                self._abort(upload)
        return sorted(self._listed(folder))

    def remove(self, *names: str) -> None:
        """A request for every thousand objects; S3 has no folder that could be left empty."""
        keys = [self.root.key(name) for name in names]
        for start in range(0, len(keys), DELETED_AT_ONCE):
            self.calls.delete(self.root.bucket, keys[start : start + DELETED_AT_ONCE])

    def sweep(self, folder: str) -> None:
        """Abort the uploads that nobody has sent a part of for long, by the server's clock."""
        for upload in self._uploads(folder):
            if upload["UploadId"] not in self.calls.uploads and self._is_stale(upload):
                self._abort(upload)

    def check(self, name: str) -> None:
        """By a PUT and by an upload of one part; the name's object stays as it is."""
        for how, storage in (("PUT", self), ("upload in parts", replace(self, part_bytes=1))):
            try:
                storage.put_new(name, lambda file: file.write(b"2"))
            except FileExistsError:
                continue
            raise self.calls.unavailable(
                f"a second {how} of {self.root.key(name)!r} took the place of the first one, "
                "though If-None-Match forbids it: lines would be lost there. "
                "Nothing was collected. Take a server that honours conditional writes"
            )

    @contextmanager
    def ahead(self) -> Iterator["S3Ahead"]:
        """Segments are opened by their ends, several at a time."""
        view = Ahead(self.open, self._listed)
        try:
            yield S3Ahead(self.root, self.calls, self.part_bytes, self.stale, view)
        finally:
            view.close()

    def _listed(self, folder: str, after: str = "") -> Iterator[str]:
        prefix = self._prefix(folder)
        more: dict[str, Any] = {"StartAfter": prefix + after} if after else {}
        while True:
            page = self.calls.ask(
                "list_objects_v2", Bucket=self.root.bucket, Prefix=prefix, Delimiter="/", **more
            )
            below = [entry["Prefix"].rstrip("/") for entry in page.get("CommonPrefixes", [])]
            keys = [entry["Key"] for entry in page.get("Contents", [])] + below
            names = (key.removeprefix(prefix) for key in keys)
            yield from (name for name in names if name and not name.startswith("."))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _uploads(self, folder: str) -> Iterator[dict[str, Any]]:
        """The uploads of names directly below a folder; each with the server's time, `now`."""
        prefix = self._prefix(folder)
        more: dict[str, Any] = {}
        while True:
            page = self.calls.ask(
                "list_multipart_uploads", Bucket=self.root.bucket, Prefix=prefix, **more
            )
            now = parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
            for upload in page.get("Uploads", []):
                if "/" not in upload["Key"].removeprefix(prefix):
                    yield {**upload, "now": now}
            if not page.get("IsTruncated"):
                return
            more = {
                "KeyMarker": page["NextKeyMarker"],
                "UploadIdMarker": page["NextUploadIdMarker"],
            }

    def _is_stale(self, upload: dict[str, Any]) -> bool:
        seen: datetime = upload["Initiated"]
        more: dict[str, Any] = {}
        while upload["now"] - seen >= self.stale:
            try:
                page = self.calls.ask("list_parts", **self._name(upload), **more)
            except Refusal:  # it came to its end
                return False
            seen = max([seen, *(part["LastModified"] for part in page.get("Parts", []))])
            if not page.get("IsTruncated"):
                break
            more = {"PartNumberMarker": page["NextPartNumberMarker"]}
        return bool(upload["now"] - seen >= self.stale)

    def _abort(self, upload: dict[str, Any]) -> None:
        with contextlib.suppress(Refusal):
            self.calls.ask("abort_multipart_upload", **self._name(upload))

    def _name(self, upload: dict[str, Any]) -> dict[str, Any]:
        names = {name: upload[name] for name in ("Key", "UploadId")}
        return {"Bucket": self.root.bucket, **names}

    def _prefix(self, folder: str) -> str:
        key = self.root.key(folder)
        return f"{key}/" if key else ""


@dataclass(frozen=True)
class S3Ahead(S3):
    """The same objects, for a walk through one folder in ascending order."""

    view: Ahead | None = None

    def open(self, name: str) -> io.BufferedIOBase:
        """What was fetched already, or is now."""
        assert self.view is not None
        return self.view.open(name)


def options_of(client: Any) -> dict[str, str]:
    """What Hadoop's client of S3 is told to ask where `client` does. It finds its key as that one
    does: in the variables of its process, the files, or by the machine's role."""
    style = (client.meta.config.s3 or {}).get("addressing_style")
    return {
        "fs.s3a.endpoint": client.meta.endpoint_url,
        "fs.s3a.endpoint.region": client.meta.region_name,
        "fs.s3a.path.style.access": str(style != "virtual").lower(),
        "fs.s3a.aws.credentials.provider": HADOOP_KEYS,
    }


def s3(root: Url) -> S3:
    """The storage at a place, by the variables AWS_* of the environment."""
    return S3(root, shared())
