"""What is left of closed days that were deleted: a record of each, kept for ever.

    <root>/expired/<topic>/<YYYY-MM-DD>.json     what went, its offsets, and its manifest's SHA-256

It is believed twice: a day that is missing is none that was lost, and what remains in the folder of
such a day may go. So it is under a checksum and says whose it is, and nothing goes by one that
does not verify.
"""

from collections.abc import Mapping
from typing import Any

from movierec.errors import CorruptFile
from movierec.sealed import seal, unseal_of
from movierec.store.storage import Storage

FORMAT = 2
"""1 had no checksum."""
EXPIRED_1 = {"topic", "day", "bytes", "lines", "manifest_sha256", "expired"}
FOLDER = "expired"
MEND = "restore it from a backup; nothing was deleted because of it"


def expired_days(storage: Storage, topic: str) -> list[str]:
    """The days of a topic that were deleted, or are being so, ascending, each record verified.

    Raises CorruptFile.
    """
    names = [name for name in storage.names(f"{FOLDER}/{topic}") if name.endswith(".json")]
    return [_read(storage, topic, name.removesuffix(".json"))["day"] for name in names]


def is_expired(storage: Storage, topic: str, day: str) -> bool:
    """Whether a closed day was deleted, or is being so. Raises CorruptFile."""
    return expired_record(storage, topic, day) is not None


def expired_record(storage: Storage, topic: str, day: str) -> dict[str, Any] | None:
    """What was written down of a closed day when it was deleted; None of one that was not.

    `partitions` and `gaps` of its manifest are in it since they were first asked for. Raises
    CorruptFile.
    """
    try:
        return _read(storage, topic, day)
    except FileNotFoundError:
        return None


def put_expired(storage: Storage, entry: Mapping[str, Any]) -> None:
    """Write down what goes of the day and topic that `entry` names, unless that was done before.

    Raises CorruptFile when what was written down is another day of that name.
    """
    topic, day = entry["topic"], entry["day"]
    text = seal({"format": FORMAT, **entry})
    try:
        storage.put_new(_name(topic, day), lambda file: file.write(text))
    except FileExistsError:
        before = _read(storage, topic, day)["manifest_sha256"]
        if before != entry["manifest_sha256"]:
            raise CorruptFile(
                f"{_name(topic, day)}: a day of this name, with another manifest ({before}), was "
                "deleted before; move this record away to keep it, and start again"
            ) from None


def _read(storage: Storage, topic: str, day: str) -> dict[str, Any]:
    """The record of a day. Raises FileNotFoundError when there is none, CorruptFile."""
    name = _name(topic, day)
    try:
        with storage.open(name) as file:
            record = unseal_of(file.read(), {"topic": topic, "day": day}, FORMAT, EXPIRED_1)
        if not isinstance(record["manifest_sha256"], str):
            raise ValueError("it names no manifest")
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, OSError) as error:
        raise CorruptFile(f"{name}: not the record of a deleted day ({error}); {MEND}") from None
    return record


def _name(topic: str, day: str) -> str:
    return f"{FOLDER}/{topic}/{day}.json"
