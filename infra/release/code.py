"""Images of code alone, the router's and the collector's: they are called by their commit."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.registry.client import COMMIT, VERSION
from infra.release.context import code_of, extract, settle
from infra.release.tag import check_repository
from infra.repository import attempt, git
from movierec.errors import BadInput

KINDS = ("router", "collector")


@dataclass(frozen=True)
class Code:
    """A program of this project, as a commit has it."""

    kind: str
    commit: str
    committed: datetime

    @property
    def name(self) -> str:
        """As messages say it."""
        return f"{self.kind} of {self.commit}"

    @property
    def image(self) -> str:
        """The name of its image."""
        return f"movierec-{self.kind}:{self.commit}"

    @property
    def dockerfile(self) -> str:
        """Where it stands in a repository."""
        return f"infra/docker/{self.kind}.Dockerfile"

    @property
    def labels(self) -> dict[str, str]:
        """What its image says of itself."""
        return {
            "org.opencontainers.image.title": f"movierec {self.kind}",
            VERSION: self.commit,
            COMMIT: self.commit,
            "org.opencontainers.image.created": f"{self.committed:%Y-%m-%dT%H:%M:%SZ}",
            "org.opencontainers.image.licenses": "Apache-2.0",
        }


def resolve(repository: Path, kind: str, revision: str) -> Code:
    """A program at a commit of a repository. Raises BadInput when there is no such commit."""
    check_repository(repository)
    found = attempt(repository, "rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}")
    if found.returncode:
        raise BadInput(f"{repository}: no commit {revision}; name one by --commit")
    commit = found.stdout.decode().strip()
    seconds = int(git(repository, "show", "--no-patch", "--format=%ct", commit))
    return Code(kind, commit, datetime.fromtimestamp(seconds, UTC))


def make_context(repository: Path, code: Code, folder: Path) -> None:
    """Fill `folder`, which is empty, with what the commit's Dockerfile copies."""
    extract(repository, code, code_of(repository, code, code.dockerfile), folder)
    settle(folder)
