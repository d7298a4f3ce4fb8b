"""Steps are read from the record of pods, by the order of its writes and not of their coming."""

import json
from typing import Any

from infra.kubernetes.order import Step, documents, steps


def event(
    version: int, name: str, image: str, ready: bool, ending: bool = False, kind: str = "MODIFIED"
) -> dict[str, Any]:
    metadata = {
        "name": name,
        "resourceVersion": str(version),
        "labels": {"app.kubernetes.io/name": "svd"},
    }
    if ending:
        metadata["deletionTimestamp"] = "2026-11-14T12:24:01Z"
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    spec = {"containers": [{"image": image}]}
    return {"type": kind, "object": {"metadata": metadata, "spec": spec, "status": status}}


def told(events: list[dict[str, Any]], since: int = 10) -> list[Step]:
    return [step for step in steps(iter(events), "svd", since) if step.what != "changed"]


BEFORE = [event(1, "a", "v1", True, kind="ADDED"), event(2, "b", "v1", True, kind="ADDED")]


def test_a_pod_is_ready_then_another_ends() -> None:
    events = [
        *BEFORE,
        event(11, "c", "v2", False, kind="ADDED"),
        event(14, "a", "v1", True, ending=True),
        event(12, "c", "v2", True),
        event(15, "a", "v1", False, ending=True, kind="DELETED"),
    ]
    assert told(events) == [
        Step("ready", "v2", 3),
        Step("ending", "v1", 2),
    ]


def test_a_pod_that_ends_before_another_is_ready_is_seen() -> None:
    events = [*BEFORE, event(11, "a", "v1", True, ending=True), event(12, "c", "v2", True)]
    assert told(events) == [
        Step("ending", "v1", 1),
        Step("ready", "v2", 2),
    ]


def test_a_pod_that_was_unready_for_a_moment_is_no_new_one_but_is_missed() -> None:
    events = [*BEFORE, event(11, "a", "v1", False), event(12, "a", "v1", True)]
    assert told(events) == []
    assert [step.serving for step in steps(iter(events), "svd", since=10)] == [1, 2]


def test_other_deployments_pods_do_not_count() -> None:
    assert list(steps(iter(BEFORE), "svdpp", since=0)) == []


def test_objects_stand_one_behind_the_other_and_the_last_may_be_cut_off() -> None:
    text = json.dumps({"a": {"b": 1}}, indent=4) + "\n" + json.dumps({"c": 2}) + '{"d": '
    assert list(documents(text)) == [{"a": {"b": 1}}, {"c": 2}]
