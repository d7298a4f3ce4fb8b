"""What stands in the table of a night, of stages that ran side by side."""

from typing import Any

from tests.bench.night_table import Night, busy, growth, limits, table


def stage(name: str, began: float, ended: float, cpu: float, *, model: str = "") -> dict[str, Any]:
    argv = [f"stages/{name}.py", *(["--model", f"models/{model}"] if model else [])]
    moved = {"peak_mb": 500.0, "read_mb": 10.0, "written_mb": 400.0}
    return {"argv": argv, "began": began, "ended": ended, "cpu_s": cpu, **moved}


STAGES = [
    stage("train", 12.0, 40.0, 27.0, model="svd"),
    stage("train", 13.0, 30.0, 16.0, model="svdpp"),
    stage("aggregate", 1.0, 11.0, 8.0),
]


def night(lines: int = 1000, **changed: Any) -> Night:
    facts = {"cpu": 60.0, "wall": 45.0, "together_mb": 1200.0, "made_mb": 900.0, "stages": STAGES}
    return Night(lines, 30, **(facts | changed))


def test_time_that_two_share_counts_once() -> None:
    assert busy(STAGES) == 10 + 28
    assert busy([stage("a", 0, 9, 1), stage("b", 2, 3, 1), stage("c", 4, 10, 1)]) == 10
    assert busy([]) == 0


def test_dvc_has_the_time_when_no_stage_runs_and_the_cpu_that_no_stage_used() -> None:
    rows = [line.strip("| ").split(" | ") for line in table(night()).splitlines()[2:]]
    assert rows == [
        ["aggregate", "8.0", "10.0", "500", "10.0", "400", "125"],
        ["train svdpp", "16.0", "17.0", "500", "10.0", "400", "62"],
        ["train svd", "27.0", "28.0", "500", "10.0", "400", "37"],
        ["DVC", "9.0", "7.0", "0.0", "0.0", "0.0", "111"],
        ["all", "60.0", "45.0", "1,200", "30.0", "1,200", "17"],
    ]


def test_limits_are_said_in_words() -> None:
    assert limits(night()).splitlines() == [
        "wall: 45.0 s, within 240 s",
        "RSS of all at once: 1,200 MB, within 2,000 MB",
        "beside: 300 MB, within 1,000 MB",
    ]
    past = limits(night(wall=241.0, together_mb=2001.0, made_mb=100.0)).splitlines()
    assert [line.split(", ")[-1][:5] for line in past] == ["PAST ", "PAST ", "PAST "]


def test_growth_is_of_cpu_seconds_by_stage() -> None:
    larger = [dict(one, cpu_s=one["cpu_s"] * 5) for one in STAGES]
    said = growth(night(), night(10_000, stages=larger, cpu=300.0))
    head, grown = said.split(": ")
    assert head == "10.0 times the lines, CPU seconds"
    names = ("aggregate", "train svdpp", "train svd", "DVC", "all")
    assert grown == ", ".join(f"{name} 5.0" for name in names)
