"""Which registry is asked, and that the README says what the code does."""

from pathlib import Path

import pytest

from infra.registry.settings import ImagesSettings
from movierec.errors import BadParams
from serve.settings import section
from serve.variables import settings_of

README = Path(__file__).parents[3] / "infra/release/README.md"
HERE = "IMAGES_REGISTRY"


def test_variables_reach_their_fields(tmp_path: Path) -> None:
    secret, ca = tmp_path / "secret", tmp_path / "ca.pem"
    secret.write_text("its password\n")
    ca.write_text("a certificate")
    given = {
        "REGISTRY": "registry.example:5000/team/a",
        "USER": "pusher",
        "PASSWORD_FILE": str(secret),
        "CA": str(ca),
        "TLS": "on",
        "SECONDS": "5",
    }
    settings = ImagesSettings.from_environment({f"IMAGES_{k}": v for k, v in given.items()})
    assert settings == ImagesSettings(
        registry="registry.example:5000/team/a",
        user="pusher",
        password="its password",
        ca=str(ca),
        tls=True,
        seconds=5,
    )
    assert settings.url == "https://registry.example:5000/v2/"
    assert settings.repository("movierec") == "team/a/movierec"
    assert len(given) == len(settings_of(ImagesSettings))
    assert "its password" not in repr(settings)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost/a", "a.b", "a:1", "10.0.0.1:5000/a_b/c-d.e__f", "[::1]:5000", "[::1]"],
)
def test_a_registry_is_a_host_and_perhaps_a_path(host: str) -> None:
    settings = ImagesSettings.from_environment({HERE: host})
    assert settings.registry == host
    assert settings.repository("movierec").endswith("movierec")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "IMAGES_REGISTRY is not set: set it to host"),
        ({HERE: "team"}, "IMAGES_REGISTRY must be"),  # Docker would push to Docker Hub
        ({HERE: "team/a.b"}, "IMAGES_REGISTRY must be"),
        ({HERE: "docker.io/team"}, "IMAGES_REGISTRY must be"),
        ({HERE: "https://a.b"}, "IMAGES_REGISTRY must be"),
        ({HERE: "me:secret@a.b"}, "IMAGES_REGISTRY has an @: who asks is told by IMAGES_USER"),
        ({HERE: "a.b/"}, "IMAGES_REGISTRY must be"),
        ({HERE: "a.b/Team"}, "IMAGES_REGISTRY must be"),
        ({HERE: "a.b/../c"}, "IMAGES_REGISTRY must be"),
        ({HERE: "a.b --x"}, "IMAGES_REGISTRY must be"),
        ({HERE: "-a.b"}, "IMAGES_REGISTRY must be"),
        ({HERE: "a.b", "IMAGES_USER": "me"}, "set IMAGES_USER and IMAGES_PASSWORD, or neither"),
        ({HERE: "a.b", "IMAGES_PASSWORD": "x"}, "set IMAGES_USER and IMAGES_PASSWORD, or neither"),
        ({HERE: "a.b", "IMAGES_USER": "a:b", "IMAGES_PASSWORD": "x"}, "IMAGES_USER must be"),
        ({HERE: "a.b", "IMAGES_CA": "/none"}, "IMAGES_CA must be the path of a file"),
        ({HERE: "a.b:1", "IMAGES_TLS": "off"}, "IMAGES_TLS is off and a.b:1 not loopback"),
        ({HERE: "10.0.0.1", "IMAGES_TLS": "off"}, "IMAGES_TLS is off and 10.0.0.1 not loopback"),
        ({HERE: "a.b", "IMAGES_SECONDS": "0"}, "IMAGES_SECONDS must be a whole number"),
        ({HERE: "a.b", "IMAGES_PASWORD": "x"}, "did you mean IMAGES_PASSWORD"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(BadParams) as refused:
        ImagesSettings.from_environment(given)
    assert says in str(refused.value) and "secret" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "127.9.9.9", "localhost:1", "[::1]:5000"])
def test_on_loopback_there_need_be_no_tls(host: str) -> None:
    settings = ImagesSettings.from_environment({HERE: host, "IMAGES_TLS": "off"})
    assert settings.url == f"http://{host}/v2/"


def test_the_table_of_the_readme_is_what_the_settings_say() -> None:
    assert section("IMAGES_…: the registry of images", ImagesSettings) in README.read_text()
