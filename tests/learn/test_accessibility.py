"""The page in each of its states against axe's rules (WCAG 2.2 A and AA, best practices), light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playbook_server import serving
from playwright.sync_api import Browser, Page, expect

from looktwice.patterns.catalogue import Catalogue

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(RULES)["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.skipif(not AXE.is_file(), reason="not run: `make web` installs axe-core")
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
def test_every_state_is_accessible(browser: Browser, patterns: Catalogue, tmp_path: Path, scheme: str) -> None:
    with serving(patterns, tmp_path) as (access, _):
        context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(access.address)
        expect(page.get_by_role("button", name="Approve")).to_be_focused()
        seen = {"first": violations(page)}
        page.keyboard.press("Enter")
        expect(page.get_by_role("listbox")).to_be_focused()
        for key in "aba":
            page.keyboard.press(key)
        seen["stale"] = violations(page)
        page.keyboard.press("b")
        expect(page.get_by_text("Nobody got an error.")).to_be_visible()
        seen["wrong"] = violations(page)
        page.get_by_role("link", name="Fix it").click()
        page.get_by_role("button", name="Edit this code").click()
        expect(page.locator(".judged .headline")).not_to_have_text("reading…")
        page.get_by_role("button", name="Show me").click()
        page.get_by_role("button", name="Yes, show me").click()
        expect(page.locator(".compare [aria-label='fixed']")).to_be_visible()
        board = page.locator("#fix .board")
        board.get_by_role("listbox").focus()
        page.keyboard.press("a")
        page.keyboard.press("b")
        expect(board.locator(".card.waiting")).to_be_visible()
        seen["fix"] = violations(page)
        for hash in ("#/", "#/checklist", "#/races", "#/distributed/dual-write"):
            page.evaluate(f"location.hash = '{hash}'")
            expect(page.locator("h1")).to_be_visible()
            seen[hash] = violations(page)
        context.close()
    assert {state: found for state, found in seen.items() if found} == {}
