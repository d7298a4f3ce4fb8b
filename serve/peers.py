"""The other arms of an experiment, and where they are: `svdpp=http://svdpp:8080`."""

import re
from typing import NamedTuple

from movierec import routing
from serve.variables import Kind, matching

ARM = matching(routing.ARM, "an arm's name (1 to 32 of a-z 0-9 -, a letter first)")
"""The router's: another name could not be asked for there."""
LABEL = "[A-Za-z0-9_-]{1,63}"
HOST = rf"(?=.{{1,253}}:){LABEL}(?:\.{LABEL})*\.?"
"""What can be looked up: `a..b` cannot, which would be told at each request only."""
PLACE = re.compile(rf"({routing.ARM})=http://({HOST}):([0-9]{{1,5}})/?")


class Peer(NamedTuple):
    """An arm, and the address of a service of it or of what stands before several."""

    arm: str
    host: str
    port: int


def _peers(text: str) -> tuple[Peer, ...]:
    found = [PLACE.fullmatch(part.strip()) for part in text.split(",")]
    peers = tuple(Peer(m[1], m[2], int(m[3])) for m in found if m)
    if len({peer.arm for peer in peers}) != len(found):
        raise ValueError
    if not all(0 < peer.port < 65_536 for peer in peers):
        raise ValueError
    return peers


PEERS = Kind("<arm>=http://<host>:<port>, several different ones joined by commas", _peers)
