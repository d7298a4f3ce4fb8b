"""Files of a project made for a test."""

from pathlib import Path


def write(root: Path, files: dict[str, str]) -> Path:
    """Write texts by their paths below `root`; returns `root`."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
