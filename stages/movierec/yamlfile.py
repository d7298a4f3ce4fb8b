"""YAML files as DVC reads them."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from movierec.errors import BadInput, UserError


def read_yaml(path: Path, remedy: str, error: type[UserError] = BadInput) -> dict[str, Any]:
    """The mapping in a YAML 1.2 file. Raises `error`, naming the file, the reason and `remedy`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise error(f"{path}: no such file; {remedy}") from None
    return parse_yaml(content, path, remedy, error)


def parse_yaml(
    content: bytes, name: Path, remedy: str, error: type[UserError] = BadInput
) -> dict[str, Any]:
    """The mapping that the content of a YAML 1.2 file is. Raises as `read_yaml` does.

    YAML 1.2 and by DVC's own parser: after `dvc exp run -S train.svd.reg_bu=0.00001` the file
    says `1e-05`, which is a number there and a text in YAML 1.1.

    >>> parse_yaml(b"reg_bu: 1e-05", Path("params.yaml"), "mend it")
    {'reg_bu': 1e-05}
    """
    try:
        document = YAML(typ="safe", pure=True).load(content.decode())
    except (YAMLError, ValueError, RecursionError) as reason:  # ValueError: a day that is none
        raise error(f"{name}: not YAML ({' '.join(str(reason).split())}); {remedy}") from None
    if not isinstance(document, dict):
        raise error(f"{name}: expected a mapping of keys, got {document!r}; {remedy}")
    return document
