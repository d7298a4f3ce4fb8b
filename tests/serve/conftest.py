import pytest
from prometheus_client import CollectorRegistry

from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs.models import SmallLoaded


class Lines:
    """A served log that keeps its lines."""

    def __init__(self):
        self.lines = []

    def start(self):
        pass

    def send(self, user, line):
        self.lines.append((user, line))

    def close(self):
        pass


@pytest.fixture
def model():
    return SmallLoaded()


@pytest.fixture
def served():
    return Lines()


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def settings(tmp_path):
    return ServiceSettings(tmp_path, model_version="svd@v1.4.0", git_commit="c0ffee")


@pytest.fixture
def client(settings, model, registry, served):
    return create_app(settings, model, registry=registry, served=served).test_client()
