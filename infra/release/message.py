"""What a tag's message says of its release: data, parameters, measures, hashes."""

import json
from pathlib import Path

from infra.release.pipeline import LOCK
from infra.release.releases import Candidate
from infra.repository import attempt, git
from movierec.dataset.windowfile import days_of

WINDOW = "data/window.yaml"


def card_of(repository: Path, commit: str, one: Candidate) -> dict[str, object]:
    """The card of a candidate whose files a commit has: for people, and to be read as YAML."""
    days = days_of(git(repository, "show", f"{commit}:{WINDOW}").encode(), Path(WINDOW))
    shown = attempt(repository, "show", f"{commit}:metrics/{one.kind}.json")
    return {
        "why": one.why,
        "window": days,
        "params": one.manifest.get("hyperparameters"),
        "uptake": one.manifest.get("uptake"),
        "metrics": json.loads(shown.stdout) if not shown.returncode else None,
        "hashes": {
            "model": one.model,
            "data": one.manifest.get("data_hash"),
            LOCK: git(repository, "rev-parse", f"{commit}:{LOCK}").strip(),
        },
    }
