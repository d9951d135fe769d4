"""The shipped page: within its size budget, without external resources, and built from the sources in web/."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from looktwice.learn.export import ASSETS

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
SOURCES = re.compile(r"(src|public)/.*\.\w+|package-lock\.json|vite\.config\.ts")


def packed(*names: str) -> int:
    return sum(len(gzip.compress((ASSETS / name).read_bytes())) for name in names)


def test_the_scripts_keep_to_their_budget() -> None:
    assert packed("page.js") <= 80 * 1024
    assert packed("page.js", "editor.js") <= 300 * 1024


def test_the_fonts_keep_to_their_budget_and_are_preloaded() -> None:
    fonts = list(ASSETS.glob("*.woff2"))
    assert sum(font.stat().st_size for font in fonts) <= 120 * 1024
    preloaded = re.findall(r'href="assets/(\S+\.woff2)"', (ASSETS / "index.html").read_text())
    assert preloaded
    assert set(preloaded) <= {font.name for font in fonts}


def test_bundled_packages_ship_with_their_licences() -> None:
    page, editor = ((ASSETS / f"{name}.licences.txt").read_text() for name in ("page", "editor"))
    assert page.startswith("@fontsource/ibm-plex-mono\n")
    assert "SIL OPEN FONT LICENSE" in page.upper()
    for name, text in (("svelte", page), ("@codemirror/view", editor), ("@lezer/python", editor)):
        assert f"{name}\n\n" in text


def test_no_external_resources() -> None:
    for name in ("index.html", "page.css"):
        text = (ASSETS / name).read_text()
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//|url\((?:https?:)?//|url\(data:|@import", text), name
    assert not re.search(r"\bstyle=|<script>|onclick=", (ASSETS / "index.html").read_text())


@pytest.mark.skipif(not WEB.is_dir(), reason="not run: the page's sources are not installed")
def test_the_assets_were_built_from_these_sources() -> None:
    digest = hashlib.sha256()
    every = (path.relative_to(WEB).as_posix() for folder in ("src", "public") for path in (WEB / folder).rglob("*"))
    names = [name for name in (*every, "package-lock.json", "vite.config.ts") if SOURCES.fullmatch(name)]
    for name in sorted(name for name in names if not name.endswith(".test.ts")):
        digest.update(name.encode() + b"\0" + (WEB / name).read_bytes() + b"\0")
    assert (ASSETS / "built-from.txt").read_text().strip() == digest.hexdigest(), "run `make web`"


def test_the_lock_file_uses_the_public_registry() -> None:
    text = (WEB / "package-lock.json").read_text()
    assert not re.findall(r'"resolved": "(?!https://registry\.npmjs\.org/)', text)
