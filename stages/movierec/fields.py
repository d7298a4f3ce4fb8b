"""Fields of parameters, and a mapping of plain values → a frozen dataclass of such fields.

One dataclass a section, one field a key; it stands beside the code that uses it. Type and range
of one field stand in its metadata; a check that needs two fields stands in the dataclass's
`__post_init__`. No file is read here: a service checks a model's hyperparameters by it.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from movierec.errors import BadParams

T = TypeVar("T")


def number(*, low: float = -math.inf, high: float = math.inf, above: float = -math.inf) -> Any:
    """A field that must lie in [low, high] and be greater than `above`."""
    return field(metadata={"low": low, "high": high, "above": above})


def choice(*options: str) -> Any:
    """A field that must be one of `options`."""
    return field(metadata={"options": options})


def checked(kind: type[T], document: Any, name: str) -> T:
    """The dataclass `kind` of a mapping's values. Raises BadParams for a key that is unknown or
    missing and for a value that a field does not take, each named after `name`."""
    if not isinstance(document, Mapping):
        raise BadParams(f"{name}: expected a mapping of keys, got {document!r}")
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in document:
        if key not in fields:
            raise BadParams(f"{name}: unknown key {key!r}; it takes {', '.join(sorted(fields))}")
    missing = sorted(set(fields) - set(document))
    if missing:
        raise BadParams(f"{name}: missing {', '.join(missing)}")
    types = get_type_hints(kind)
    values = {
        key: value_of(types[key], document[key], fields[key].metadata, f"{name}: {key}")
        for key in fields
    }
    return kind(**values)


def value_of(kind: Any, value: Any, metadata: Mapping[str, Any], name: str) -> Any:
    """One value, checked against its field's type and metadata; a whole number may stand for a
    float. Of a mapping the metadata hold for each value. Raises BadParams."""
    if get_origin(kind) is dict:
        return _mapping_of(kind, value, metadata, name)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            raise BadParams(f"{name} must be finite, got {value!r}") from None
    if type(value) is not kind:
        raise BadParams(f"{name} must be {kind.__name__}, got {value!r}")
    options = metadata.get("options")
    if options and value not in options:
        raise BadParams(f"{name} must be one of {', '.join(options)}, got {value!r}")
    if kind in (int, float):
        if kind is float and not math.isfinite(value):  # and a whole number may be huge
            raise BadParams(f"{name} must be finite, got {value!r}")
        low, above = (metadata.get(bound, -math.inf) for bound in ("low", "above"))
        high = metadata.get("high", math.inf)
        if not (low <= value <= high and value > above):
            bound = f"above {above}" if above > -math.inf else f"at least {low}"
            if high < math.inf:
                bound += f" and at most {high}"
            raise BadParams(f"{name} must be {bound}, got {value!r}")
    return value


def _mapping_of(kind: Any, value: Any, metadata: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise BadParams(f"{name} must be a mapping of names, got {value!r}")
    _, item = get_args(kind)
    return {key: value_of(item, value[key], metadata, f"{name}: {key}") for key in value}
