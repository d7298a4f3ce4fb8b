"""One table says what is in production, and what is newer."""

import json

from tests.infra.release.project import Project
from tests.infra.release.shop import promoted


def test_a_line_for_each_model(sold: Project) -> None:
    promoted(sold, "svd@v1.0.0", "svd@v1.2.0", "svd@v1.3.0")
    assert sold.release("rollback", "svd", "--no-deploy").status == 0
    refused = {"pass": False, "reasons": ["bad RMSE"]}
    sold.write("reports/gate.json", json.dumps({"svd": {"pass": True}, "svdpp": refused}))
    done = sold.release("status")
    *table, reason = done.output.splitlines()
    head, svd, svdpp = (line.split() for line in table)
    assert head == ["model", "in", "production", "since", "by", "before", "newest", "gate"]
    assert (svd[:2], svd[4:]) == (
        ["svd", "svd@v1.2.0"],
        ["svd#prod#4", "svd@v1.0.0", "svd@v1.3.0", "(rolled", "back", "from)", "pass"],
    )
    assert svdpp == ["svdpp", "-", "-", "-", "-", "svdpp@v1.3.0", "refused"]
    assert reason == "svdpp: refused by the gate: bad RMSE"
    assert done.status == 0


def test_where_no_gate_has_judged_it_says_so(sold: Project) -> None:
    assert sold.release("status").output.splitlines()[1].split()[-2:] == ["svd@v1.3.0", "-"]
