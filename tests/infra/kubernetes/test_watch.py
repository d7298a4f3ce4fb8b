"""Who watches a cluster: valid, by the files and versions of elsewhere, with no right too many."""

import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

INFRA = Path(__file__).resolve().parents[3] / "infra"
WATCH = INFRA / "kubernetes/watch"
KUSTOMIZATION = yaml.safe_load((WATCH / "kustomization.yaml").read_text())
FILES = [WATCH / name for name in KUSTOMIZATION["resources"] if name.endswith(".yaml")]
THINGS = [thing for path in FILES for thing in yaml.safe_load_all(path.read_text())]
WORKLOADS = {t["metadata"]["name"]: t for t in THINGS if "template" in t.get("spec", {})}
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text())
DISCOVERY = yaml.safe_load((WATCH / "discovery.yml").read_text())
PROMETHEUS = yaml.safe_load((INFRA / "prometheus/prometheus.yml").read_text())
API = "1.34"
ANNOTATION_BYTES = 262_144
"""`kubectl apply` keeps what it applied in an annotation, and annotations have no more."""
NAMED = "__meta_kubernetes_pod_label_app_kubernetes_io_name"
each = pytest.mark.parametrize("name", WORKLOADS)


def pod(name: str) -> dict[str, Any]:
    return WORKLOADS[name]["spec"]["template"]["spec"]


def app(name: str) -> dict[str, Any]:
    (container,) = pod(name)["containers"]
    return container


@pytest.mark.parametrize("number", range(len(THINGS)))
def test_the_api_knows_every_field(number: int) -> None:
    kubernetes_validate.validate(THINGS[number], API, strict=True)


def test_the_four_are_there_and_every_file_is_applied() -> None:
    assert set(WORKLOADS) == {"prometheus", "alertmanager", "node-exporter", "grafana"}
    named = {"kustomization.yaml", *(path.name for path in FILES)}
    assert {path.name for path in WATCH.glob("*.yaml")} == named


@each
def test_the_version_is_the_one_of_compose(name: str) -> None:
    assert app(name)["image"] == COMPOSE["services"][name]["image"]
    assert ":" in app(name)["image"] and not app(name)["image"].endswith(":latest")


def test_what_is_built_where_no_registry_is_has_the_versions_and_programs_of_the_manifests() -> (
    None
):
    script = (INFRA / "ci/watchers.sh").read_text()
    made = dict(re.findall(r"^make (\S+) v\S+ \S+ (\S+)", script, re.M))
    named = [app(name)["image"].split(":v") for name in sorted(set(WORKLOADS) - {"grafana"})]
    assert {f"github.com/{name.replace('prom/', 'prometheus/').replace('node-', 'node_')}": version
            for name, version in named} == made  # fmt: skip


@each
def test_a_pod_can_change_nothing_and_gain_nothing(name: str) -> None:
    own, container = pod(name)["securityContext"], app(name)["securityContext"]
    assert own["runAsNonRoot"] is True and own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(app(name)["resources"]["requests"]) == {"cpu", "memory"}
    assert set(app(name)["resources"]["limits"]) == {"cpu", "memory"}
    asks_the_api = name == "prometheus"
    assert pod(name).get("automountServiceAccountToken", True) is asks_the_api


def test_only_who_sees_the_machine_lies_where_that_is_allowed() -> None:
    levels = {t["metadata"]["name"]: t["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
              for t in THINGS if t["kind"] == "Namespace"}  # fmt: skip
    assert levels == {"monitoring": "restricted", "monitoring-nodes": "privileged"}
    there = {n: t["metadata"]["namespace"] for n, t in WORKLOADS.items()}
    assert {n for n, namespace in there.items() if namespace != "monitoring"} == {"node-exporter"}
    for name in set(WORKLOADS) - {"node-exporter"}:
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(name))
        assert not any("hostPath" in volume for volume in pod(name)["volumes"])
    (mount,) = app("node-exporter")["volumeMounts"]
    assert mount["readOnly"] is True


