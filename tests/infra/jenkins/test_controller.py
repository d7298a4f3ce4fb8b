"""The controller has what the Jenkinsfile asks of it, by pinned versions and without a secret."""

import re
from dataclasses import MISSING
from typing import Any

import pytest
import yaml

from infra.rancher.settings import DeploySettings
from infra.registry.settings import ImagesSettings
from serve.variables import settings_of
from tests.infra.jenkins.conftest import ROOT

FOLDER = ROOT / "infra/jenkins"
TEXT = (FOLDER / "casc.yaml").read_text()
CASC: dict[str, Any] = yaml.safe_load(TEXT)
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
PLUGINS = [
    line for line in (FOLDER / "plugins.txt").read_text().splitlines() if not line.startswith("#")
]
NAMES = [line.split(":")[0] for line in PLUGINS]
VARIABLE = re.compile(r"\$\{(\w+)(:-[^}]*)?\}")
JENKINS = {
    "workflow-aggregator": """pipeline agent label options triggers environment stages stage steps
        post when parallel always success unsuccessful cleanup branch expression sh timeout
        disableConcurrentBuilds skipStagesAfterUnstable buildDiscarder logRotator cron fileExists
        archiveArtifacts deleteDir""",
    "credentials-binding": "withCredentials usernamePassword string",
    "git": "gitUsernamePassword",
    "junit": "junit",
    "coverage": "recordCoverage",
    "htmlpublisher": "publishHTML",
    "plot": "plot",
    "slack": "slackSend",
}
"""plugin → what it gives the Jenkinsfile."""


def credentials() -> dict[str, dict[str, Any]]:
    (domain,) = CASC["credentials"]["system"]["domainCredentials"]
    return {
        given["id"]: {"kind": kind, **given}
        for one in domain["credentials"]
        for kind, given in one.items()
    }


def test_every_plugin_is_pinned_once_in_order() -> None:
    for line in PLUGINS:
        assert re.fullmatch(r"[a-z0-9-]+:[0-9][0-9A-Za-z._-]*", line), line
    assert sorted(set(NAMES)) == NAMES


def test_the_image_is_pinned_to_a_version() -> None:
    (image,) = re.findall(r"^FROM (\S+)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert re.fullmatch(r"jenkins/jenkins:2\.\d+\.\d+-lts-jdk\d+", image)


@pytest.mark.slow
def test_every_call_of_the_jenkinsfile_belongs_to_a_plugin(groovy) -> None:
    called = set(groovy("Called", ROOT / "Jenkinsfile")["names"])
    given = {name: plugin for plugin, names in JENKINS.items() for name in names.split()}
    assert called - given.keys() == set(), "whose are they?"
    assert set(given) - called == set(), "nobody calls them any more"
    assert set(given.values()) <= set(NAMES)


@pytest.mark.slow
def test_every_credential_and_label_of_the_jenkinsfile_is_there(groovy) -> None:
    asked = groovy("Called", ROOT / "Jenkinsfile")
    assert set(asked["credentials"]) | {"movierec-slack"} == set(credentials())
    labels = {node["permanent"]["labelString"] for node in CASC["jenkins"]["nodes"]}
    assert set(asked["labels"]) == labels


def test_what_the_configuration_needs_of_plugins_is_installed() -> None:
    needed = {
        "rawHtml": "antisamy-markup-formatter",
        "globalMatrix": "matrix-auth",
        "slackNotifier": "slack",
        "prometheusConfiguration": "prometheus",
        "timestamper": "timestamper",
        "globalJobDslSecurityConfiguration": "job-dsl",
        "secret": "plain-credentials",
    }
    for key, plugin in needed.items():
        assert re.search(rf"^\s*{key}:", TEXT, re.MULTILINE), key
        assert plugin in NAMES
    assert "configuration-as-code" in NAMES


def test_no_secret_stands_in_the_configuration_or_has_a_default() -> None:
    secrets = [
        given["secret" if given["kind"] == "string" else "password"]
        for given in credentials().values()
    ]
    secrets += [user["password"] for user in CASC["jenkins"]["securityRealm"]["local"]["users"]]
    for secret in secrets:
        match = VARIABLE.fullmatch(secret)
        assert match and match[1] in COMPOSE["secrets"] and match[2] is None, secret
    assert len({*secrets}) == len(secrets) == len(COMPOSE["secrets"])


def test_every_variable_is_given_to_the_controller() -> None:
    used = {name: default for name, default in VARIABLE.findall(TEXT) if name != "this"}
    used["MOVIEREC_ORIGIN"] = ""
    assert "remote(MOVIEREC_ORIGIN)" in (FOLDER / "jobs/pipeline.groovy").read_text()
    service = COMPOSE["services"]["jenkins"]
    assert set(used) == set(service["environment"]) | set(service["secrets"])
    for name, value in service["environment"].items():
        if not used[name]:
            assert re.fullmatch(rf"\$\{{{name}:\?.+\}}", value), f"{name}: refused when missing"
        else:
            assert value is None, f"{name}: has a default in casc.yaml"


def test_the_agent_is_told_settings_that_the_verbs_know() -> None:
    (node,) = CASC["jenkins"]["nodes"]
    (given,) = node["permanent"]["nodeProperties"]
    told = {entry["key"] for entry in given["envVars"]["env"]}
    for kind in (DeploySettings, ImagesSettings):
        known = dict(settings_of(kind))
        own = {name for name in told if name.startswith(kind.PREFIX)}
        assert own <= known.keys(), "it would be refused"
        needed = {name for name, field in known.items() if field.default is MISSING}
        assert needed <= own


def test_the_readme_lists_every_variable_and_secret() -> None:
    service = COMPOSE["services"]["jenkins"]
    section = (FOLDER / "README.md").read_text().split("\n## ")[2]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(listed) == sorted([*service["environment"], *service["secrets"]])


def test_nobody_unknown_sees_anything_and_the_controller_builds_nothing() -> None:
    jenkins = CASC["jenkins"]
    assert jenkins["numExecutors"] == 0
    assert jenkins["securityRealm"]["local"]["allowsSignup"] is False
    entries = jenkins["authorizationStrategy"]["globalMatrix"]["entries"]
    granted = {who["name"]: who["permissions"] for one in entries for who in one.values()}
    assert "anonymous" not in granted
    admins = [who for who, may in granted.items() if "Overall/Administer" in may]
    assert admins == ["${JENKINS_ADMIN}"]
    assert not {may for may in granted["authenticated"] if may.startswith(("Credentials", "Agent"))}
    assert CASC["unclassified"]["prometheusConfiguration"]["useAuthenticatedEndpoint"] is True


def test_pages_of_builds_may_have_style_and_no_script() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()
    (policy,) = re.findall(r'DirectoryBrowserSupport\.CSP=\\"([^"]+)\\"', dockerfile)
    rules = {rule.split()[0]: rule for rule in policy.split("; ")}
    assert "sandbox" in rules and "allow-scripts" not in policy
    assert rules["default-src"] == "default-src 'none'"
    assert "script-src" not in rules
    assert "'unsafe-inline'" in rules["style-src"]
