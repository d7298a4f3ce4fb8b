"""What the command lines of verbs have in common: the manual in `--help`, and where things are."""

import argparse
from pathlib import Path
from typing import Any

from movierec.url import root_argument

ROOT = Path(__file__).resolve().parents[2]
SHARED: dict[str, dict[str, Any]] = {
    "repo": {
        "type": Path,
        "default": ROOT,
        "metavar": "FOLDER",
        "help": "a git repository (this one)",
    },
    "remote": {"help": "a DVC remote (the default one of .dvc/config)"},
    "origin": {"default": "origin", "help": "the git remote that releases are on (origin)"},
    "store": {
        "type": root_argument,
        "default": Path("data"),
        "metavar": "FOLDER",
        "help": "the collector's (data), or s3://bucket/prefix",
    },
    "branch": {"help": "the branch there (the one that is checked out)"},
}
"""option → how argparse is told of it."""


def manual(verb: str, text: str | None, usage: str | None = None) -> argparse.ArgumentParser:
    """A verb's parser, whose help is a manual page: the module's own words, as they stand there."""
    return argparse.ArgumentParser(
        prog=verb,
        usage=usage,
        description=(text or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def shared(parser: argparse.ArgumentParser, *names: str) -> None:
    """Have a verb take these of SHARED."""
    for name in names:
        parser.add_argument(f"--{name}", **SHARED[name])
