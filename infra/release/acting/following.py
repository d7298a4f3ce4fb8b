"""What follows of a verdict on the arms: in the origin's branch first, then in the cluster."""

from infra.rancher.access import connect
from infra.rancher.client import Deployments
from infra.rancher.settings import DeploySettings
from infra.rancher.weights import bring
from infra.release.acting.committing import Move, push, routing_at
from infra.release.acting.evaluated import as_written
from infra.release.acting.verdict import Act, Document
from infra.release.acting.weights import called_for, reason
from infra.release.origin import Origin
from infra.release.record import commit_of
from infra.router.weights import text_of
from movierec.routing import Routing
from movierec.times import day_name, day_number


def follow(origin: Origin, document: Document, act: Act, today: str) -> None:
    """Give users to the better arm; says what it does, or why nothing.

    Raises Overtaken when somebody changed the routing meanwhile, or was first each time; BadInput
    for an evaluation of another form.
    """
    before = routing_at(origin.repository, "HEAD")
    with as_written():
        now, why = called_for(document, before, act), reason(document)
    if isinstance(now, str):
        print(f"weights: {now}")
        return
    move = Move(before, now, why, day_name(day_number(today) + 1))
    made = push(origin, move)
    print(f"weights: {told_of(now)}, since {why}: {made}", flush=True)


def bring_to_cluster(origin: Origin) -> None:
    """Have the router deal users as the origin's branch says, whoever wrote it there. Raises
    UserError."""
    routing = routing_at(origin.repository, tip_of(origin))
    settings = DeploySettings.if_any()
    if settings is None:
        print("weights: DEPLOY_URL and KUBECONFIG are not set: `kubectl apply -k infra/kubernetes`")
        return
    with connect(settings) as api:
        changed = bring(Deployments(api, settings), text_of(routing))
    print(f"weights: the router has {told_of(routing)}, {'as of now' if changed else 'as before'}")


def tip_of(origin: Origin) -> str:
    """The commit that the origin's branch was at when it was fetched."""
    return commit_of(origin.repository, f"refs/remotes/{origin.remote}/{origin.branch}")


def told_of(routing: Routing) -> str:
    """Weights in a line."""
    return ", ".join(f"{name} {weight:g}" for name, weight in routing.weights.items())
