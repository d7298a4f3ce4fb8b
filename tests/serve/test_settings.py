"""What each program is told, and that README's table is what the code says."""

import subprocess
import sys
from dataclasses import MISSING
from pathlib import Path

import pytest

from movierec.errors import BadParams
from serve.kafka import KafkaSettings
from serve.links import PORT_OR_HOST
from serve.peers import Peer
from serve.settings import CollectorSettings, ServiceSettings, table
from serve.variables import settings_of

README = Path(__file__).parents[2] / "serve/README.md"
BROKER = {"KAFKA_BOOTSTRAP_SERVERS": "a:9092"}
MODEL = {"SERVICE_MODEL_DIR": "models/svd"}
CLASSES = (KafkaSettings, CollectorSettings, ServiceSettings)


def test_a_collector_needs_a_broker_only() -> None:
    settings = CollectorSettings.from_environment(BROKER)
    assert settings == CollectorSettings(KafkaSettings(("a:9092",)))
    with pytest.raises(BadParams, match="KAFKA_BOOTSTRAP_SERVERS is not set: set it to host:port"):
        CollectorSettings.from_environment({})


def test_the_served_topic_is_one_that_is_collected() -> None:
    """Else its lines would be read as events, each of them rejected."""
    elsewhere = {**BROKER, "COLLECTOR_TOPICS": "log,more", "COLLECTOR_SERVED_TOPIC": "answers"}
    with pytest.raises(BadParams, match="SERVED_TOPIC answers is none of COLLECTOR_TOPICS log,mo"):
        CollectorSettings.from_environment(elsewhere)
    log_alone = CollectorSettings.from_environment({**BROKER, "COLLECTOR_TOPICS": "log"})
    assert log_alone.topics == ("log",)


def test_a_collector_s_variables_reach_their_fields() -> None:
    given = {
        "STORE": "/data",
        "TOPICS": "log,answers",
        "SERVED_TOPIC": "answers",
        "GROUP": "night shift",
        "ACCEPT_NEW_TOPIC": "A-xyzabcdefghijklmno_1",
        "METRICS_HOST": "::1",
        "METRICS_PORT": "0",
        "SEGMENT_ROWS": "10",
        "SEGMENT_SECONDS": "0.5",
        "BUFFER_BYTES": "2000000",
        "GRACE_SECONDS": "60",
        "EVIDENCE_LINES": "3",
        "SESSION_TIMEOUT_MS": "1000",
        "STARTUP_SECONDS": "1",
    }
    environment = {f"COLLECTOR_{name}": text for name, text in given.items()}
    assert CollectorSettings.from_environment({**BROKER, **environment}) == CollectorSettings(
        KafkaSettings(("a:9092",)),
        store=Path("/data"),
        topics=("log", "answers"),
        served_topic="answers",
        group="night shift",
        accept_new_topic=("A-xyzabcdefghijklmno_1",),
        metrics_host="::1",
        metrics_port=0,
        segment_rows=10,
        segment_seconds=0.5,
        buffer_bytes=2_000_000,
        grace_seconds=60,
        evidence_lines=3,
        session_timeout_ms=1000,
        startup_seconds=1.0,
    )
    assert len(given) == len(settings_of(CollectorSettings))


def test_a_service_needs_a_model_only_and_then_serves_alone() -> None:
    settings = ServiceSettings.from_environment(MODEL)
    assert settings == ServiceSettings(Path("models/svd"))
    assert (settings.kafka, settings.git_commit, settings.history) == (None, "unknown", False)
    with pytest.raises(BadParams) as refusal:
        ServiceSettings.from_environment(BROKER)
    assert str(refusal.value) == (
        "SERVICE_MODEL_DIR is not set: set it to the folder of a model, such as models/svd"
    )


def test_a_service_s_variables_reach_their_fields() -> None:
    given = {
        "MODEL_DIR": "m",
        "MODEL_VERSION": "svd@v1.4.0",
        "GIT_COMMIT": "c0ffee",
        "DATA_DAY": "2026-11-04",
        "ARM": "b",
        "HOST": "127.0.0.1",
        "PORT": "8081",
        "IN_FLIGHT": "2",
        "WORKERS": "4",
        "CONNECTIONS": "10",
        "QUEUE": "3",
        "SERVED_TOPIC": "answers",
        "EVENT_TOPIC": "log",
        "HISTORY": "on",
        "HISTORY_BYTES": "2000000",
        "CACHE_BYTES": "0",
        "PAGE": "on",
        "PAGE_EVENTS": "on",
        "PEERS": "svdpp=http://svdpp:8080",
    }
    environment = {f"SERVICE_{name}": text for name, text in given.items()}
    assert ServiceSettings.from_environment({**BROKER, **environment}) == ServiceSettings(
        Path("m"),
        model_version="svd@v1.4.0",
        git_commit="c0ffee",
        data_day="2026-11-04",
        arm="b",
        host="127.0.0.1",
        port=8081,
        in_flight=2,
        workers=4,
        connections=10,
        queue=3,
        kafka=KafkaSettings(("a:9092",)),
        served_topic="answers",
        event_topic="log",
        history=True,
        history_bytes=2_000_000,
        cache_bytes=0,
        page=True,
        page_events=True,
        peers=(Peer("svdpp", "svdpp", 8080),),
    )
    assert len(given) == len(settings_of(ServiceSettings))


def test_a_history_needs_a_broker() -> None:
    with pytest.raises(BadParams, match="SERVICE_HISTORY is on: set KAFKA_BOOTSTRAP_SERVERS"):
        ServiceSettings.from_environment({**MODEL, "SERVICE_HISTORY": "on"})


