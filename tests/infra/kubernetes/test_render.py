"""What is shipped for Kubernetes, as rendered: valid, and with every guarantee written in it."""

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from infra.kubernetes import render
from infra.router.weights import as_json
from movierec.params import load_section
from movierec.routing import Routing

PARAMS = Path(__file__).resolve().parents[3] / "params.yaml"
THINGS = list(yaml.safe_load_all(render.RENDERED.read_text()))
DEPLOYMENTS = {t["metadata"]["name"]: t for t in THINGS if t["kind"] == "Deployment"}
STOP_SECONDS = 25
"""How long a service takes at most to answer what was asked, and to say the rest to Kafka."""
API = "1.34"
NAME = "app.kubernetes.io/name"
ours = pytest.mark.parametrize("name", DEPLOYMENTS)


def thing(kind: str, name: str) -> dict[str, Any]:
    """The one thing of that kind and name."""
    found = [t for t in THINGS if (t["kind"], t["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}: {len(found)} times"
    return found[0]


def pod(name: str) -> dict[str, Any]:
    return DEPLOYMENTS[name]["spec"]["template"]["spec"]


def app(name: str) -> dict[str, Any]:
    (container,) = pod(name)["containers"]
    return container


def test_it_was_rendered_from_what_stands_there_now() -> None:
    head = render.RENDERED.read_text().split("\n")[0] + "\n"
    assert head == render.HEAD.format(render.digest()), "python -m infra.kubernetes.render"


@pytest.mark.parametrize("number", range(len(THINGS)))
def test_the_api_knows_every_field(number: int) -> None:
    kubernetes_validate.validate(THINGS[number], API, strict=True)


def test_a_field_that_the_api_does_not_know_is_found() -> None:
    wrong = json.loads(json.dumps(DEPLOYMENTS["svd"]))
    wrong["spec"]["strategy"]["maxSurge"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, API, strict=True)


def test_everything_lies_in_one_namespace_that_lets_no_pod_gain_a_right() -> None:
    labels = thing("Namespace", "movierec")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {t["metadata"].get("namespace") for t in THINGS if t["kind"] != "Namespace"} == {
        "movierec"
    }
    assert set(DEPLOYMENTS) == {"svd", "svdpp", "router"}


@ours
def test_two_pods_are_replaced_one_by_one_and_never_fewer(name: str) -> None:
    spec = DEPLOYMENTS[name]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["minReadySeconds"] > 0
    startup = app(name)["startupProbe"]
    assert spec["progressDeadlineSeconds"] > spec["minReadySeconds"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 60


@ours
def test_a_pod_serves_on_while_nodes_learn_that_it_goes_and_then_ends_its_work(name: str) -> None:
    sleep = app(name)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleep >= 5
    assert pod(name)["terminationGracePeriodSeconds"] >= sleep + STOP_SECONDS


@ours
def test_probes_wait_for_a_busy_machine(name: str) -> None:
    ready = {"svd": "/readyz", "svdpp": "/readyz", "router": "/healthz"}[name]
    paths = {"startupProbe": ready, "readinessProbe": ready, "livenessProbe": "/healthz"}
    for probe, path in paths.items():
        said = app(name)[probe]
        assert said["httpGet"] == {"path": path, "port": "http"}
        assert said["timeoutSeconds"] >= 5 and said["failureThreshold"] >= 3
    liveness = app(name)["livenessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 60


@ours
def test_a_pod_can_change_nothing_and_gain_nothing(name: str) -> None:
    own, container = pod(name)["securityContext"], app(name)["securityContext"]
    assert own["runAsNonRoot"] is True and own["runAsUser"] == 10001
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(name)["automountServiceAccountToken"] is False
    assert pod(name)["enableServiceLinks"] is False
    writable = [m["name"] for m in app(name)["volumeMounts"] if not m.get("readOnly")]
    assert writable == ["tmp"]
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostPath"} & set(pod(name))


@ours
def test_a_pod_asks_for_what_it_needs_and_has_a_bound(name: str) -> None:
    resources = app(name)["resources"]
    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}


@ours
def test_pods_of_one_name_keep_apart_and_one_at_a_time_is_drained(name: str) -> None:
    (apart,) = pod(name)["affinity"]["podAntiAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    term = apart["podAffinityTerm"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"] == {"matchLabels": {NAME: name}}
    budget = thing("PodDisruptionBudget", name)["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == {"matchLabels": {NAME: name}}


@ours
def test_more_load_makes_more_pods(name: str) -> None:
    spec = thing("HorizontalPodAutoscaler", name)["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert spec["minReplicas"] == DEPLOYMENTS[name]["spec"]["replicas"] < spec["maxReplicas"]


@ours
def test_a_service_finds_its_pods_and_keeps_a_client_with_one(name: str) -> None:
    spec = thing("Service", name)["spec"]
    labels = DEPLOYMENTS[name]["spec"]["template"]["metadata"]["labels"]
    assert spec["selector"].items() <= labels.items()
    assert DEPLOYMENTS[name]["spec"]["selector"]["matchLabels"] == {NAME: name}
    assert [(p["port"], p["targetPort"]) for p in spec["ports"]] == [(8080, "http")]
    assert spec["sessionAffinity"] == "ClientIP"
    kept = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
    assert kept > DEPLOYMENTS[name]["spec"]["progressDeadlineSeconds"], "longer than an update"


@ours
def test_prometheus_finds_a_port_that_is_there(name: str) -> None:
    said = DEPLOYMENTS[name]["spec"]["template"]["metadata"]["annotations"]
    assert said["prometheus.io/scrape"] == "true"
    assert int(said["prometheus.io/port"]) in [p["containerPort"] for p in app(name)["ports"]]


def peers(policy: str) -> list[Any]:
    return [rule.get("from") for rule in thing("NetworkPolicy", policy)["spec"]["ingress"]]


def test_nobody_talks_to_anybody_but_for_what_is_named() -> None:
    spec = thing("NetworkPolicy", "nobody")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    names = thing("NetworkPolicy", "names")["spec"]["egress"]
    assert {p["port"] for rule in names for p in rule["ports"]} == {53}


@pytest.mark.parametrize("arm", ["svd", "svdpp"])
def test_the_router_alone_asks_an_arm_and_an_arm_asks_kafka_alone(arm: str) -> None:
    spec = thing("NetworkPolicy", arm)["spec"]
    assert spec["podSelector"] == {"matchLabels": {NAME: arm}}
    router = {"matchExpressions": [{"key": NAME, "operator": "In", "values": ["router"]}]}
    assert peers(arm) == [[{"podSelector": router}]]
    assert spec["egress"] == [{"ports": [{"protocol": "TCP", "port": 9092}]}]
    (address,) = [t for t in THINGS if t["metadata"]["name"].startswith("kafka-")]
    assert address["data"]["KAFKA_BOOTSTRAP_SERVERS"].endswith(":9092")
    assert app(arm)["envFrom"][0] == {"configMapRef": {"name": address["metadata"]["name"]}}


def test_the_router_asks_the_arms_alone_and_prometheus_the_metrics() -> None:
    (rule,) = thing("NetworkPolicy", "router")["spec"]["egress"]
    arms = {"matchExpressions": [{"key": NAME, "operator": "In", "values": ["svd", "svdpp"]}]}
    assert rule["to"] == [{"podSelector": arms}]
    monitoring = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    for policy in ("arms-metrics", "router-metrics"):
        assert peers(policy) == [[{"namespaceSelector": monitoring}]]


def test_weights_are_a_folder_that_follows_their_config_map() -> None:
    """A mounted file (subPath) would keep its first content, a hashed name would replace pods."""
    (mount,) = [m for m in app("router")["volumeMounts"] if m["name"] == "routing"]
    assert mount == {"name": "routing", "mountPath": "/etc/movierec", "readOnly": True}
    assert {"name": "routing", "configMap": {"name": "routing"}} in pod("router")["volumes"]
    said = json.loads(thing("ConfigMap", "routing")["data"]["routing.json"])
    assert said == as_json(load_section(PARAMS, "routing", Routing)), (
        "python -m infra.router.weights"
    )


def test_a_release_may_set_images_and_weights_and_nothing_else() -> None:
    writing = [rule for rule in thing("Role", "deployer")["rules"] if "patch" in rule["verbs"]]
    assert writing == [
        {
            "apiGroups": ["apps"],
            "resources": ["deployments"],
            "resourceNames": ["svd", "svdpp", "router"],
            "verbs": ["get", "patch"],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["routing"],
            "verbs": ["get", "patch"],
        },
    ]
    verbs = {v for t in THINGS if t["kind"] == "Role" for r in t["rules"] for v in r["verbs"]}
    assert verbs == {"get", "list", "watch", "patch"}
