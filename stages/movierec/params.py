"""params.yaml → the frozen dataclasses of `movierec.fields` that stand beside the code."""

from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from movierec.errors import BadParams
from movierec.fields import checked
from movierec.yamlfile import read_yaml

T = TypeVar("T")


def load_section(path: Path, name: str, kind: type[T], *, apart: Collection[str] | None = ()) -> T:
    """The section `name` of a params file (`gate`, `train.svd`) as the dataclass `kind`.

    Keys in it that are sections of their own (`apart`) are passed over; with None all that `kind`
    has no field for are, which somebody else reads. Raises BadParams, naming the key and what it
    takes. Only this section is looked at: a stage depends on its own section alone, as its entry
    in dvc.yaml says.
    """
    document: Any = read_yaml(path, "params.yaml stands beside dvc.yaml", BadParams)
    for number, part in enumerate(parts := name.split(".")):
        if part not in document or not isinstance(document[part], dict):
            found = document.get(part, "nothing")
            outer = ": ".join([str(path), *parts[:number]])
            raise BadParams(f"{outer}: {part}: expected a mapping of keys, got {found!r}")
        document = document[part]
    if apart is None:
        apart = document.keys() - {f.name for f in fields(kind)}  # type: ignore[arg-type]
    own = {key: value for key, value in document.items() if key not in apart}
    return checked(kind, own, ": ".join([str(path), *parts]))