def test_what_is_mounted_is_made_and_nothing_is_mounted_inside_what_is_read_only() -> None:
    folders = [INFRA / "prometheus", INFRA / "alertmanager", INFRA / "grafana", WATCH]
    made = {}
    for folder in folders:
        for one in yaml.safe_load((folder / "kustomization.yaml").read_text())[
            "configMapGenerator"
        ]:
            assert one["namespace"] == "monitoring"
            made[one["name"]] = [folder / file.rpartition("=")[2] for file in one["files"]]
    assert all(path.is_file() for paths in made.values() for path in paths)
    size = sum(path.stat().st_size for path in made["dashboards"])
    assert size < 0.8 * ANNOTATION_BYTES, "split dashboards into two ConfigMaps"
    wanted = {v["configMap"]["name"] for n in WORKLOADS for v in pod(n).get("volumes", [])
              if "configMap" in v}  # fmt: skip
    assert wanted == set(made)
    for name in WORKLOADS:
        places = [mount["mountPath"] for mount in app(name)["volumeMounts"]]
        inside = [(a, b) for a in places for b in places if a != "/" and b.startswith(f"{a}/")]
        assert not inside


def test_all_dashboards_are_there() -> None:
    (made, *_) = yaml.safe_load((INFRA / "grafana/kustomization.yaml").read_text())[
        "configMapGenerator"
    ]
    there = {f"dashboards/{path.name}" for path in (INFRA / "grafana/dashboards").glob("*.json")}
    assert set(made["files"]) == there


def test_secrets_are_made_by_hand_and_have_the_names_that_alertmanager_reads() -> None:
    assert not any(thing["kind"] == "Secret" for thing in THINGS)
    (volume,) = [v for v in pod("alertmanager")["volumes"] if "secret" in v]
    (mount,) = [m for m in app("alertmanager")["volumeMounts"] if m["name"] == volume["name"]]
    files = {f"{mount['mountPath']}/{item['path']}" for item in volume["secret"]["items"]}
    routes = yaml.safe_load((INFRA / "alertmanager/alertmanager.yml").read_text())
    assert files == {s["api_url_file"] for r in routes["receivers"] for s in r["slack_configs"]}


def test_jobs_have_the_names_that_rules_know() -> None:
    jobs = [job["job_name"] for job in DISCOVERY["scrape_configs"]]
    assert jobs == [job["job_name"] for job in PROMETHEUS["scrape_configs"]]
    assert DISCOVERY["global"] == PROMETHEUS["global"]


def test_nobody_talks_to_anybody_but_for_what_is_named() -> None:
    policies = {t["metadata"]["name"]: t["spec"] for t in THINGS if t["kind"] == "NetworkPolicy"}
    assert policies["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert set(policies) == {"nobody", "names", "prometheus", "alertmanager", "grafana"}
    assert "ingress" not in policies["grafana"]


@pytest.mark.slow
def test_promtool_reads_what_is_done_with_pods_that_are_found(tmp_path: Path) -> None:
    """But for the finding itself, which Debian leaves out of its Prometheus."""
    document = yaml.safe_load((WATCH / "discovery.yml").read_text())
    for job in document["scrape_configs"]:
        job.pop("kubernetes_sd_configs", None)
    (tmp_path / "discovery.yml").write_text(yaml.safe_dump(document))
    command = ["promtool", "check", "config", "--syntax-only", str(tmp_path / "discovery.yml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pods_are_found_where_they_are_and_by_names_that_they_have() -> None:
    rendered = [*yaml.safe_load_all((INFRA / "kubernetes/rendered.yaml").read_text()), *THINGS]
    pods = [thing for thing in rendered if "template" in thing.get("spec", {})]
    labels = [thing["spec"]["template"]["metadata"]["labels"] for thing in pods]
    names = [own["app.kubernetes.io/name"] for own in labels]
    named = dict(zip(names, [pod["metadata"]["namespace"] for pod in pods], strict=True))
    found = {}
    for job in DISCOVERY["scrape_configs"]:
        for sd in job.get("kubernetes_sd_configs", []):
            relabels = [r for r in job["relabel_configs"] if r["source_labels"] == [NAMED]]
            (kept,) = [r["regex"] for r in relabels if r["action"] == "keep"]
            found |= dict.fromkeys(kept.split("|"), sd["namespaces"]["names"][0])
    assert found.items() <= named.items()
    assert set(found) == {"svd", "svdpp", "router", "node-exporter"}
