"""What the router is told, and that the README says what the code does."""

from pathlib import Path

import pytest

from infra.router.settings import RouterSettings
from movierec.errors import BadParams
from serve.settings import section
from serve.variables import settings_of

README = Path(__file__).parents[3] / "infra/router/README.md"
LINKS = {"ROUTER_PORT": "tcp://10.0.0.1:8080", "ROUTER_SERVICE_HOST": "10.0.0.1"}


def test_without_a_word_it_goes_by_the_names_of_the_services() -> None:
    settings = RouterSettings.from_environment(LINKS)
    assert settings == RouterSettings()
    assert settings.addresses == {"svd": "svd:8080", "svdpp": "svdpp:8080"}


def test_variables_reach_their_fields() -> None:
    given = {
        "ARMS": "a=10.0.0.1:80, b-2=[::1]:8080,c=c.example:1",
        "ROUTING": "/run/routing.json",
        "HOST": "::1",
        "PORT": "80",
        "STATUS_PORT": "81",
        "DEADLINE_MS": "800",
        "RATE": "1",
        "BURST": "2",
        "PROXIES": "10.0.0.0/8, ::1",
        "WORKERS": "4",
        "FOLDER": "/run/router",
    }
    settings = RouterSettings.from_environment({f"ROUTER_{k}": v for k, v in given.items()})
    assert settings.addresses == {"a": "10.0.0.1:80", "b-2": "[::1]:8080", "c": "c.example:1"}
    assert settings == RouterSettings(
        arms=("a=10.0.0.1:80", "b-2=[::1]:8080", "c=c.example:1"),
        routing=Path("/run/routing.json"),
        host="::1",
        port=80,
        status_port=81,
        deadline_ms=800,
        rate=1,
        burst=2,
        proxies=("10.0.0.0/8", "::1/128"),
        workers=4,
        folder=Path("/run/router"),
    )
    assert len(given) == len(settings_of(RouterSettings))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ARMS", "svd", "ROUTER_ARMS must be arm=host:port of each arm, joined by commas, got"),
        ("ARMS", "svd=a:80;b", "ROUTER_ARMS must be arm=host:port"),
        ("ARMS", "s_v=a:80", "ROUTER_ARMS must be arm=host:port"),
        ("ARMS", "svd=a:80,svd=b:80", "ROUTER_ARMS names an arm twice: svd=a:80,svd=b:80"),
        ("PROXIES", "10.0.0.1/8", "ROUTER_PROXIES must be addresses or networks"),
        ("PROXIES", "proxy", "ROUTER_PROXIES must be addresses or networks"),
        ("PROXIES", "10.0.0.1;", "ROUTER_PROXIES must be addresses or networks"),
        ("ROUTING", "/a b", "/a b: nginx is told paths of"),
        ("FOLDER", "/a;b", "/a;b: nginx is told paths of"),
        ("RATE", "0", "ROUTER_RATE must be a whole number from 1 to 1000000, got '0'"),
        ("RATES", "1", "ROUTER_RATES is no setting: did you mean ROUTER_RATE?"),
    ],
)
def test_a_bad_one_is_refused_by_name(name: str, text: str, message: str) -> None:
    with pytest.raises(BadParams) as refused:
        RouterSettings.from_environment({f"ROUTER_{name}": text})
    assert str(refused.value).startswith(message)


def test_the_readme_has_them_all() -> None:
    assert section("ROUTER_…: the router", RouterSettings) in README.read_text()
