"""The bytes that the demo makes: its days have no other state of the repository to be held by.

make demo && python -m tests.infra.demo.outs   # renews outs.json after a change that is meant
"""

import json
from pathlib import Path

import yaml

EXPECTED = Path(__file__).with_name("outs.json")
LOCK = Path(__file__).resolve().parents[3] / ".demo/workspace/dvc.lock"


def outs(lock: Path) -> dict[str, str]:
    """path → md5 of every output in a dvc.lock."""
    stages = yaml.safe_load(lock.read_text())["stages"].values()
    return {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}


if __name__ == "__main__":
    EXPECTED.write_text(json.dumps(outs(LOCK), indent=2, sort_keys=True) + "\n")
