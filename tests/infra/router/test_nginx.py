"""What the real nginx does when arms fail, what it passes on, and its end."""

import contextlib
import re
import signal
import socket

import pytest

from movierec.routing import arm
from tests.infra.router.arms import Arm
from tests.infra.router.callers import AT_SVD, AT_SVDPP, HEX, line_to, one_line
from tests.infra.router.routers import EVEN, PATIENT, Router, router
from tests.waiting import until

pytestmark = pytest.mark.slow

ALLOWED = {
    *("host", "connection", "content-length", "x-request-id"),
    *("accept", "content-type", "origin", "sec-fetch-site"),
}


# Arms that fail


@pytest.mark.parametrize("fault", ["refused", "broken", "busy"])
def test_the_other_arm_answers_and_users_come_home(
    patient: Router, both: dict[str, Arm], fault: str
) -> None:
    home = both["svdpp"]
    assert patient.get(f"/recommend/{AT_SVDPP}").arm == "svdpp"
    if fault == "refused":
        home.stop()
    else:
        home.answers = fault
    for _ in range(20):
        answer = patient.get(f"/recommend/{AT_SVDPP}?watched=a")
        assert (answer.status, answer.arm) == (200, "svd")
        assert answer.told["target"] == f"/recommend/{AT_SVDPP}?watched=a"
    home.answers = "well"
    if fault == "refused":
        home.start()
    until(lambda: patient.get(f"/recommend/{AT_SVDPP}").arm == "svdpp")
    assert {patient.get(f"/recommend/{AT_SVDPP}").arm for _ in range(20)} == {"svdpp"}


def test_an_arm_that_sheds_some_keeps_the_others(patient: Router, both: dict[str, Arm]) -> None:
    """A shed request is no mark against an arm: its other users stay."""
    home = both["svdpp"]
    home.answers = "busy"
    assert {patient.get(f"/recommend/{AT_SVDPP}").arm for _ in range(20)} == {"svd"}
    assert home.asked == 20
    home.answers = "well"
    assert patient.get(f"/recommend/{AT_SVDPP}").arm == "svdpp"


def test_an_arm_that_hangs_costs_little_and_is_passed_over(both: dict[str, Arm]) -> None:
    """The first ones wait for it. Then one request tries it now and then, and no other."""
    with router(both, EVEN, ROUTER_DEADLINE_MS="2400") as made:
        both["svdpp"].answers = "never"
        answers = made.together([f"/recommend/{AT_SVDPP}"] * 8)
        assert [(answer.status, answer.arm) for answer in answers] == [(200, "svd")] * 8
        before = both["svdpp"].asked
        assert {made.get(f"/recommend/{AT_SVDPP}").arm for _ in range(200)} == {"svd"}
        assert both["svdpp"].asked - before < 100


def test_two_tries_end_inside_the_deadline(both: dict[str, Arm]) -> None:
    for one in both.values():
        one.answers = "never"
    with router(both, EVEN) as made:
        one_line(made.get(f"/recommend/{AT_SVDPP}"), 503)
        (line,) = made.lines(1)
        assert line["answered"] == "504, 504"
        assert line["asked"] == f"{both['svdpp'].address}, {both['svd'].address}"
    configured = (50 + 225) * 2
    assert configured < 600


@pytest.mark.parametrize("faults", [("refused",) * 2, ("busy",) * 2, ("busy", "refused")])
def test_with_both_arms_down_there_is_one_line(
    patient: Router, both: dict[str, Arm], faults: tuple[str, str]
) -> None:
    for one, fault in zip(both.values(), faults, strict=True):
        if fault == "refused":
            one.stop()
        one.answers = fault
    for user in (AT_SVD, AT_SVDPP):
        answer = patient.get(f"/recommend/{user}")
        assert answer.status == 503 and answer.headers["Retry-After"] == "1"
    if faults[0] == "refused":
        one_line(answer, 503)
    assert patient.get("/healthz").status == 200
    assert max(one.asked for one in both.values()) <= 4, "no arm is asked for ever"


