"""What Slack has, what is said when it has it not, and that nobody is told where it takes it."""

import logging
from collections.abc import Iterator

import pytest

from infra.slack.post import post
from infra.slack.settings import SlackSettings
from tests.infra.slack.standin import PATH, Slack, standing


@pytest.fixture
def slack() -> Iterator[Slack]:
    with standing() as own:
        yield own


def test_a_message_is_taken_as_it_is(slack: Slack) -> None:
    text = "svd@v1.4.0: −15.3 % & <more>"
    assert post(SlackSettings(slack.webhook), text) == ""
    assert slack.texts == [text]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((404, "no_service"), "404 'no_service'"),
        ((429, "rate_limited"), "429 'rate_limited'"),
        ((200, "<html>log in here"), "200 '<html>log in here'"),
        ((500, "x" * 1000), "500 'xxx"),
        ((403, f"not {PATH}"), "403 'not …'"),
    ],
)
def test_what_does_not_take_it_is_told_in_a_line(
    slack: Slack, fault: tuple[int, str], said: str
) -> None:
    slack.fault = fault
    why = post(SlackSettings(slack.webhook), "text")
    assert why.startswith(said) and len(why) < 120
    assert slack.texts == []


def test_one_that_is_not_there_is_told(slack: Slack) -> None:
    gone = f"http://127.0.0.1:1{PATH}"
    assert "refused" in post(SlackSettings(gone), "text")


def test_one_that_says_a_letter_now_and_then_holds_nobody_up(slack: Slack) -> None:
    """Each read of it ends soon; the whole of it never does."""
    slack.silent.set()
    assert post(SlackSettings(slack.webhook, 1), "text") == "no answer within 1 s"


@pytest.mark.parametrize("fault", [None, (403, f"http://127.0.0.1{PATH} is not known")])
def test_the_address_is_in_no_log_and_no_output(
    slack: Slack,
    fault: tuple[int, str] | None,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    slack.fault = fault
    with caplog.at_level(logging.DEBUG):
        said = [post(SlackSettings(slack.webhook), "text")]
        said.append(post(SlackSettings(f"https://127.0.0.1:1{PATH}"), "text"))
    out, err = capfd.readouterr()
    assert "canary" not in "".join([*said, caplog.text, out, err]).lower()
    assert said[1]
