"""The router's weights in the cluster: a ConfigMap, whose new content pods see within a minute."""

from infra.rancher.client import CONFIG, Deployments, Passing

NAME, FILE = "routing", "routing.json"


def bring(deployments: Deployments, text: str) -> bool:
    """Have the ConfigMap hold a file of weights; whether it was another one. Raises BadInput and
    Unavailable.

    Each change has the version that was read: what somebody changed in between is read again.
    """
    patience = deployments.patience()
    while True:
        now = deployments.config(NAME)
        if (now.get("data") or {}).get(FILE) == text:
            return False
        version = now["metadata"]["resourceVersion"]
        change = {"metadata": {"resourceVersion": version}, "data": {FILE: text}}
        try:
            deployments.patch(NAME, change, CONFIG)
        except Passing as fault:  # perhaps it was carried out: that is read
            patience.wait(fault, fault.after)
        else:
            return True
