"""What stops at once, what is asked again, what is read first: each answer that Rancher gives."""

import time

import pytest

from infra.rancher.patience import Patience
from tests.infra.rancher.standin import CLUSTER, Fault, Reply, Token, status
from tests.infra.rancher.world import NEW, OLD, TOKEN, World
from tests.infra.registry.certificates import certify

Caught = pytest.CaptureFixture[str]
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
PAGE = Reply(502, {"Content-Type": "text/html"}, b"<html>\n<h1>502 Bad Gateway</h1>\n</html>")
BROKEN_TUNNEL = Reply(500, TEXT, b"cluster agent disconnected")
NOT_THERE = (
    b'{"type":"error","status":"503","code":"ClusterUnavailable","message":"not provisioned"}'
)
REFUSED = "the token was refused: it is wrong, expired, disabled, or of another cluster's scope"


def stopped(world: World, capsys: Caught) -> str:
    """Deploy, which ends with status 2 without a change; its line."""
    assert world.deploy() == 2
    assert world.image == OLD
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and TOKEN.partition(":")[2] not in line
    return line


@pytest.mark.parametrize(
    "token",
    [None, Token(expires=time.time() - 1), Token(scope="c-m-another1")],
    ids=["wrong", "expired", "of another cluster"],
)
def test_a_token_that_is_refused_is_named_and_not_told(
    world: World, token: Token | None, capsys: Caught
) -> None:
    world.standin.tokens.clear()
    if token:
        world.standin.tokens[TOKEN] = token
    assert f"401 'Unauthorized 401: must authenticate': {REFUSED}" in stopped(world, capsys)
    assert len(world.standin.asked) == 1


def test_a_key_of_this_cluster_suffices(world: World) -> None:
    world.standin.tokens[TOKEN] = Token(scope=CLUSTER)
    assert world.deploy() == 0


def test_who_may_not_is_told_what_to_bind(world: World, capsys: Caught) -> None:
    world.standin.tokens[TOKEN] = Token(groups=("system:authenticated",))
    line = stopped(world, capsys)
    assert 'GET svd: 403 \'User "u-ci" cannot' in line and "the namespace's Role `deployer`" in line
    assert len(world.standin.asked) == 1


def test_a_cluster_that_nobody_knows(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    monkeypatch.setenv("DEPLOY_URL", world.standin.url.replace(CLUSTER, "c-m-another1"))
    line = stopped(world, capsys)
    assert "404 'clusterID not found': nothing is there: look at the cluster's id" in line
    assert len(world.standin.asked) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (status(404, "NotFound", 'deployments "svd" not found'), '404 \'deployments "svd" not'),
        (
            status(422, "Invalid", "spec: Invalid value"),
            "422 'spec: Invalid value': the API server",
        ),
        (status(400, "BadRequest", "no"), "400 'no': that is no answer of a cluster"),
        (Reply(302, {"Location": "https://127.0.0.1:9/login"}, b""), "302 '': that is no answer"),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>log in"), "the answer is no Deployment"),
        (Reply(200, {}, b'{"kind":"Status"}'), "the answer is no Deployment: is DEPLOY_URL https"),
    ],
    ids=["gone", "invalid", "malformed", "elsewhere", "a page", "another thing"],
)
def test_what_is_final_stops(world: World, reply: Reply, said: str, capsys: Caught) -> None:
    world.standin.faults.append(Fault(reply=reply))
    assert said in stopped(world, capsys)
    assert len(world.standin.asked) == 1


@pytest.mark.parametrize("code", [403, 404, 422])
def test_a_change_that_is_refused_stops(world: World, code: int, capsys: Caught) -> None:
    world.standin.faults.append(Fault("PATCH", reply=status(code, "No", "not you")))
    assert f"PATCH svd: {code} 'not you'" in stopped(world, capsys)
    assert world.count("PATCH") == 1


