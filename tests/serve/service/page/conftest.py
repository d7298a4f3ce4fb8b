"""A service with the page, in this process."""

from dataclasses import replace

import pytest

from serve.service.app import create_app


@pytest.fixture
def page_settings(settings):
    return replace(settings, page=True)


@pytest.fixture
def client(page_settings, model, registry, served):
    return create_app(page_settings, model, registry=registry, served=served).test_client()
