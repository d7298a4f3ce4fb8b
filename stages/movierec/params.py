"""params.yaml → frozen dataclasses that refuse unknown keys and impossible values.

One dataclass a section, one field a key; it stands beside the code that uses it, so that a
new key re-runs the stages of that code and no others. A check that needs two fields stands in
the dataclass's `__post_init__`; type and range of one field stand in its metadata.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from movierec.errors import BadParams
from movierec.yamlfile import read_yaml

T = TypeVar("T")


def number(*, low: float = -math.inf, high: float = math.inf, above: float = -math.inf) -> Any:
    """A field that must lie in [low, high] and be greater than `above`."""
    return field(metadata={"low": low, "high": high, "above": above})


def choice(*options: str) -> Any:
    """A field that must be one of `options`."""
    return field(metadata={"options": options})


@dataclass(frozen=True)
class SVD:
    """Hyperparameters of SVD, by Surprise's names (γ is `lr_*`, λ is `reg_*`).

    Beyond Surprise, and off at zero: learning rates shrink by `lr_decay` after each epoch; with
    a `holdout_share` of the training ratings held out, n_epochs is only the most, and the number
    is the one after which their error has not fallen for `patience` epochs.
    """

    n_factors: int = number(low=1, high=4096)
    n_epochs: int = number(low=1)
    init_mean: float = number()
    init_std_dev: float = number(low=0)
    lr_bu: float = number(above=0)
    lr_bi: float = number(above=0)
    lr_pu: float = number(above=0)
    lr_qi: float = number(above=0)
    reg_bu: float = number(low=0)
    reg_bi: float = number(low=0)
    reg_pu: float = number(low=0)
    reg_qi: float = number(low=0)
    lr_decay: float = number(low=0, high=0.5)
    holdout_share: float = number(low=0, high=0.5)
    patience: int = number(low=1)
    seed: int = number(low=0, high=2**32 - 1)


@dataclass(frozen=True)
class SVDpp(SVD):
    """Hyperparameters of SVD++: those of SVD and the implicit factors' own."""

    lr_yj: float = number(above=0)
    reg_yj: float = number(low=0)


@dataclass(frozen=True)
class Train:
    """Which engine fits, what counts as implicit feedback, and both models' sections."""

    svd: SVD
    svdpp: SVDpp
    engine: str = choice("fast", "surprise")
    dtype: str = choice("float32", "float64")
    implicit: str = choice("rated", "watched")


def load_section(path: Path, name: str, kind: type[T]) -> T:
    """The section `name` of a params file (`gate`, `train.svd`) as the dataclass `kind`.

    Raises BadParams, naming the key and what it takes. Only this section is looked at: a
    stage depends on its own section alone, as its entry in dvc.yaml says.
    """
    document: Any = read_yaml(path, "params.yaml stands beside dvc.yaml", BadParams)
    for number, part in enumerate(parts := name.split(".")):
        if part not in document or not isinstance(document[part], dict):
            found = document.get(part, "nothing")
            outer = ": ".join([str(path), *parts[:number]])
            raise BadParams(f"{outer}: {part}: expected a mapping of keys, got {found!r}")
        document = document[part]
    return _section(kind, document, ": ".join([str(path), *parts]))


def _section(kind: type[T], document: Any, name: str) -> T:
    """Build the dataclass `kind` from a mapping, refusing unknown and missing keys."""
    if not isinstance(document, dict):
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
        key: _value(types[key], document[key], fields[key].metadata, f"{name}: {key}")
        for key in fields
    }
    return kind(**values)


def _value(kind: Any, value: Any, metadata: Any, name: str) -> Any:
    """Check one value against its field's type and metadata."""
    if dataclasses.is_dataclass(kind):
        return _section(kind, value, name)  # type: ignore[arg-type]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise BadParams(f"{name} must be {kind.__name__}, got {value!r}")
    options = metadata.get("options")
    if options and value not in options:
        raise BadParams(f"{name} must be one of {', '.join(options)}, got {value!r}")
    if kind in (int, float):
        if not math.isfinite(value):
            raise BadParams(f"{name} must be finite, got {value!r}")
        low, high, above = (metadata.get(k) for k in ("low", "high", "above"))
        if not (low <= value <= high and value > above):
            bound = f"above {above}" if above > -math.inf else f"at least {low}"
            if high < math.inf:
                bound += f" and at most {high}"
            raise BadParams(f"{name} must be {bound}, got {value!r}")
    return value
