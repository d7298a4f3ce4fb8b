"""Where messages go, as it is told, and that the README says what the code does."""

from pathlib import Path

import pytest

from infra.slack.settings import SlackSettings
from movierec.errors import BadParams
from serve.settings import section

README = Path(__file__).parents[3] / "infra/release/README.md"
HERE = "https://hooks.slack.com/services/T0/B0/canary"


def test_variables_reach_their_fields(tmp_path: Path) -> None:
    (tmp_path / "webhook").write_text(f"{HERE}\n")
    given = {"SLACK_WEBHOOK_FILE": str(tmp_path / "webhook"), "SLACK_SECONDS": "3"}
    assert SlackSettings.from_environment(given) == SlackSettings(HERE, 3)
    assert SlackSettings.from_environment({"SLACK_WEBHOOK": HERE}) == SlackSettings(HERE, 15)
    assert SlackSettings.from_environment({}).webhook is None


@pytest.mark.parametrize(
    "webhook",
    [
        "http://hooks.slack.com/services/canary",
        "https:///services/canary",
        "hooks.slack.com/services/canary",
        "https://canary@hooks.slack.com/services",
        "https://hooks.slack.com/services/canary x",
        "https://hooks.slack.com:canary/",
        "ftp://127.0.0.1/canary",
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(webhook: str) -> None:
    with pytest.raises(BadParams) as refused:
        SlackSettings.from_environment({"SLACK_WEBHOOK": webhook})
    assert "SLACK_WEBHOOK must be the https:// address" in str(refused.value)
    assert "canary" not in str(refused.value)


def test_a_misspelt_one_is_refused() -> None:
    with pytest.raises(BadParams, match="did you mean SLACK_WEBHOOK_FILE"):
        SlackSettings.from_environment({"SLACK_WEBHOOKFILE": "/run/secrets/slack"})


def test_the_address_is_in_no_representation() -> None:
    assert "canary" not in repr(SlackSettings(HERE))


def test_the_table_of_the_readme_is_what_the_settings_say() -> None:
    assert section("SLACK_…: messages", SlackSettings) in README.read_text()
