"""No container may eat the machine, change itself, gain a right or open by a known word."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

INFRA = Path(__file__).resolve().parents[2] / "infra"
TEXT = (INFRA / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WITH_DEFAULT = re.compile(r"\$\{(\w+)(:?[-=][^}]*)?\}")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|WEBHOOK|_KEY\b", re.IGNORECASE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_bounded_and_can_gain_nothing(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9][0-9]*[mg]", str(service.get("mem_limit"))), "no bound of memory"
    assert service.get("read_only") is True
    assert service.get("cap_drop") == ["ALL"]
    assert service.get("security_opt") == ["no-new-privileges:true"]
    assert not service.get("cap_add") and not service.get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_written_is_a_volume_or_in_memory(name: str) -> None:
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert ":" in volume, f"{volume}: without a name it stays behind"
        assert source in COMPOSE["volumes"] or volume.endswith(":ro"), f"{volume}: the host's"
    assert all(place.startswith("/") for place in service["tmpfs"])


def test_no_secret_has_a_default_and_a_missing_one_is_refused() -> None:
    written = [line for line in TEXT.splitlines() if not line.lstrip().startswith("#")]
    for variable, default in WITH_DEFAULT.findall("\n".join(written)):
        assert not SECRET.search(variable), (
            f"{variable} is given or empty without a word: {default}"
        )
    for service in SERVICES.values():
        for key, value in (service.get("environment") or {}).items():
            if SECRET.search(key):
                assert re.match(r"\$\{\w+:\?.+\}$", str(value)), f"{key}: {value}"
    for secret in ("slack_webhook", "watchdog_url"):
        assert re.match(r"\$\{\w+:\?.+\}$", COMPOSE["secrets"][secret]["file"])


def test_alertmanager_is_given_each_secret_that_it_reads() -> None:
    routes = yaml.safe_load((INFRA / "alertmanager/alertmanager.yml").read_text())
    read = {s["api_url_file"] for r in routes["receivers"] for s in r["slack_configs"]}
    given = SERVICES["alertmanager"]["secrets"]
    assert read == {f"/run/secrets/{secret}" for secret in given}
    assert set(given) <= set(COMPOSE["secrets"])


def test_node_exporter_sees_the_host_and_what_the_night_hands_over() -> None:
    told = SERVICES["node-exporter"]
    (mount,) = told["volumes"]
    place = mount.removesuffix(":ro").split(":")[1]
    assert told["pid"] == "host" and f"--path.rootfs={place}" in told["command"]
    (folder,) = [c for c in told["command"] if c.startswith("--collector.textfile.directory=")]
    assert folder.startswith(f"--collector.textfile.directory={place}${{METRICS_TEXTFILE_DIR:-/")


def test_grafana_has_a_password_of_its_own() -> None:
    """Without the variable its user is admin, and so is the password."""
    assert "GF_SECURITY_ADMIN_PASSWORD" in SERVICES["grafana"]["environment"]


def test_only_the_router_is_reached_from_other_machines() -> None:
    for name, service in SERVICES.items():
        ports = service.get("ports", [])
        assert name == "router" or all(port.startswith("127.0.0.1:") for port in ports), name


def test_an_image_of_ours_is_made_here_and_pulled_from_nowhere() -> None:
    """By default of the work tree; a release's only by name, for `up` builds nothing under one."""
    ours = {n: s for n, s in SERVICES.items() if s.get("image", "").startswith("movierec")}
    assert ours.keys() >= {"collector", "svd", "svdpp"}
    for name, service in ours.items():
        assert service["pull_policy"] == "never", name
        assert "build" not in service, name
        assert re.search(r"\bdev\}?$", service["image"]), name


def test_what_kafka_stores_is_on_its_volume_and_not_in_memory() -> None:
    kafka = SERVICES["kafka"]
    assert f"kafka:{kafka['environment']['KAFKA_LOG_DIRS']}" in kafka["volumes"]


def test_kafka_may_run_what_it_unpacks() -> None:
    """Machine code for snappy and zstd; Docker mounts memory so that nothing there is run."""
    assert "/tmp:exec" in SERVICES["kafka"]["tmpfs"]


def test_one_broker_keeps_one_copy_of_its_own_topics() -> None:
    """By default it wants three, and then no transaction begins."""
    told = SERVICES["kafka"]["environment"]
    for name in ("OFFSETS_TOPIC_REPLICATION_FACTOR", "TRANSACTION_STATE_LOG_REPLICATION_FACTOR"):
        assert told[f"KAFKA_{name}"] == 1
    assert told["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] == 1


def test_where_no_registry_is_kafka_is_of_the_same_version() -> None:
    """The stand-in for its image takes the version from pom.xml."""
    (version,) = re.findall(
        r"<kafka.version>(.*)</kafka.version>", (INFRA / "kafka/pom.xml").read_text()
    )
    assert {SERVICES[name]["image"] for name in ("kafka", "topics")} == {f"apache/kafka:{version}"}