def test_each_recommendation_that_failed_is_counted_and_logged(both: dict[str, Arm]) -> None:
    """By whichever worker; what somebody answered, or what was no recommendation, is none."""
    with router(both, EVEN, **PATIENT, ROUTER_WORKERS="3") as made:
        assert failed(made) == 0
        both["svdpp"].stop()
        assert made.get(f"/recommend/{AT_SVDPP}").status == 200
        both["svd"].stop()
        assert {one.status for one in made.together([f"/recommend/{n}" for n in range(40)])} == {
            503
        }
        assert made.get("/similar/a").status == 503
        assert made.get("/recommend/../metrics").status == 404
        assert len(made.lines(43)) == 43
        until(lambda: failed(made) == 40)


def failed(made: Router) -> float:
    """The router's count of recommendations that failed."""
    told = Router(made.status_port, 0, made.routing, made.processes).get("/metrics").text
    (count,) = re.findall(r"^movierec_router_failed_total (\d+)$", told, re.M)
    return float(count)


def test_who_stands_in_is_asked_however_often_it_failed(
    patient: Router, both: dict[str, Arm]
) -> None:
    for one in both.values():
        one.stop()
    assert {patient.get(f"/recommend/{AT_SVDPP}").status for _ in range(20)} == {503}
    both["svd"].start()
    assert patient.get(f"/recommend/{AT_SVDPP}").arm == "svd", "at once"


def test_an_event_that_an_arm_may_have_taken_is_not_sent_to_another(
    patient: Router, both: dict[str, Arm]
) -> None:
    home = arm("/events", "1", EVEN)
    both[home].answers = "broken"
    one_line(patient.ask("POST", "/events", "{}", {"Content-Type": "application/json"}), 503)
    assert sum(one.asked for one in both.values()) == 1
    both[home].answers = "busy"  # it was not taken
    answer = patient.ask("POST", "/events", "{}", {"Content-Type": "application/json"})
    assert answer.status == 200 and answer.arm != home
    assert answer.told["body"] == "{}" and answer.told["method"] == "POST"


# What is passed on


def test_an_arm_is_pinned_and_nobody_stands_in(patient: Router, both: dict[str, Arm]) -> None:
    for name in both:
        for path in ("/recommend/7?rated=a:5", "/similar/a+b*c", "/version", "/", "/history/7"):
            answer = patient.get(f"/arms/{name}{path}")
            assert (answer.arm, answer.told["target"]) == (name, path)
    both["svd"].answers = "busy"
    answer = patient.get("/arms/svd/recommend/7")
    assert answer.status == 503 and answer.arm == "svd", "its own words"
    both["svd"].stop()
    one_line(patient.get("/arms/svd/recommend/7"), 503)
    assert both["svdpp"].asked == 5


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/readyz", "/arms/none/recommend/1", "/arms/svd/metrics", "/arms/svd", "/arms/",
     "/recommend/../metrics", "/arms/svd/recommend/..%2fmetrics", "/status", "/.nobody"],
)  # fmt: skip
def test_what_is_not_for_callers_is_not_there(
    patient: Router, both: dict[str, Arm], path: str
) -> None:
    one_line(patient.get(path), 404)
    assert not any(one.asked for one in both.values())


def test_a_service_s_own_words_and_headers_arrive(patient: Router, both: dict[str, Arm]) -> None:
    for one in both.values():
        one.answers = "no"
        one.headers = (
            *("X-Answer-Tier: fold-in", "X-Data-Hash: abc", "Cache-Control: public"),
            "Retry-After: 7",
            *("X-Request-Id: its-own", "Server: secret/1", "X-Accel-Redirect: /status"),
        )
    answer = patient.get("/recommend/a%0Ab")
    assert (answer.status, answer.told["target"]) == (400, "/recommend/a%0Ab")
    assert answer.headers["X-Answer-Tier"] == "fold-in" and answer.headers["X-Data-Hash"] == "abc"
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Server"] == "nginx"
    assert HEX.fullmatch(answer.headers["X-Request-Id"])
    answer = patient.ask("HEAD", f"/recommend/{AT_SVD}", None, {})
    assert answer.text == "" and answer.arm == "svd"