PASSING = {
    "429": Fault(times=2, reply=Reply(429, TEXT, b"too many requests")),
    "500 by Rancher": Fault(reply=BROKEN_TUNNEL),
    "502 by an ingress": Fault(reply=PAGE),
    "503": Fault(times=3, reply=Reply(503, {"Content-Type": "application/json"}, NOT_THERE)),
    "504": Fault(reply=Reply(504, {}, b"")),
    "dropped": Fault(times=2),
    "half an answer": Fault(cut_short=True),
    "carried out, and the answer lost": Fault(carried_out=True),
}


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(world: World, fault: str, method: str, capsys: Caught) -> None:
    ordered = Fault(**vars(PASSING[fault]) | {"method": method})
    world.standin.faults.append(ordered)
    assert world.deploy() == 0
    assert world.pods == [NEW, NEW]
    again = [line for line in capsys.readouterr().out.splitlines() if "; again in" in line]
    assert len(again) == PASSING[fault].times
    assert all(line.startswith(f"{method} svd: ") for line in again)


@pytest.mark.parametrize("fault", ["half an answer", "carried out, and the answer lost"])
def test_a_change_whose_answer_is_lost_is_not_made_twice(world: World, fault: str) -> None:
    world.standin.faults.append(Fault(**vars(PASSING[fault]) | {"method": "PATCH"}))
    assert world.deploy() == 0
    assert world.count("PATCH") == 2, "one for the image, and one that it is proven"
    assert world.deployments.named["svd"].generation == 2


def test_silence_is_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    monkeypatch.setenv("DEPLOY_REQUEST_SECONDS", "1")
    world.standin.faults.append(Fault(hangs=True))
    assert world.deploy() == 0
    assert "GET svd: ReadTimeoutError" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.usefixtures("soon_enough")
def test_it_is_asked_for_a_while_only(world: World, capsys: Caught) -> None:
    world.standin.faults.append(Fault(times=10**9, reply=BROKEN_TUNNEL))
    line = stopped(world, capsys)
    assert "GET svd: 500 'cluster agent disconnected': so for 1 s" in line
    assert len(world.standin.asked) > 2


@pytest.mark.usefixtures("soon_enough")
def test_a_server_that_is_not_there(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    monkeypatch.setenv("DEPLOY_URL", "https://127.0.0.1:9/k8s/clusters/c-1")
    assert "GET svd: NewConnectionError" in stopped(world, capsys)


def test_a_retry_after_is_kept_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []
    wait = Patience.wait

    def short(patience: Patience, why: object, asked: float | None) -> None:
        waited.append(asked)
        wait(patience, why, 0.01)

    monkeypatch.setattr(Patience, "wait", short)
    busy = Reply(429, {"Retry-After": "7"}, b"")
    world.standin.faults += [Fault(reply=busy), Fault("PATCH", reply=busy)]
    assert world.deploy() == 0
    assert waited == [7.0, 7.0]


def test_a_token_that_an_answer_repeats_is_not_told(world: World, capsys: Caught) -> None:
    echoed = f"denied: Authorization: Bearer {TOKEN}".encode()
    world.standin.faults.append(Fault(reply=Reply(400, TEXT, echoed)))
    assert "denied: Authorization: Bearer …" in stopped(world, capsys)


@pytest.mark.parametrize("names", ["", "DNS:other.example"], ids=["untrusted", "another's"])
def test_a_certificate_that_does_not_verify_is_refused_before_the_token_is_sent(
    world: World,
    names: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Caught,
) -> None:
    other = certify(tmp_path_factory.mktemp("other"), names or "IP:127.0.0.1")
    monkeypatch.setenv("DEPLOY_CA", str(other.ca))
    if names:
        world.standin.server.context.load_cert_chain(other.certificate, other.key)
    line = stopped(world, capsys)
    assert "its certificate is none that we believe: compare its fingerprint" in line
    assert world.standin.asked == []
