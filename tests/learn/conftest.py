"""A running playbook server, and a Chromium to open it with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playbook_server import serving
from playwright.sync_api import Browser, sync_playwright

from looktwice.learn.access import Access
from looktwice.patterns.catalogue import Catalogue, catalogue

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
# Chromium's sandbox does not run as root, and the other flags stop it from contacting Google.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def patterns() -> Catalogue:
    return catalogue()


@pytest.fixture
def access(patterns: Catalogue, tmp_path: Path) -> Iterator[Access]:
    with serving(patterns, tmp_path) as (access, _):
        yield access


# One browser per module: its event loop would interfere with those of other modules.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("not run: Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
