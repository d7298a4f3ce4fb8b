"""Puts one object on S3 under a name that nobody has: `If-None-Match: *` stands for link().

What is small goes by one PUT. What is large goes in parts while it is written, so that memory
holds one, and comes under its name whole, at the end. Both say who wrote it: a try whose answer
was lost has put the object, and the next one is refused because of it.
"""

import contextlib
import errno
import io
import os
import uuid
from typing import Any

from movierec.errors import Unavailable
from movierec.store.s3calls import GONE, TAKEN, Calls, Refusal

WRITER = "writer"
"""The object's metadata that has the writer's token."""


class Upload(io.RawIOBase):
    """A file to be written from its beginning to its end, then `put` or `abort`ed."""

    def __init__(self, calls: Calls, bucket: str, key: str, part_bytes: int) -> None:
        self._calls, self._part_bytes = calls, part_bytes
        self._place = {"Bucket": bucket, "Key": key}
        self._token = uuid.uuid4().hex
        self._waiting = bytearray()
        self._size = 0
        self._upload: dict[str, Any] | None = None
        self._parts: list[dict[str, Any]] = []
        self._taken_away = False

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """How much was written."""
        return self._size

    def write(self, data: Any) -> int:
        """Take bytes, and send the parts that they complete. Raises Unavailable."""
        size = memoryview(data).nbytes
        self._waiting += data
        self._size += size
        while len(self._waiting) >= self._part_bytes:
            part = bytes(memoryview(self._waiting)[: self._part_bytes])
            del self._waiting[: self._part_bytes]
            self._send(part)
        return size

    def put(self) -> int:
        """Bring it under its name; its size. Raises FileExistsError when the name is taken,
        FileNotFoundError when the parts were taken away meanwhile, Unavailable."""
        if self._upload is None:
            body = bytes(self._waiting)
            self._while_free("put_object", Body=body, Metadata={WRITER: self._token})
            return self._size
        try:
            if self._waiting:
                self._send(bytes(self._waiting))
            self._while_free(
                "complete_multipart_upload",
                UploadId=self._upload["UploadId"],
                MultipartUpload={"Parts": self._parts},
            )
        finally:
            self.abort()
        return self._size

    def abort(self) -> None:
        """Leave nothing behind; of what has its name already nothing goes."""
        if self._upload is not None:
            upload, self._upload = self._upload, None
            # What cannot be reached now is swept later.
            with contextlib.suppress(Refusal, Unavailable):
                self._calls.ask("abort_multipart_upload", **upload)
            self._calls.uploads.discard(upload["UploadId"])

    def _send(self, part: bytes) -> None:
        if self._upload is None:
            begun = self._calls.ask(
                "create_multipart_upload", **self._place, Metadata={WRITER: self._token}
            )
            self._upload = {**self._place, "UploadId": begun["UploadId"]}
            self._calls.uploads.add(begun["UploadId"])
        number = len(self._parts) + 1
        if self._taken_away:
            return
        try:
            sent = self._calls.ask("upload_part", **self._upload, PartNumber=number, Body=part)
        except Refusal:  # whoever writes goes on to its end; `put` says so
            self._taken_away = True
            return
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _while_free(self, operation: str, **arguments: Any) -> None:
        """Ask for the name until it is ours or another's."""
        while True:
            try:
                self._calls.ask(operation, **self._place, IfNoneMatch="*", **arguments)
                return
            except Refusal as refusal:
                has_it = self._writer()
                if has_it == self._token:
                    return
                if has_it is not None:
                    raise _error(FileExistsError, errno.EEXIST, self._place["Key"]) from None
                if refusal.code != TAKEN:
                    raise _error(FileNotFoundError, errno.ENOENT, self._place["Key"]) from None
                # Who had the name gave it up since.

    def _writer(self) -> str | None:
        """Whose the name is: None when nobody's, empty when it does not say."""
        try:
            found = self._calls.ask("head_object", **self._place)
        except Refusal as refusal:
            if refusal.code != GONE:
                raise
            return None
        return str(found.get("Metadata", {}).get(WRITER, ""))


def _error(kind: type[OSError], number: int, name: str) -> OSError:
    return kind(number, os.strerror(number), name)
