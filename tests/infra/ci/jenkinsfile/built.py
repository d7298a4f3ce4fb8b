"""A build of the stand-in for Jenkins that has ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Built:
    """A build that has ended: what happened in it, in order."""

    folder: Path
    events: list[dict[str, Any]]
    log: str

    @property
    def result(self) -> str:
        return str(self.events[-1]["result"])

    def stages(self) -> list[str]:
        """Those that began, in order; of those side by side, by name."""
        names = [e["stage"] for e in self.events if e.get("began")]
        together = sorted(name for name in names if name.startswith("unit tests "))
        return [*names[:1], *together, *[n for n in names[1:] if n not in together]]

    def skipped(self) -> dict[str, str]:
        """Stage → why."""
        return {e["stage"]: e["skipped"] for e in self.events if "skipped" in e}

    def steps(self, stage: str, step: str = "sh") -> list[Any]:
        """What the steps of a kind were given, in a stage and its post."""
        return [e["what"] for e in self.events if e.get("step") == step and e["stage"] == stage]

    def told(self) -> list[str]:
        """Slack's messages."""
        return [e["what"] for e in self.events if e.get("step") == "slackSend"]

    def posts(self, stage: str) -> list[str]:
        return [e["post"] for e in self.events if "post" in e and e["stage"] == stage]

    def kept(self) -> Iterator[Path]:
        """All files that Jenkins keeps of it, its raw log among them."""
        return (path for path in self.folder.rglob("*") if path.is_file())
