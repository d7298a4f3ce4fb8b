"""Movie ids of a simulated catalogue, in the alphabet that the log's grammar knows."""

import numpy as np

FIRST = (
    "amber ancient blue broken crimson distant early empty endless fallen far first frozen "
    "gentle golden hidden hollow last little long lost lucky midnight new northern old pale "
    "quiet red restless second secret seven silent silver slow small southern stolen strange "
    "sunken tender third velvet western white wild winter young"
).split()
SECOND = (
    "anchor balcony bridge canyon carnival castle city clock coast corner dancer daughter "
    "desert door engine evening farewell ferry fire forest fortune garden gambler harbour "
    "highway horizon house island journey kingdom lantern letter lighthouse market mirror "
    "mountain night ocean orchard promise rain river road shadow song station stranger summer "
    "thief tide tower train valley voyage window witness"
).split()
JOINS = ["+", "+", "+", "+", "+", "+the+", "+of+the+", "-", "._", "+no.+2+", "*"]
ODD_SHARE = 0.03
"""Of the ids, these end in a bare `+`, as real ones do where the year is unknown."""


def make_slugs(random: np.random.Generator, count: int) -> list[str]:
    """`count` different ids such as `silent+river+1987`."""
    slugs: dict[str, None] = {}
    while len(slugs) < count:
        first, second = random.integers(0, [len(FIRST), len(SECOND)])
        join = JOINS[random.integers(0, len(JOINS))]
        year = "" if random.random() < ODD_SHARE else str(1930 + random.integers(0, 95))
        slugs[f"{FIRST[first]}{join}{SECOND[second]}+{year}"] = None
    return list(slugs)
