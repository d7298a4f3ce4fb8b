"""Pages of builds in a real browser, served as the controller serves them: by its policy."""

import contextlib
import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from infra.ci.evaluation.__main__ import main
from infra.release.cards.forms import page
from tests.infra.ci.evaluation.workspace import METRICS, workspace
from tests.infra.jenkins.conftest import ROOT
from tests.infra.release.cards.test_forms import FULL

pytestmark = pytest.mark.slow
STRICT = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
"""Jenkins' own."""
GREEN, RED = "rgba(26, 127, 55, 1)", "rgba(180, 35, 24, 1)"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A folder with the evaluation of a refused model, and with a card."""
    folder = tmp_path_factory.mktemp("pages")
    root = workspace(folder, METRICS | {"svd": METRICS["svd"] | {"coverage": 0.001}})
    assert main(["--output", str(folder), "--in", str(root)]) == 0
    (folder / "card.html").write_text(page(FULL))
    return folder


@pytest.fixture(scope="module")
def browser():
    options = Options()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,900"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@contextlib.contextmanager
def served(folder: Path, policy: str) -> Iterator[str]:
    """The address of a folder's files, each with a policy."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def policy() -> str:
    """The controller's."""
    dockerfile = (ROOT / "infra/jenkins/Dockerfile").read_text()
    (found,) = re.findall(r'DirectoryBrowserSupport\.CSP=\\"([^"]+)\\"', dockerfile)
    return str(found)


def badges(browser) -> list[str]:
    found = browser.find_elements(By.CLASS_NAME, "badge")
    return [badge.value_of_css_property("background-color") for badge in found]


def test_the_evaluation_is_styled_and_as_wide_as_the_window(pages, browser) -> None:
    with served(pages, policy()) as url:
        browser.get(f"{url}/evaluation.html")
        assert badges(browser) == [RED, GREEN]
        widest = max(table.rect["width"] for table in browser.find_elements(By.TAG_NAME, "table"))
        assert 600 < widest < 1000
        assert browser.find_element(By.CSS_SELECTOR, ".plot svg").size["height"] > 100


def test_a_card_is_styled(pages, browser) -> None:
    with served(pages, policy()) as url:
        browser.get(f"{url}/card.html")
        now = browser.find_element(By.CSS_SELECTOR, "td.now")
        assert now.value_of_css_property("font-weight") == "600"
        assert len(browser.find_elements(By.CSS_SELECTOR, ".plot svg")) == 3
        assert all(
            svg.is_displayed() for svg in browser.find_elements(By.CSS_SELECTOR, ".plot svg")
        )


def test_by_the_policy_of_jenkins_itself_it_would_be_bare_and_legible(pages, browser) -> None:
    with served(pages, STRICT) as url:
        browser.get(f"{url}/evaluation.html")
        assert set(badges(browser)) == {"rgba(0, 0, 0, 0)"}
        assert "SVD refused" in browser.find_element(By.TAG_NAME, "body").text