@pytest.mark.parametrize("given", ["a", "A.b_c-9", "x" * 64])
def test_a_caller_s_request_id_is_kept(patient: Router, given: str) -> None:
    answer = patient.get("/recommend/7", X_Request_Id=given)
    assert answer.headers["X-Request-Id"] == given == answer.told["headers"]["x-request-id"]
    assert patient.lines(1)[-1]["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "a\tb", "é", "a,b", "<script>"])
def test_another_gets_one_of_ours(patient: Router, given: str) -> None:
    answer = patient.get("/recommend/7", X_Request_Id=given)
    made = answer.headers["X-Request-Id"]
    assert HEX.fullmatch(made) and made == answer.told["headers"]["x-request-id"]
    assert patient.get("/recommend/7").headers["X-Request-Id"] != made


def test_only_safe_headers_reach_a_service(patient: Router) -> None:
    headers = {
        "Cookie": "a=b", "Authorization": "Basic x", "X-Forwarded-For": "1.2.3.4",
        "X-Original-URL": "/metrics", "Connection": "close, X-Request-Id", "X_Request_Id": "y",
        "Accept": "application/json", "Content-Type": "application/json", "Expect": "100-continue",
        "Origin": "http://here", "Sec-Fetch-Site": "same-origin", "Upgrade": "h2c",
        "TE": "trailers",
    }  # fmt: skip
    told = patient.ask("POST", "/events", "{}", headers).told["headers"]
    assert set(told) == ALLOWED
    assert (told["accept"], told["origin"]) == ("application/json", "http://here")
    assert told["host"] == f"127.0.0.1:{patient.port}"


def test_the_log_has_no_queries_whatever_happens(patient: Router, both: dict[str, Arm]) -> None:
    patient.get(f"/recommend/{AT_SVDPP}?watched=private")
    both["svdpp"].answers = "broken"
    patient.get(f"/recommend/{AT_SVDPP}?watched=private")
    both["svd"].stop()
    patient.get(f"/recommend/{AT_SVDPP}?watched=private")
    patient.get('/nowhere/"%0A?watched=private')
    lines = patient.lines(4)
    log = (patient.processes.logs / "router.log").read_text()
    assert "private" not in log
    assert len(lines) == len(log.splitlines()) == 4, "and nothing else"
    told = {(line["status"], line["answered"]): line["path"] for line in lines}
    home = f"/recommend/{AT_SVDPP}"
    expected = {(200, "200"): home, (200, "502, 200"): home, (503, "502, 502"): home}
    assert told == {**expected, (404, ""): '/nowhere/"%0A'}
    assert {line["weights_from"] for line in lines} == {"file"}


# The end


def test_whoever_is_being_answered_at_the_end_is_answered(
    patient: Router, both: dict[str, Arm]
) -> None:
    for one in both.values():
        one.answers = "never"
    process = patient.processes.running["router"]
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(line_to(patient)) for _ in range(30)]
        for user, line in enumerate(lines):
            line.sendall(f"GET /recommend/{user} HTTP/1.1\r\nHost: r\r\n\r\n".encode())
        until(lambda: sum(one.asked for one in both.values()) == 30)
        process.send_signal(signal.SIGQUIT)
        until(lambda: not listens(patient.port))
        for one in both.values():
            one.let_go()
        for line in lines:
            assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert process.wait(120) == 0


def listens(port: int) -> bool:
    """Whether a connection is taken."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=120):
            return True
    except ConnectionError:
        return False
