"""What the Dockerfile asks a service before there is an image of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.docker import answers
from movierec.models.kernels import svd
from movierec.models.saving import save_model
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params

ROOT = Path(__file__).resolve().parents[3]
SERVICE = """
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit({status}))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        right = "popular" if self.path.endswith("/" + "1" + "0" * 17) else "model"
        self.send_header("X-Answer-Tier", {tier!r} or right)
        self.end_headers()
        self.wfile.write({movies!r}.encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["SERVICE_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "svd"
    train = random_ratings(50, 30, 0.3)
    save_model(folder, svd.fit(train, svd_params(), scale=SCALE), dataset_of(train), {})
    return folder


def ask(model: Path, code: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the program with the service of `code`."""
    path = os.pathsep.join([str(code), str(ROOT / "stages"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "SERVICE_MODEL_DIR": str(model)}
    command = [sys.executable, str(ROOT / "infra/docker/answers.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_the_service_answers_and_ends_well(model: Path) -> None:
    done = ask(model)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("raise SystemExit(7)", "the service ended with 7"),
        (SERVICE.format(status=0, tier="popular", movies="a,b"), "popular: ['a', 'b']"),
        (SERVICE.format(status=0, tier="", movies=""), "model: ['']"),
        (SERVICE.format(status=0, tier="", movies="a,a"), "model: ['a', 'a']"),
    ],
)
def test_a_service_that_does_not_is_refused(
    model: Path, tmp_path: Path, program: str, says: str
) -> None:
    (tmp_path / "serve/service").mkdir(parents=True)
    (tmp_path / "serve/__init__.py").touch()
    (tmp_path / "serve/service/__init__.py").touch()
    (tmp_path / "serve/service/__main__.py").write_text(program)
    done = ask(model, tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("answers: ")
    assert says in done.stderr


def test_a_service_that_does_not_end_well(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are right, its end is not."""
    monkeypatch.setenv("SERVICE_MODEL_DIR", str(model))
    monkeypatch.setattr(answers, "check", lambda url, tiers: None)
    monkeypatch.setattr(sys, "executable", put(model.parent / "python", SERVICE, status=3))
    with pytest.raises(SystemExit, match="stopped, the service ended with 3"):
        answers.main()


def put(path: Path, program: str, status: int) -> str:
    """A stand-in for the interpreter that runs `program` whatever it is told."""
    text = program.format(status=status, tier="model", movies=json.dumps("a"))
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return str(path)


def test_a_damaged_model(model: Path, tmp_path: Path) -> None:
    done = ask(tmp_path / "nothing")
    assert done.returncode == 1
    assert "no such folder" in done.stderr
