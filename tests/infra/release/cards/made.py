"""Releases as their tags tell them, made up; and a repository that has them."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.release.cards.released import Released
from infra.release.package import Locked, md5_of_listing
from infra.release.tag import Tag
from infra.release.version import Made
from infra.repository import git

METRICS = {"rmse": 0.7, "mae": 0.56, "recall": 0.65, "ndcg": 0.33, "coverage": 0.97, "lift": 0.01}
BASELINES = {
    "biases": {"rmse": 0.875, "recall": 0.33, "coverage": 0.6},
    "popularity": {"recall": 0.38, "ndcg": 0.18},
}
VERDICT = {
    "pass": True,
    "reasons": [],
    "incumbent": None,
    "validation_ratings": 1826,
    "judged_users": 476,
    "gain_interval": [0.18, 0.22],
}
MANIFEST = {
    "format": "model/3",
    "data_hash": "d4",
    "hyperparameters": {"n_factors": 16, "seed": 42},
    "uptake": {"floor": 0.1},
}
PLOTS = {
    "epochs": {"epoch": [1.0, 2.0, 3.0], "train_rmse": [1.0, 0.8, 0.5]},
    "activity": {"user_ratings": [1.0, 2.0], "rmse": [1.2, 0.7]},
    "distribution": {"rating": [1.0, 5.0], "predicted": [0.25, 0.75]},
}
PARAMS = {
    "params.yaml": {"train.svd": {"n_factors": 16, "seed": 42}, "preprocess": {"seed": 42}},
    "stages/libraries.yaml": {"numpy": "2.3.0"},
}


def tag(version: str, commit: str = "c" * 40) -> Tag:
    when = datetime(2026, 11, 4, 2, 10, tzinfo=UTC)
    return Tag(f"svd@{version}", "svd", version, commit, when)


def released(version: str = "v1.1.0", commit: str = "c" * 40, **changed: Any) -> Released:
    values: dict[str, Any] = {
        "tag": tag(version, commit),
        "days": ["2026-11-01", "2026-11-02"],
        "model": Locked("models/svd", "a1.dir"),
        "manifest": MANIFEST,
        "metrics": METRICS,
        "baselines": BASELINES,
        "verdict": VERDICT,
        "rmse_interval": (0.68, 0.72),
        "confidence": 0.95,
        "plots": PLOTS,
        "made": Made("model/3", PARAMS, {"stages/train.py": "t1"}),
        "lock": "f" * 40,
    }
    return Released(**values | changed)


@dataclass
class Remote:
    """A DVC remote as far as a card asks it: content by its MD5."""

    content: dict[str, bytes] = field(default_factory=dict)

    def put(self, content: bytes) -> str:
        md5 = hashlib.md5(content).hexdigest()
        self.content[md5] = content
        return md5

    def read(self, object_: str) -> bytes:
        return self.content[object_]

    def files_of(self, folder: str) -> dict[str, str]:
        return {entry["relpath"]: entry["md5"] for entry in json.loads(self.content[folder])}


class Repository:
    """A git repository with releases of svd, and what their dvc.lock names on a remote."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.remote = folder, Remote()
        git(folder, "init", "--quiet", "--initial-branch", "main")
        for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
            git(folder, "config", name, value)

    def write(self, name: str, content: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def release(self, version: str, incumbent: str | None = None, without: str = "") -> None:
        """Commit and tag one; `without` is a file that its commit, or its lock, lacks."""
        manifest = self.remote.put(json.dumps(MANIFEST).encode())
        listing = {"manifest.json": manifest}
        folder = md5_of_listing(listing)
        entries = [{"md5": md5, "relpath": name} for name, md5 in listing.items()]
        self.remote.content[folder] = json.dumps(entries).encode()
        outs = {"models/svd": folder} | {
            name: self.remote.put(text.encode())
            for name, text in {
                "reports/svd.json": '{"rmse_interval": [0.68, 0.72], "confidence": 0.95}',
                "plots/svd/epochs.csv": "epoch,train_rmse\n1,1.0\n2,0.5\n",
                "plots/svd/activity.csv": "user_ratings,rmse\n1,1.25\n",
                "plots/svd/distribution.csv": "rating,actual,predicted\n1,0.5,\n5,0.5,1\n",
            }.items()
            if name != without
        }
        lock = {
            "stages": {
                "train@svd": {
                    "cmd": "train",
                    "deps": [{"path": "stages/train.py", "md5": "t1"}],
                    "params": PARAMS,
                    "outs": [{"path": path, "md5": md5} for path, md5 in outs.items()],
                },
            }
        }
        files = {
            "dvc.yaml": {
                "stages": {"train": {"foreach": ["svd"], "do": {"cmd": "train"}}},
                "artifacts": {"svd": {"path": "models/svd"}},
            },
            "dvc.lock": lock,
            "data/window.yaml": 'days: ["2026-11-01", "2026-11-02"]\nwritten: "2026-11-04"\n',
            "metrics/svd.json": METRICS,
            "reports/baselines.json": BASELINES,
            "reports/gate.json": {"svd": VERDICT | {"incumbent": incumbent}},
            "VERSION": version,
        }
        for name, content in files.items():
            self.write(name, content)
        if without in files:
            (self.folder / without).unlink()
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", f"Release {version}")
        git(self.folder, "tag", "-a", "-m", version, f"svd@{version}")