@pytest.mark.parametrize("missing", ["SERVICE_PAGE", "SERVICE_HISTORY"])
def test_events_of_the_page_need_the_page_and_a_history_that_they_change(missing) -> None:
    given = {**MODEL, **BROKER, "SERVICE_PAGE": "on", "SERVICE_HISTORY": "on"}
    del given[missing]
    with pytest.raises(BadParams, match=f"SERVICE_PAGE_EVENTS is on: set .*{missing}=on"):
        ServiceSettings.from_environment({**given, "SERVICE_PAGE_EVENTS": "on"})


def test_the_page_is_off_unless_it_is_switched_on() -> None:
    settings = ServiceSettings.from_environment(MODEL)
    assert (settings.page, settings.page_events, settings.peers) == (False, False, None)


@pytest.mark.parametrize(
    ("settings", "name", "text"),
    [
        (CollectorSettings, "COLLECTOR_TOPICS", "a b"),
        (CollectorSettings, "COLLECTOR_TOPICS", "a,a"),
        (CollectorSettings, "COLLECTOR_TOPICS", "a,.."),
        (CollectorSettings, "COLLECTOR_SERVED_TOPIC", "a,b"),
        (CollectorSettings, "COLLECTOR_SERVED_TOPIC", "answers"),
        (CollectorSettings, "COLLECTOR_SEGMENT_SECONDS", "1_0"),
        (CollectorSettings, "COLLECTOR_SEGMENT_ROWS", "0"),
        (CollectorSettings, "COLLECTOR_SEGMENT_ROW", "5"),
        (CollectorSettings, "COLLECTOR_SEGMENT_SECONDS", "abc"),
        (CollectorSettings, "COLLECTOR_SEGMENT_SECONDS", "nan"),
        (CollectorSettings, "COLLECTOR_GRACE_SECONDS", "-1"),
        (CollectorSettings, "COLLECTOR_EVIDENCE_LINES", "0"),
        (CollectorSettings, "COLLECTOR_METRICS_PORT", "65536"),
        (CollectorSettings, "COLLECTOR_SESSION_TIMEOUT_MS", "soon"),
        (CollectorSettings, "KAFKA_BOOTSTRAP_SERVERS", "a"),
        (ServiceSettings, "SERVICE_SERVED_TOPIC", "a,b"),
        (ServiceSettings, "SERVICE_EVENT_TOPIC", "."),
        (ServiceSettings, "SERVICE_MODEL_VERSION", "two words"),
        (ServiceSettings, "SERVICE_GIT_COMMIT", "ü"),
        (ServiceSettings, "SERVICE_DATA_DAY", "2026-11-31"),
        (ServiceSettings, "SERVICE_ARM", "a,b"),
        (ServiceSettings, "SERVICE_ARM", "a/b"),
        (ServiceSettings, "SERVICE_ARM", "a_b"),
        (ServiceSettings, "SERVICE_ARM", "A"),
        (ServiceSettings, "SERVICE_PEERS", "http://svdpp:8080"),
        (ServiceSettings, "SERVICE_PORT", "0"),
        (ServiceSettings, "SERVICE_HOST", "a b"),
        (ServiceSettings, "SERVICE_IN_FLIGHT", "10001"),
        (ServiceSettings, "SERVICE_HISTORY", "yes"),
        (ServiceSettings, "SERVICE_HISTORY_USER", "9"),
        (ServiceSettings, "KAFKA_BOOTSTRAP_SERVER", "a:1"),
        (ServiceSettings, "KAFKA_BOOTSTRAP_SERVERS", "a"),
    ],
)
def test_a_bad_value_and_a_misspelt_name_are_refused_by_name(settings, name, text) -> None:
    environment = BROKER if settings is CollectorSettings else MODEL
    with pytest.raises(BadParams, match=name):
        settings.from_environment({**environment, name: text})


def test_the_other_program_s_variables_are_none_of_its_business() -> None:
    collectors = {**BROKER, "COLLECTOR_TOPICS": "x", "SERVICE_ANYTHING": "1"}
    assert CollectorSettings.from_environment(collectors).topics == ("x",)
    services = {**MODEL, "COLLECTOR_ANYTHING": "1"}
    assert ServiceSettings.from_environment(services).model_dir == Path("models/svd")


@pytest.mark.parametrize("cls", CLASSES)
def test_no_setting_has_a_name_that_kubernetes_or_docker_gives(cls) -> None:
    for name, place in settings_of(cls):
        assert not PORT_OR_HOST.fullmatch(name)
        assert not name.endswith("_NAME") and "_ENV_" not in name
        kind = place.metadata["kind"]
        assert kind.takes and place.metadata["meaning"].endswith(".")
        assert place.default is not MISSING or name in table()


@pytest.mark.parametrize("cls", CLASSES)
def test_each_default_is_one_that_the_variable_could_say(cls) -> None:
    rows = [line.split(" | ") for line in table().splitlines()]
    shown = {row[0].strip("| `").split("`")[0]: row[1].strip("`") for row in rows if len(row) > 3}
    for name, place in settings_of(cls):
        if place.default not in (MISSING, None):
            assert place.metadata["kind"].parse(shown[name]) == place.default, name


def test_the_table_in_the_readme_is_what_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "serve.settings"], capture_output=True, text=True, check=True
    ).stdout
    assert printed == table() + "\n"
    assert f"\n{printed}" in README.read_text(), "put what `python -m serve.settings` prints there"
