"""A release is out when the router answers with it, and all its pods say so too."""

import pytest

from infra.rancher.smoke import list_wrong, pods_wrong
from tests.infra.rancher.deployments import pod_object
from tests.infra.rancher.world import NEW, OLD, TAG, World

Caught = pytest.CaptureFixture[str]
MOVIES = [f"movie+{number}" for number in range(21)]


def test_each_user_is_asked_of_the_arm_alone(world: World) -> None:
    assert world.deploy() == 0
    assert world.router.asked == [f"/arms/svd/recommend/{user}" for user in (1, 2, 3)]


def test_an_old_pod_may_answer_for_a_moment(world: World) -> None:
    world.router.status, world.router.bad = 503, 2
    assert world.deploy() == 0
    assert world.pods == [NEW, NEW]


@pytest.mark.usefixtures("soon_enough")
def test_lists_that_are_wrong_put_the_old_image_back(world: World, capsys: Caught) -> None:
    world.router.models[NEW] = "svd@v1.3.0"
    assert world.deploy() == 1
    assert world.pods == [OLD, OLD]
    line = capsys.readouterr().err
    assert f"recommend/1: X-Model is svd@v1.3.0, not svd@v1.4.0; {OLD} is put back" in line


@pytest.mark.usefixtures("soon_enough")
def test_a_pod_that_is_not_ready_puts_it_back_though_the_lists_are_right(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    """The router may have met the other one."""
    told = {"kind": "PodList", "items": [pod("svd-a", NEW), pod("svd-b", NEW, ready=False)]}
    monkeypatch.setattr(world.deployments, "pod_list", lambda name: told)
    assert world.deploy() == 1
    assert "does not serve: pod svd-b is not ready; " in capsys.readouterr().err
    assert world.pods == [OLD, OLD]


@pytest.mark.usefixtures("soon_enough")
def test_a_router_that_is_not_there(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    monkeypatch.setenv("DEPLOY_ROUTER", "http://127.0.0.1:9")
    assert world.deploy() == 1
    assert "recommend/1: NewConnectionError" in capsys.readouterr().err


def test_what_had_been_there_before_is_not_put_back(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    """Proven once, and the router fails when it is deployed again: that is no reason to go back."""
    assert world.deploy() == 0
    monkeypatch.setenv("DEPLOY_SMOKE_SECONDS", "1")
    world.router.status = 503
    assert world.deploy() == 1
    assert world.pods == [NEW, NEW]
    assert f"nothing is put back, {NEW} had been there before" in capsys.readouterr().err


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_has_1_to_20_movies(count: int) -> None:
    assert list_wrong(200, TAG, ",".join(MOVIES[:count]).encode(), TAG) == ""


@pytest.mark.parametrize("text", [",".join(MOVIES), "a,a", "a,", "a, b", "A", "a\n", "\xff"])
def test_what_is_no_list_is_refused(text: str) -> None:
    assert list_wrong(200, TAG, text.encode(), TAG).startswith("no list of 1 to 20 different")


@pytest.mark.parametrize(
    ("status", "model", "said"),
    [
        (500, TAG, "500 'a'"),
        (302, TAG, "302 'a'"),
        (200, "svdpp@v1.4.0", "X-Model is svdpp@v1.4.0, not svd@v1.4.0"),
        (200, None, "X-Model is None, not svd@v1.4.0"),
    ],
)
def test_another_status_or_model_is_refused(status: int, model: str | None, said: str) -> None:
    assert list_wrong(status, model, b"a", TAG) == said


def test_every_pod_that_stays_is_new_and_ready() -> None:
    new, old = pod("a", NEW), pod("b", OLD)
    assert pods_wrong([new, new], NEW) == ""
    assert pods_wrong([new, old], NEW) == f"pod b has {OLD}"
    assert pods_wrong([new, pod("c", NEW, ready=False)], NEW) == "pod c is not ready"
    assert pods_wrong([], NEW) == "there is no pod"
    old["metadata"]["deletionTimestamp"] = "2026-11-27T12:00:00Z"
    assert pods_wrong([new, old], NEW) == ""
    assert pods_wrong([old], NEW) == "there is no pod"


def pod(name: str, image: str, ready: bool = True) -> dict:
    return pod_object({"name": name, "image": image, "ready": ready})
