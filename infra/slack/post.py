"""One message to Slack by an incoming webhook, whose address is a secret: who has it may send."""

import logging
import threading
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from slack_sdk.webhook import WebhookClient

from infra.slack.settings import SlackSettings

QUIET = logging.Logger("slack", logging.CRITICAL + 1)
"""In place of the client's, which logs the address and every failure."""
SAID = 100
"""Letters of an answer that are told: a proxy's page may be long."""


def post(settings: SlackSettings, text: str) -> str:
    """Have Slack take a message; why it did not, or nothing when it said that it has it.

    Returns within `settings.seconds`, also while Slack says a letter now and then. A message whose
    answer did not come in time may have been taken.
    """
    told: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=lambda: told.put(ask(settings, text)), daemon=True).start()
    try:
        return told.get(timeout=settings.seconds)
    except Empty:
        return f"no answer within {settings.seconds} s"


def ask(settings: SlackSettings, text: str) -> str:
    """As `post`, for as long as it takes. Asks once: a message whose answer was lost would come
    twice."""
    address = settings.webhook or ""
    client = WebhookClient(address, settings.seconds, logger=QUIET, retry_handlers=[])
    try:
        answer = client.send(text=text)
    except Exception as error:  # of whatever kind: it changes nothing of what was done before
        said = str(getattr(error, "reason", None) or error) or type(error).__name__
    else:
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return ""
        said = f"{answer.status_code} {answer.body.strip()!r}"
    for secret in (address, urlsplit(address).path):
        if len(secret) > 1:
            said = said.replace(secret, "…")
    return said[:SAID]
