"""The log of a search: what was tried and what the held-out parts said. One JSON object a line.

The first line says which search it is; each one after it is a trial, durable before the next one
begins. A line that a killed search did not finish is dropped, and its trial made again.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from movierec.errors import BadInput, CorruptFile
from movierec.models.judging import PARTS, Judged
from movierec.models.model import Hyper

FORMAT = 1


class Trials:
    """The trials of one search, in their order, in the file `path`."""

    def __init__(self, path: Path, search: Mapping[str, Any]) -> None:
        """Read the trials there, or begin the file. `search` says, in plain values, on what data,
        from where and how is searched.

        Raises BadInput when `path` is another search's log, CorruptFile when it is damaged.
        """
        self.path = path
        self._search = {"format": FORMAT, **search}
        self._lines: list[dict[str, Any]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(path, len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            self._take(number, line)
        if not whole:
            self._append(self._search)

    def __len__(self) -> int:
        return len(self._lines)

    def known(self, number: int, hyper: Hyper) -> Judged | None:
        """What is known of trial `number`, which tries `hyper`; None when it is still to be made.

        Raises CorruptFile when the log has other settings there.
        """
        if number >= len(self._lines):
            return None
        line = self._lines[number]
        if line["hyper"] != asdict(hyper):
            raise self._damaged(number + 2, "this search tries other settings there")
        return Judged(tuple(line["errors"]), tuple(line["epochs"]))

    def add(self, hyper: Hyper, judged: Judged) -> None:
        """Keep the next trial."""
        line = {"errors": judged.errors, "epochs": judged.epochs, "hyper": asdict(hyper)}
        self._append(line)
        self._lines.append(line)

    def _take(self, number: int, line: bytes) -> None:
        """Read line `number` of the file, from 1 on."""
        try:
            said = json.loads(line)
        except (ValueError, RecursionError) as reason:
            raise self._damaged(number, f"not JSON ({reason})") from None
        if number > 1:
            if not _is_trial(said):
                raise self._damaged(number, "not a trial")
            self._lines.append(said)
        elif not isinstance(said, dict) or "format" not in said:
            raise self._damaged(number, "not the head of a search's log")
        elif said != self._search:
            other = sorted(k for k in said.keys() | self._search.keys() if not self._is(said, k))
            raise BadInput(
                f"{self.path}: the log of another search ({', '.join(other)} differ); name another "
                "file, or remove it"
            )

    def _is(self, said: Mapping[str, Any], key: str) -> bool:
        return key in said and key in self._search and said[key] == self._search[key]

    def _damaged(self, number: int, reason: str) -> CorruptFile:
        return CorruptFile(
            f"{self.path}: line {number}: {reason}; cut the file there to go on from what stands "
            "above, or remove it"
        )

    def _append(self, line: Mapping[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _is_trial(said: Any) -> bool:
    """Whether a line says of settings how far off they were, and after how many epochs."""
    if not isinstance(said, dict) or said.keys() != {"errors", "epochs", "hyper"}:
        return False
    errors, epochs = said["errors"], said["epochs"]
    return (
        isinstance(errors, list)
        and isinstance(epochs, list)
        and len(errors) == len(epochs) <= PARTS
        and all(type(error) is float and error >= 0 for error in errors)
        and all(type(n) is int and n > 0 for n in epochs)
    )
