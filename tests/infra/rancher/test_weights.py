"""The router's weights reach the cluster once, whatever happens to the change on its way."""

import pytest

from infra.rancher.access import connect
from infra.rancher.client import Deployments
from infra.rancher.settings import DeploySettings
from infra.rancher.weights import bring
from movierec.errors import BadInput
from tests.infra.rancher.standin import Fault, Token, status
from tests.infra.rancher.world import TOKEN, World

MOVED = '{"salt": "1", "weights": {"svd": 10, "svdpp": 90}}\n'


def brought(text: str = MOVED) -> bool:
    """Whether the weights were others."""
    settings = DeploySettings.from_environment()
    with connect(settings) as api:
        return bring(Deployments(api, settings), text)


def test_they_are_changed_once(world: World) -> None:
    assert brought()
    assert world.deployments.routing.data == {"routing.json": MOVED}
    assert not brought()
    assert world.count("PATCH") == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PATCH", carried_out=True),
        Fault("PATCH", times=2),
        Fault("PATCH", reply=status(409, "Conflict", "the object has been modified")),
        Fault("GET", reply=status(503, "Unavailable", "not now")),
    ],
    ids=["the answer is lost", "cut", "changed meanwhile", "not there"],
)
def test_what_passes_is_tried_again(world: World, fault: Fault) -> None:
    world.standin.faults.append(fault)
    brought()
    assert world.deployments.routing.data == {"routing.json": MOVED}


def test_what_somebody_writes_meanwhile_is_read_first(world: World) -> None:
    def somebody() -> None:
        world.deployments.routing.version += 1
        world.deployments.routing.data["another"] = "of somebody"

    world.standin.faults.append(Fault("PATCH", before=somebody))
    assert brought()
    assert world.deployments.routing.data == {"routing.json": MOVED, "another": "of somebody"}


def test_who_may_not_is_told_what_to_bind(world: World) -> None:
    world.standin.tokens[TOKEN] = Token(groups=("system:authenticated",))
    with pytest.raises(BadInput, match="bind it to the namespace's Role `deployer`"):
        brought()


def test_where_no_cluster_is_named_there_is_none(world: World) -> None:
    assert DeploySettings.if_any({"DEPLOY_ROUTER": "https://movies.example"}) is None
    assert DeploySettings.if_any() == DeploySettings.from_environment()
