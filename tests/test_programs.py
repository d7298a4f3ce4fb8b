"""Every program says what it is called, in its usage and in what is wrong with a command line."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = {
    "serve.collector": "serve.collector",
    "serve.service": "serve.service",
    "aggregate": "aggregate",
    "baselines": "baselines",
    "drift": "drift",
    "evaluate": "evaluate",
    "gate": "gate",
    "online_evaluate": "online_evaluate",
    "online_merge": "online_merge",
    "online_open": "online_open",
    "preprocess": "preprocess",
    "search": "search",
    "train": "train",
    "uptake": "uptake",
    "validate": "validate",
    "infra.ci.deps": "deps",
    "infra.ci.groups": "groups",
    "infra.ci.evaluation": "evaluation",
    "infra.ci.mutants": "mutants",
    "infra.ci.online": "online",
    "infra.ci.repro": "repro",
    "infra.ci.unfinished": "unfinished",
    "infra.ci.verdict": "verdict",
    "infra.compare": "compare",
    "infra.demo.cluster": "cluster",
    "infra.demo.monitoring": "monitoring",
    "infra.demo.page": "page",
    "infra.demo.plots_page": "plots_page",
    "infra.demo.release": "release",
    "infra.demo.releases": "releases",
    "infra.demo.replay": "replay",
    "infra.grafana.build": "build",
    "infra.grafana.pictures": "pictures",
    "infra.kafka.embedded": "embedded",
    "infra.kubernetes.render": "render",
    "infra.kubernetes.trial.load": "load",
    "infra.kubernetes.trial.names": "names",
    "infra.prometheus.handover": "handover",
    "infra.prometheus.mutations": "mutations",
    "infra.release.act": "act",
    "infra.release.bring": "bring",
    "infra.release.deploy": "deploy",
    "infra.release.card": "card",
    "infra.release.expire": "expire",
    "infra.release": "release",
    "infra.release.image": "image",
    "infra.release.explain": "explain",
    "infra.release.incumbent": "incumbent",
    "infra.release.lists": "lists",
    "infra.release.promote": "promote",
    "infra.release.register": "register",
    "infra.release.reproduce": "reproduce",
    "infra.release.rollback": "rollback",
    "infra.release.status": "status",
    "infra.release.verify": "verify",
    "infra.release.window": "window",
    "infra.router.start": "start",
    "infra.router.weights": "weights",
    "infra.simulator.capture": "capture",
    "infra.simulator.live": "live",
    "infra.simulator.produce": "produce",
    "infra.simulator.replay": "replay",
}
"""module → the name that it goes by."""


def module_of(path: Path) -> str:
    """The name that a program's file is run by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part not in ("stages", "__main__"))


@pytest.mark.parametrize("module", PROGRAMS)
def test_help_names_the_program_and_what_it_does(
    module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = "__main__" if (ROOT / module.replace(".", "/")).is_dir() else ""
    program = importlib.import_module(f"{module}.{entry}".rstrip("."))
    with pytest.raises(SystemExit) as ended:
        program.main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    usage, does = told.split("\n\n")[:2]
    assert usage.startswith(f"usage: {PROGRAMS[module]} [-h]")
    assert not does.startswith(("positional", "options")), "what it does comes first"


def test_all_programs_are_there() -> None:
    found = {
        module_of(path)
        for house in ("stages", "serve", "infra")
        for path in (ROOT / house).rglob("*.py")
        if re.search(r"parser = (argparse\.ArgumentParser|manual)\(", path.read_text())
    }
    assert found == set(PROGRAMS)
