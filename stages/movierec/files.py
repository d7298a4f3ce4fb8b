"""Small files: JSON to read or say what to do; JSON and CSV with rounded numbers, never
half-written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from movierec.errors import BadInput, UserError

DECIMALS = 6
"""Beyond these, sums may differ between processors; the files must not."""


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write `document` to `path`, in the order of its keys."""
    write_text(path, json.dumps(rounded(document), indent=2, allow_nan=False) + "\n")


def write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write equally long columns to `path`, with a header."""
    rows = zip(*(rounded(list(column)) for column in columns.values()), strict=True)
    lines = [columns.keys(), *rows]
    write_text(path, "".join(",".join(map(str, line)) + "\n" for line in lines))


def write_text(path: Path, text: str) -> None:
    """Write `text` beside `path` first, so that a crash leaves the old file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def rounded(value: Any) -> Any:
    """`value` with every float in it rounded to DECIMALS; a negative zero becomes zero."""
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return round(float(value), DECIMALS) + 0.0 if isinstance(value, float) else value


def read_json(path: Path, remedy: str, error: type[UserError] = BadInput) -> dict[str, Any]:
    """The object in a JSON file. Raises BadInput when there is no file, `error` when it holds
    something else; both name the file and say `remedy`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; {remedy}") from None
    except (ValueError, RecursionError) as reason:  # ValueError: an endless number, no UTF-8
        raise error(f"{path}: not JSON ({reason}); {remedy}") from None
    if not isinstance(document, dict):
        raise error(f"{path}: expected a JSON object; {remedy}")
    return document
