"""The real API server of KUBECONFIG, asked in the name of somebody else, as Rancher asks it."""

import urllib3
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

from tests.infra.rancher.standin import Headers, Reply


class ApiServer:
    """Asks with the credentials of KUBECONFIG, which must be allowed to impersonate."""

    def __init__(self, kubeconfig: str) -> None:
        told = Configuration()
        load_kube_config(kubeconfig, client_configuration=told, persist_config=False)
        self.host = told.host
        token = told.api_key.get("BearerToken")
        self.own = {"Authorization": token} if token else {}
        self.pool = urllib3.PoolManager(
            ca_certs=told.ssl_ca_cert, cert_file=told.cert_file, key_file=told.key_file
        )

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Reply:
        """What it says to the user and the groups of the headers."""
        sent = urllib3.HTTPHeaderDict({**headers, **self.own})
        groups = sent.pop("Impersonate-Group").split(",")
        for group in groups:
            sent.add("Impersonate-Group", group)
        told = self.pool.request(method, self.host + path, headers=sent, body=body or None)
        kept = {n: text for n, text in told.headers.items() if n in ("Content-Type", "Retry-After")}
        return Reply(told.status, kept, told.data)
