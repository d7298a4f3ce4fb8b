"""The stand-in answers as Slack's webhook does, and keeps what Slack would show."""

import json
import urllib.error
import urllib.request

import pytest

from infra.monitoring.webhook import WATCHDOG, Webhook


def post(url: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"payload", (400, "invalid_payload")),
        (b"[]", (400, "invalid_payload")),
        (b"{}", (400, "no_text")),
        (b'{"attachments": []}', (400, "no_text")),
        (b'{"attachments": [{"color": "good"}]}', (400, "no_text")),
        (b'{"text": "well"}', (200, "ok")),
    ],
)
def test_it_says_what_slack_says(body, answer):
    with Webhook() as webhook:
        assert post(webhook.url(), body) == answer
        assert [message.text for message in webhook.all] == (["well"] if answer[0] == 200 else [])


def test_it_keeps_messages_by_their_path_and_tells_of_each():
    told = []
    attachment = {"title": "FIRING page ServiceDown", "text": "svd:8080 does not answer"}
    with Webhook(told.append) as webhook:
        document = {"channel": "#movierec", "attachments": [attachment]}
        post(webhook.url(), json.dumps(document).encode())
        post(webhook.url(WATCHDOG), b'{"text": "all is well"}')
    (message,) = webhook.messages()
    assert (message.status, message.alert) == ("FIRING", "ServiceDown")
    assert (message.channel, message.text) == ("#movierec", "svd:8080 does not answer")
    assert [m.text for m in webhook.messages(WATCHDOG)] == ["all is well"]
    assert told == webhook.all
