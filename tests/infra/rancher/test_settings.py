"""Where releases go, as it is told, and that the README says what the code does."""

from pathlib import Path

import pytest

from infra.rancher.settings import DeploySettings
from movierec.errors import BadParams
from serve.settings import section
from serve.variables import settings_of

README = Path(__file__).parents[3] / "infra/rancher/README.md"
URL = "https://rancher.example/k8s/clusters/c-m-x2v9k7qp"
TOLD = {"DEPLOY_URL": URL, "DEPLOY_TOKEN": "a:b", "DEPLOY_ROUTER": "https://movies.example"}


def test_variables_reach_their_fields(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("")
    (tmp_path / "token").write_text("kubeconfig-u-ci:secret\n")
    given = {
        "URL": URL,
        "TOKEN_FILE": str(tmp_path / "token"),
        "CA": str(tmp_path / "ca"),
        "NAMESPACE": "films",
        "ROUTER": "http://[::1]:8080/movies",
        "USERS": "7, 11",
        "REQUEST_SECONDS": "50",
        "PATIENCE_SECONDS": "100",
        "ROLLOUT_SECONDS": "200",
        "SMOKE_SECONDS": "30",
    }
    settings = DeploySettings.from_environment({f"DEPLOY_{k}": v for k, v in given.items()})
    assert settings == DeploySettings(
        url=URL,
        token="kubeconfig-u-ci:secret",
        ca=str(tmp_path / "ca"),
        namespace="films",
        router="http://[::1]:8080/movies",
        users=("7", "11"),
        request_seconds=50,
        patience_seconds=100,
        rollout_seconds=200,
        smoke_seconds=30,
    )
    assert "secret" not in repr(settings)
    assert len(given) == len(settings_of(DeploySettings))


def test_a_kubeconfig_counts_where_no_address_is_told() -> None:
    told = {"KUBECONFIG": "/k", "DEPLOY_ROUTER": "http://movies"}
    assert DeploySettings.from_environment(told).kubeconfig == "/k"
    assert DeploySettings.from_environment(told | TOLD).url == URL


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "DEPLOY_ROUTER is not set: set it to an address"),
        ({"DEPLOY_ROUTER": "http://a"}, "set DEPLOY_URL and DEPLOY_TOKEN, or KUBECONFIG"),
        ({"DEPLOY_ROUTER": "http://a", "KUBECONFIG": ""}, "set DEPLOY_URL and DEPLOY_TOKEN, or"),
        (TOLD | {"DEPLOY_TOKEN": ""}, "DEPLOY_TOKEN is not set: set it, or DEPLOY_TOKEN_FILE"),
        (TOLD | {"DEPLOY_URL": ""}, "DEPLOY_TOKEN is for DEPLOY_URL, which is not set"),
        (TOLD | {"DEPLOY_URL": URL.replace("https", "http")}, "DEPLOY_URL must be an address that"),
        (TOLD | {"DEPLOY_URL": "https://u:p@rancher.example"}, "DEPLOY_URL must be an address"),
        (TOLD | {"DEPLOY_ROUTER": "ftp://a"}, "DEPLOY_ROUTER must be an address that begins with"),
        (TOLD | {"DEPLOY_NAMESPACE": "A"}, "DEPLOY_NAMESPACE must be the name of a namespace"),
        (TOLD | {"DEPLOY_USERS": "1,x"}, "DEPLOY_USERS must be users' numbers"),
        (TOLD | {"DEPLOY_CA": "/none"}, "DEPLOY_CA must be the path of a file that is there"),
        (TOLD | {"DEPLOY_TOKENS": "a"}, "DEPLOY_TOKENS is no setting: did you mean DEPLOY_TOKEN?"),
    ],
)
def test_a_bad_one_is_refused_by_name(told: dict[str, str], message: str) -> None:
    with pytest.raises(BadParams) as refused:
        DeploySettings.from_environment(told)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("token", ["se cret", "secret\nX-Other: 1", "sécret"])
def test_a_token_that_is_none_is_refused_and_not_told(token: str) -> None:
    with pytest.raises(BadParams, match="DEPLOY_TOKEN has a space or a letter") as refused:
        DeploySettings.from_environment(TOLD | {"DEPLOY_TOKEN": token})
    assert "cret" not in str(refused.value)


def test_the_readme_has_them_all() -> None:
    assert section("DEPLOY_…: where releases go", DeploySettings) in README.read_text()
