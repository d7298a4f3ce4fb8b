"""Reports of the batch side → samples. A report gives all of its samples or raises BadInput."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from infra.prometheus.online import online
from infra.prometheus.samples import Sample, number, optional, section
from infra.release.production import Production
from movierec.errors import BadInput
from movierec.files import read_json

KINDS = ("svd", "svdpp")
"""Models; each has the arm of its name."""
REMEDY = "run `dvc repro`, or `dvc pull`"
OFFLINE = ("rmse", "recall", "ndcg", "coverage")
Read = Callable[[Path, str], Iterator[Sample]]
"""(root of the repository, the source) → samples."""


def offline(root: Path, source: str) -> Iterator[Sample]:
    """metrics/<kind>.json."""
    document, kind = read_json(root / source, REMEDY), Path(source).stem
    for measure in OFFLINE:
        value = optional(document, measure, source)
        if value is not None:
            yield Sample(f"movierec_offline_{measure}", value, (kind,))


def gate(root: Path, source: str) -> Iterator[Sample]:
    """reports/gate.json."""
    document = read_json(root / source, REMEDY)
    for kind in KINDS:
        passed = number(section(document, kind, source), "pass", f"{source}: {kind}")
        yield Sample("movierec_offline_passed", passed, (kind,))


def incumbent(root: Path, source: str) -> Iterator[Sample]:
    """data/incumbent.json: of the kinds that something is in production of."""
    for kind, entry in read_json(root / source, REMEDY).items():
        where = f"{source}: {kind}"
        if not isinstance(entry, Mapping):
            raise BadInput(f"{where} is {entry!r}, expected a mapping")
        rmse = number(section(entry, "metrics", where), "rmse", where)
        yield Sample("movierec_offline_incumbent_rmse", rmse, (kind,))


def measures(metric: str) -> Read:
    """{"measures": {name: {"value", "limit", "passed"}}} → three metrics."""

    def read(root: Path, source: str) -> Iterator[Sample]:
        for name, told in section(read_json(root / source, REMEDY), "measures", source).items():
            where = f"{source}: {name}"
            if not isinstance(told, Mapping):
                raise BadInput(f"{where} is {told!r}, expected a mapping")
            for key, end in (("value", ""), ("limit", "_limit"), ("passed", "_passed")):
                value = optional(told, key, where)
                if value is not None:
                    yield Sample(metric + end, value, (name,))

    return read


def online_report(root: Path, source: str) -> Iterator[Sample]:
    """metrics/online.json."""
    return online(read_json(root / source, REMEDY), source)


def production(root: Path) -> Iterator[Sample]:
    """What the repository's tags say."""
    for kind in KINDS:
        release = Production.read(root, kind).release
        if release is not None:
            yield Sample("movierec_production_info", 1, (release, kind))


REPORTS: dict[str, Read] = {
    **{f"metrics/{kind}.json": offline for kind in KINDS},
    "reports/gate.json": gate,
    "data/incumbent.json": incumbent,
    "metrics/online.json": online_report,
    "reports/validate.json": measures("movierec_data_quality"),
    "reports/drift.json": measures("movierec_drift"),
}
"""Which files are read, and how."""
TAGS = "git tags"
