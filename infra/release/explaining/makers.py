"""Who makes an answer again: the release that a line names, or a package that somebody gives."""

from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from infra.release.explaining.again import ROOT, Maker, cache_of, code_in, model_of
from infra.release.package import locked_model, md5_of_folder
from infra.release.tag import NAME, Tag, resolve_any
from infra.repository import attempt
from infra.scratch import scratch
from movierec.errors import BadInput, UserError

OPEN = 4
"""Models that are asked at a time: each is a process, and a sample of a year may name hundreds."""


class Makers:
    """One for each model that a line names, started when the first one names it. A context."""

    def __init__(
        self, repository: Path, cache: Path | None, package: Path | None, *, why: bool
    ) -> None:
        self.repository, self.package, self.why = repository, package, why
        self._cache = cache
        self._open: OrderedDict[str, tuple[Maker, ExitStack]] = OrderedDict()
        self._refused: dict[str, UserError] = {}

    def __enter__(self) -> "Makers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._open:
            self._open.popitem()[1][1].close()

    def of(self, model: str) -> Maker:
        """Who makes the answers of a model (as `svd@v1.4.0`) again.

        Raises BadInput, Unavailable or CorruptFile when there is nobody; each time the same.
        """
        if model in self._refused:
            raise self._refused[model]
        if model not in self._open:
            while len(self._open) >= OPEN:
                self._open.popitem(last=False)[1][1].close()
            with ExitStack() as stack:
                try:
                    maker = stack.enter_context(self._made(model, stack))
                except UserError as error:
                    self._refused[model] = error
                    raise
                self._open[model] = maker, stack.pop_all()
        self._open.move_to_end(model)
        return self._open[model][0]

    def _made(self, model: str, stack: ExitStack) -> Maker:
        if self.package is not None:
            self._check_package(model, self.package)
            return Maker(f"--model-dir {self.package}", self.package, ROOT, why=self.why)
        tag = self.tag(model)
        if tag is None:
            raise BadInput(f"{model} is no release: give the package that answered by --model-dir")
        cache = self._cache or cache_of(self.repository)
        folder = stack.enter_context(scratch("code"))
        code = code_in(self.repository, tag, folder)
        return Maker(model, model_of(self.repository, tag, cache), code, why=self.why)

    def tag(self, model: str) -> Tag | None:
        """The release that a model is, None when it is called like none.

        Raises BadInput when the repository does not have it.
        """
        return resolve_any(self.repository, model) if NAME.fullmatch(model) else None

    def _check_package(self, model: str, package: Path) -> None:
        """Raises BadInput when a release is named, here to be compared with, and is another."""
        if not NAME.fullmatch(model):
            return
        ref = f"refs/tags/{model}"
        if attempt(self.repository, "rev-parse", "--quiet", "--verify", ref).returncode:
            return
        locked = locked_model(self.repository, resolve_any(self.repository, model))
        if (got := md5_of_folder(package)) != locked.md5:
            raise BadInput(
                f"--model-dir {package} is not the model of {model}: it is {got}, that one's "
                f"dvc.lock says {locked.md5}; leave --model-dir out, and the release is fetched"
            )
