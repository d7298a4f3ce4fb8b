"""Releases whose data is on an S3 server, with TLS by a certificate authority of one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.processes import Processes
from infra.repository import environment
from tests.infra.release.project import Project
from tests.infra.release.s3 import SECRET, Server, certify
from tests.infra.release.test_register import FIRST, assert_nothing_released, damaged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # it may be built first


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("s3")
    server = Server(folder)
    with Processes(folder, folder / "logs", environment()) as processes:
        server.start(processes)
        yield server


def test_a_release_on_s3_is_whole_and_what_is_damaged_there_is_named(
    trained: Project, server: Server
) -> None:
    server.configure(trained)
    done = trained.release("register")
    assert (done.status, trained.tags()) == (0, FIRST), done
    whole = trained.release("verify")
    assert (whole.status, whole.output.count(" 11     11  whole")) == (0, 2), whole
    objects = trained.objects(server.bucket / "movierec")
    assert len(objects) == 11
    with damaged(objects[0]):
        spoiled = trained.release("verify")
    assert spoiled.status == 1, spoiled
    name = objects[0].relative_to(server.bucket)
    assert f"damaged: s3://bucket/{name} (" in spoiled.output
    assert SECRET not in done.output + whole.output + spoiled.output


def test_who_is_not_let_in_is_told_so_in_a_line(trained: Project, server: Server) -> None:
    server.configure(trained, secret="canary-wrong")
    done = trained.release("register")
    assert (done.status, done.output.count("\n")) == (2, 1), done
    assert done.output.startswith("error: the DVC remote `s3`: Forbidden")
    assert ".dvc/config.local for its address and credentials" in done.output
    assert "canary" not in done.output
    assert_nothing_released(trained)


def test_a_server_that_nobody_vouches_for_is_not_used(
    trained: Project, server: Server, tmp_path: Path
) -> None:
    certify(tmp_path / "other.pem", tmp_path / "key.pem")
    server.configure(trained, ca=tmp_path / "other.pem")
    done = trained.release("register")
    assert (done.status, done.output.count("\n")) == (2, 1), done
    assert "certificate verify failed" in done.output.lower()
    assert_nothing_released(trained)
