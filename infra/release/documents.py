"""What a commit or a tree holds in a YAML file."""

from pathlib import Path
from typing import Any

from infra.repository import attempt
from movierec.errors import BadInput
from movierec.yamlfile import parse_yaml


def yaml_at(repository: Path, treeish: str, name: str, file: str, remedy: str) -> dict[str, Any]:
    """A file of a commit or a tree, called `name` in messages. Raises BadInput when it has none,
    or one that is no YAML, and says the remedy."""
    shown = attempt(repository, "show", f"{treeish}:{file}")
    if shown.returncode:
        raise BadInput(f"{name}: no {file} in it; {remedy}")
    found: dict[str, Any] = parse_yaml(shown.stdout, Path(f"{name}:{file}"), remedy)
    return found
