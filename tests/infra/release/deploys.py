"""What stands in the place of `deploy` in tests of the verbs that call it: it writes down what it
was told, and ends as it is to."""

import sys
from collections.abc import Callable
from types import SimpleNamespace

from infra.release.production import in_production
from movierec.errors import Unavailable
from tests.infra.release.project import Project


def instead(project: Project, status: int, meanwhile: Callable[[], object]) -> Callable[[], None]:
    """Puts it there, in the process that is to run a verb; `status` 2 is what one would raise."""

    def deploy(arguments: list[str]) -> int:
        with (project.folder / "deployed").open("a") as file:
            file.write(f"{arguments}\n")
        meanwhile()
        if status == 2:
            raise Unavailable("the cluster does not answer")
        return status

    def before() -> None:
        sys.modules["infra.release.deploy"] = SimpleNamespace(main=deploy)  # type: ignore[assignment]

    return before


def deployed(project: Project) -> list[str]:
    """What was deployed, in this order."""
    log = project.folder / "deployed"
    lines = log.read_text().splitlines() if log.exists() else []
    for line in lines:
        assert line.endswith(f", '--repo', '{project.work}']")
    return [line.split("'")[1] for line in lines]


def at(project: Project, kind: str = "svd") -> str | None:
    """What is in production, here as on the origin."""
    here = in_production(project.work, kind)
    assert here == in_production(project.origin, kind)
    return here
