"""The official client, told whom to ask, by which token, and whose certificates to believe."""

import logging
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_kube_config

from infra.rancher.settings import DeploySettings
from movierec.errors import BadInput

LOGGED = "kubernetes.client.rest"
"""Logs bodies of answers, where somebody sets it to debug."""


def connect(settings: DeploySettings) -> ApiClient:
    """A client that verifies certificates, and leaves what to repeat to its caller.

    Raises BadInput for a KUBECONFIG that is none, or that would run a program, not verify, or not
    encrypt.
    """
    logging.getLogger(LOGGED).setLevel(logging.WARNING)
    told = Configuration()
    if settings.url is not None:
        told.host = settings.url.rstrip("/")
        told.api_key["BearerToken"] = f"Bearer {settings.token}"
        told.ssl_ca_cert = settings.ca
    else:
        read_kubeconfig(str(settings.kubeconfig), told)
    told.retries = False  # urllib3 would repeat by itself, three times
    return ApiClient(configuration=told)


def read_kubeconfig(path: str, told: Configuration) -> None:
    """What a kubeconfig's current context says."""
    refuse_programs(path)
    try:
        load_kube_config(config_file=path, client_configuration=told, persist_config=False)
    except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"KUBECONFIG {path}: no kubeconfig: {error}") from None
    if not told.host.startswith("https://"):
        raise BadInput(f"KUBECONFIG {path}: its server is no https:// address")
    if not told.verify_ssl:
        raise BadInput(
            f"KUBECONFIG {path}: insecure-skip-tls-verify: give certificate-authority-data instead"
        )


def refuse_programs(path: str) -> None:
    """Raises BadInput for users who are let in by a program: nobody is here to log in to it."""
    for file in path.split(":"):
        try:
            document = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            reason = getattr(error, "strerror", None) or "no YAML"  # which might quote the token
            raise BadInput(f"KUBECONFIG {file}: cannot be read: {reason}") from None
        for user in entries(document):
            if found := {"exec", "auth-provider"} & set(user):
                raise BadInput(
                    f"KUBECONFIG {file}: `{found.pop()}:` runs a program to log in; take one with a"
                    " token: in Rancher, the setting kubeconfig-generate-token, or an API key as"
                    " DEPLOY_TOKEN"
                )


def entries(document: Any) -> list[dict[str, Any]]:
    """The users of a kubeconfig; none where it is another document."""
    users = document.get("users") if isinstance(document, dict) else None
    named = [entry for entry in users or [] if isinstance(entry, dict)]
    return [entry["user"] for entry in named if isinstance(entry.get("user"), dict)]
