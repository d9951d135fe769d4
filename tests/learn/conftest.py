"""A playbook served for real, and a Chromium to read it with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playbook_server import serving
from playwright.sync_api import Browser, sync_playwright

from looktwice.learn.gatekeeper import Door
from looktwice.patterns.catalogue import Catalogue, catalogue

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
# Chromium refuses its sandbox to root, and tries to reach its maker unless told not to.
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
def door(patterns: Catalogue, tmp_path: Path) -> Iterator[Door]:
    with serving(patterns, tmp_path) as (door, _):
        yield door


# The browser belongs to one module: its event loop would be in the way of other modules' own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("not run: there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
