"""params.yaml as it is shipped, but for what a test changes."""

from pathlib import Path
from typing import Any

import yaml

PARAMS = Path(__file__).parents[2] / "params.yaml"


def with_train(folder: Path, **keys: Any) -> Path:
    """A params.yaml in `folder` whose section `train` has other values of some keys."""
    document = yaml.safe_load(PARAMS.read_text())
    document["train"] |= keys
    (folder / "params.yaml").write_text(yaml.safe_dump(document))
    return folder / "params.yaml"
