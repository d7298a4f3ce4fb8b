"""Datasets of tests: built as `preprocess` builds them, in a folder that is gone."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from movierec.arrays import Draft
from movierec.dataset import assemble
from movierec.dataset.assemble import Preprocess
from movierec.dataset.matrix import Dataset
from movierec.dataset.scale import Events
from movierec.dataset.shilling import Shilling
from movierec.dataset.window import Window


def build(
    window: Window, params: Preprocess, events: Events, shilling: Shilling | None = None
) -> tuple[Dataset, dict[str, Any]]:
    """The dataset of a window, which maps files without a name, and the facts."""
    with TemporaryDirectory() as folder, Draft(Path(folder) / "dataset") as draft:
        return assemble.build(draft, window, params, events, shilling)
