"""What a stronger finding explains is no finding.

An attacker's fillers meet on movies as well as on the target, so such a movie has a company too:
the same accounts, and honest users who merely gave it that end (explaining away, as with rival
causes in Pearl 1988). So the strongest finding is believed first, and of the next ones only those
accounts count that no believed one holds. Of k accounts, e of them by chance, k' are then left:

    z' = z (k' − e) / (k − e) · √(k / k')

Those e are led to expect by the movie's other raters, who stay: what is above chance loses all
that is explained, and the deviation shrinks like the root of the number of accounts.

It takes suspicion away and adds none. One pass, linear in the accounts of all findings.
"""

from collections.abc import Iterable, Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from movierec.dataset.bursts import BURST
from movierec.dataset.targets import COST, Finding, Limits


def unexplained(findings: Iterable[Finding], n_users: int, limits: Limits) -> Iterator[Finding]:
    """`findings`, the strongest first, each with the accounts and the z that are left to it; those
    without enough of both are left out. No account is in two."""
    explained = np.zeros(n_users, bool)
    believed: set[tuple[int, str]] = set()
    for finding in findings:
        left = _left(finding, explained[finding.users])
        again = (finding.movie, finding.side) in believed
        if _surprises(left, limits) or (again and _more_of_it(left)):
            explained[left.users] = True
            believed.add((finding.movie, finding.side))
            yield left


def _left(finding: Finding, explained: NDArray[np.bool_]) -> Finding:
    """`finding` without those of its accounts."""
    k, users = len(finding.users), finding.users[~explained]
    if len(users) == k:
        return finding
    e = finding.expected
    rest = (len(users) - e) / (k - e) * sqrt(k / max(len(users), 1))
    return finding._replace(users=users, z=finding.z * rest)


def _surprises(finding: Finding, limits: Limits) -> bool:
    """Whether it is a finding by itself."""
    above = len(finding.users) - finding.expected
    return finding.z >= limits.z and above >= limits.accounts


def _more_of_it(finding: Finding) -> bool:
    """Whether another mark tells of more accounts at a movie that is believed to be a target, as
    few of them by chance as `targets` takes in. An hour is not a matter of marks."""
    return finding.sign != BURST and len(finding.users) > COST * finding.expected
