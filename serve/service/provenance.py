"""Which model, which code, which data stand behind an answer."""

from dataclasses import asdict, dataclass

from movierec.models.modelfile import LoadedModel
from serve.settings import ServiceSettings


@dataclass(frozen=True)
class Provenance:
    """What the headers, the metrics and the served log say of a service."""

    model: str
    kind: str
    arm: str
    git_commit: str
    data_hash: str

    @classmethod
    def of(cls, settings: ServiceSettings, model: LoadedModel) -> "Provenance":
        """From the settings (version, commit, arm) and the model's own manifest (data)."""
        kind = model.model.kind
        return cls(
            model=settings.model_version or f"{kind}@unreleased",
            kind=kind,
            arm=settings.arm or kind,
            git_commit=settings.git_commit,
            data_hash=model.data_hash,
        )

    def headers(self) -> dict[str, str]:
        """The headers of the HTTP contract that are the same in every answer."""
        return {
            "X-Model": self.model,
            "X-Git-Commit": self.git_commit,
            "X-Data-Hash": self.data_hash,
        }

    def labels(self) -> dict[str, str]:
        """All of it, by name."""
        return asdict(self)
