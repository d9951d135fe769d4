"""The playbook in Chromium: by keyboard, 400 pixels wide, under its own security policy, and opened from disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playbook_server import serving
from playwright.sync_api import Browser, BrowserContext, Page, expect

from looktwice.learn import progress
from looktwice.learn.access import Access
from looktwice.learn.export import export
from looktwice.patterns.catalogue import Catalogue

WATCH = """addEventListener("securitypolicyviolation", event =>
    (window.violations ??= []).push(`${event.violatedDirective} ${event.blockedURI}`))"""
LESSON = "#/races/lost-update"


class Reader:
    """One visit: a page, and the errors that it logged."""

    def __init__(self, context: BrowserContext, access: Access) -> None:
        self.page = context.new_page()
        self.access = access
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.add_init_script(WATCH)

    def enter(self, hash: str = "") -> Page:
        self.page.goto(self.access.address + hash)
        return self.page

    def violations(self) -> list[str]:
        return list(self.page.evaluate("window.violations ?? []"))


Visit = Callable[..., Reader]


@pytest.fixture
def visit(browser: Browser, patterns: Catalogue, tmp_path: Path) -> Iterator[Visit]:
    """Opens visits to a playbook without progress; any error or policy violation fails the test."""
    visits: list[Reader] = []
    with serving(patterns, tmp_path) as (access, _):

        def open(**options: object) -> Reader:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})  # type: ignore[arg-type]
            context.set_default_timeout(10_000)
            visits.append(Reader(context, access))
            return visits[-1]

        yield open
        for reader in visits:
            assert reader.violations() == []
            assert reader.errors == []
            reader.page.context.close()


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def log(page: Page) -> list[str]:
    return page.locator("[role=log] p").all_inner_texts()


def test_the_first_ninety_seconds_by_keyboard_alone(visit: Visit, tmp_path: Path) -> None:
    page = visit().enter()
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    assert page.locator("header.top").count() == 0  # no menu
    page.keyboard.press("Enter")
    expect(page.get_by_text("Two customers pressed the button in the same millisecond.")).to_be_visible()
    expect(page.get_by_role("listbox")).to_be_focused()
    press(page, "aba")
    expect(page.locator(".lane-b .memory.stale")).to_contain_text("stale")
    with page.expect_response(lambda answer: "broken" in (answer.request.post_data or "")):
        press(page, "b")
    expect(page.locator(".stamp.wrong")).to_contain_text("wrong")
    expect(page.locator(".stamp")).to_contain_text(re.compile(r"PostgreSQL \d+"))
    expect(page.locator(".band s.now")).to_have_text("130")
    expect(page.locator(".band .should")).to_contain_text("180")
    expect(page.get_by_text("Nobody got an error.")).to_be_visible()
    expect(page.locator(".nobody")).to_contain_text(re.compile(r"You approved it \d+ seconds? ago"))
    assert [line.split(".")[0] for line in log(page)] == ["Move 1", "Move 2", "Move 3", "Move 4"]
    assert "Stale. WRONG." in log(page)[-1]
    assert progress.read(tmp_path).patterns["lost-update/python"].broken
    page.get_by_role("link", name="Fix it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fix", exact=True)).to_be_focused()
    page.goto(page.url.split("#")[0])
    expect(page.get_by_role("heading", name="Look twice")).to_be_visible()  # shown once


def test_requesting_changes_is_the_right_answer(visit: Visit) -> None:
    page = visit().enter("#/first")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    press(page, "baab")
    expect(page.get_by_text("You were right to ask. Now you can prove it.")).to_be_visible()


def test_escape_leads_to_the_map_and_stays_there(visit: Visit) -> None:
    page = visit().enter()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Look twice")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Look twice")).to_be_visible()
    rows = page.locator(".rows > li")
    expect(rows).to_have_count(8)
    page.goto(page.url.split("#")[0] + "#/first")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_a_deep_link_restores_its_state_and_skips_the_introduction(visit: Visit) -> None:
    page = visit().enter(f"{LESSON}?lang=ts&at=break&order=ABA")
    expect(page.locator("#break .slot.lane-a, #break .slot.lane-b")).to_have_text(["A", "B", "A"])
    expect(page.locator("#break .memory.stale")).to_have_count(1)
    expect(page.get_by_label("TypeScript")).to_be_checked()
    expect(page.locator("#look .code").first).to_contain_text("async function")
    page.locator("#break [role=listbox]").focus()
    press(page, "b")
    assert "order=ABAB" in page.url
    page.reload()
    expect(page.locator("#break .stamp.wrong")).to_be_visible()
    page.evaluate(f"location.hash = '{LESSON}?lang=ts&at=break&order=BB'")  # a link opened in this tab
    expect(page.locator("#break .slot.lane-a, #break .slot.lane-b")).to_have_text(["B", "B"])


def test_undo_restart_and_next_untried_order(visit: Visit) -> None:
    page = visit().enter(f"{LESSON}?at=break")
    board = page.locator("#break .board")
    played = board.locator(".slot:not(.ahead)")
    board.get_by_role("listbox").focus()
    press(page, "ab")
    expect(played).to_have_count(2)
    press(page, "u")
    expect(played).to_have_text(["A"])
    expect(board.locator(".lane-b .memory")).to_contain_text("nothing read")
    press(page, "r")
    expect(played).to_have_count(0)
    press(page, "t")
    expect(board.locator(".slot.ahead")).to_have_text(list("AABB"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert log(page)[-1] == "A has finished."
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(board.locator(".stamp.safe")).to_be_visible()
    press(page, "d")
    assert "Row: 180" in log(page)[-1]
    press(page, "q")
    expect(board.locator(".sql").first).to_contain_text("SELECT")
    page.keyboard.press("Space")
    expect(board.locator(".stamp.wrong")).to_be_visible()
    expect(board.locator(".points")).to_contain_text("wrong orders found 1 of 4")


def test_none_ends_wrong_appears_only_when_every_order_was_tried(visit: Visit) -> None:
    page = visit().enter(f"{LESSON}?at=fix")
    page.get_by_role("button", name="Show me").click()
    page.get_by_role("button", name="Yes, show me").click()
    board = page.locator("#fix .board")
    for order in ("AABB", "ABAB", "ABBA", "BAAB", "BABA"):
        board.get_by_role("listbox").focus()
        press(page, order.lower())
        expect(board.locator(".stamp.safe")).to_be_visible()
        press(page, "r")
    sentence = page.locator(".verdict-all")
    expect(sentence).to_have_count(0)
    press(page, "bbaa")
    expect(sentence).to_have_text("You tried all six orders. None ends wrong.")
    page.get_by_label("The write carries the version that was read").check()
    board = page.locator("#fix .board")
    board.get_by_role("listbox").focus()
    press(page, "abab")
    expect(board.locator(".stamp.refused")).to_be_visible()
    expect(board.locator(".lane-b .reply")).to_contain_text("409")
    board.get_by_role("button", name="play the rest").click()
    expect(sentence).to_be_visible()


def test_a_waiting_lane_names_the_lane_it_waits_for(visit: Visit) -> None:
    page = visit().enter(f"{LESSON}?at=fix")
    page.get_by_role("button", name="Show me").click()
    page.get_by_role("button", name="Yes, show me").click()
    board = page.locator("#fix .board")
    board.get_by_role("listbox").focus()
    press(page, "ab")
    expect(board.locator(".card.waiting")).to_contain_text("waits: A holds this row")
    expect(board.locator(".band .holds")).to_contain_text("A holds this row")
    assert log(page)[-1] == "Move 2. B waits: A holds this row."


FIXED = {
    "python": """def top_up(session: Session, wallet_id: int, cents: int) -> None:
    session.execute(update(Wallet).where(Wallet.id == wallet_id).values(cents=Wallet.cents + cents))
    session.commit()""",
    "typescript": """export async function topUp(id: string, amount: number) {
  return prisma.wallet.update({ where: { id }, data: { cents: { increment: amount } } });
}""",
}


@pytest.mark.parametrize(("short", "language"), [("py", "python"), ("ts", "typescript")])
def test_only_the_engine_marks_an_exercise_as_solved(visit: Visit, tmp_path: Path, short: str, language: str) -> None:
    pytest.importorskip("looktwice.audit")
    page = visit().enter(f"{LESSON}?lang={short}&at=fix")
    page.get_by_role("button", name="Edit this code").click()
    verdict = page.locator(".judged")
    expect(verdict.locator(".headline")).to_contain_text("still breaks: read here (2), written here")
    editor = page.locator("#fix .editor [contenteditable=true]")
    editor.fill("")
    expect(verdict.locator(".headline")).to_contain_text("nothing left to judge")
    editor.fill("def (\n")
    expect(verdict.locator(".headline")).to_contain_text("cannot be parsed")
    assert page.get_by_text("Before and after").count() == 0
    editor.fill(FIXED[language])
    expect(verdict.locator(".headline")).to_contain_text("fixed")
    expect(page.locator("h1.register.fixed")).to_be_visible()
    expect(page.get_by_text("Before and after")).to_be_visible()
    expect(page.get_by_text("Now try to break it again")).to_be_visible()
    assert "code=" in page.url
    link, shown = page.url, FIXED[language].split("\n")[1].strip()
    page.reload()
    expect(editor).to_contain_text(shown)
    page.get_by_role("button", name="Reset").click()
    expect(editor).not_to_contain_text(shown)
    page.evaluate("link => location.hash = link.split('#')[1]", link)
    expect(editor).to_contain_text(shown)


def test_edits_survive_when_the_server_stops(browser: Browser, patterns: Catalogue, tmp_path: Path) -> None:
    with serving(patterns, tmp_path) as (access, server):
        context = browser.new_context()
        page = Reader(context, access).enter(f"{LESSON}?at=fix")
        page.get_by_role("button", name="Edit this code").click()
        expect(page.locator(".judged .headline")).not_to_have_text("reading…")
        server.should_exit = True
        page.wait_for_function("fetch('api/pages').then(() => false, () => true)")
        editor = page.locator("#fix .editor [contenteditable=true]")
        editor.fill("def top_up(): ...  # kept")
        expect(page.locator(".judged .headline")).to_contain_text("verdicts paused")
        expect(page.locator(".judged")).to_contain_text("Start `looktwice learn` again")
        expect(editor).to_contain_text("# kept")
        context.close()


def test_a_paste_that_is_too_large_is_refused_and_the_text_stays(visit: Visit) -> None:
    page = visit().enter(f"{LESSON}?at=fix")
    page.get_by_role("button", name="Edit this code").click()
    editor = page.locator("#fix .editor [contenteditable=true]")
    expect(editor).to_contain_text("top_up")
    editor.focus()
    page.keyboard.insert_text("x" * 200_001)
    expect(page.get_by_role("alert")).to_contain_text("The text was not changed")
    expect(editor).to_contain_text("top_up")


def test_marks_are_hidden_until_the_prediction_is_made(visit: Visit) -> None:
    page = visit().enter(LESSON)
    expect(page.locator("#look .code")).to_have_count(1)
    expect(page.locator("#look .line.finds")).to_have_count(0)
    check = page.get_by_role("button", name="Check", exact=True)
    expect(check).to_be_disabled()
    page.locator(".predict").get_by_label("130").check()
    check.click()
    expect(page.locator("#look .line.finds").first).to_be_visible()
    expect(page.locator(".predict .reply")).to_have_count(4)


def test_ticks_in_the_checklist_are_stored(visit: Visit, tmp_path: Path, patterns: Catalogue) -> None:
    page = visit().enter("#/checklist?view=four-questions")
    expect(page.get_by_label("by question")).to_be_checked()
    expect(page.locator(".checklist li")).to_have_count(len(patterns.patterns))
    question = patterns.patterns[0].page.header.question
    with page.expect_response(lambda answer: "kept" in (answer.request.post_data or "") and answer.ok):
        page.get_by_label(question).check()
    page.reload()
    expect(page.get_by_label(question)).to_be_checked()
    assert progress.read(tmp_path).patterns[f"{patterns.patterns[0].name}/any"].kept


def test_search_finds_a_code(visit: Visit) -> None:
    page = visit().enter("#/checklist")
    expect(page.locator(".checklist")).to_be_visible()
    page.keyboard.press("/")
    page.get_by_role("searchbox").fill("lt301")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("lost-update")


def test_every_page_can_be_read_on_a_phone(visit: Visit, patterns: Catalogue) -> None:
    reader = visit(viewport={"width": 400, "height": 800}, has_touch=True, color_scheme="dark")
    page = reader.enter("#/")
    names = [f"#/{pattern.section}/{pattern.name}" for pattern in patterns.patterns]
    for hash in ("#/first", "#/", "#/checklist", "#/races", "#/nowhere", *names):
        page.evaluate(f"location.hash = '{hash}'")
        expect(page.locator("h1")).to_be_visible()
        dont_know = page.get_by_role("button", name=re.compile("I don’t"))
        if dont_know.count():
            dont_know.first.click()
        show = page.get_by_role("button", name="Show me")
        if show.count():
            show.click()
            page.get_by_role("button", name="Yes, show me").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, hash
    page.evaluate("location.hash = '#/first'")
    page.get_by_role("button", name="Approve").tap()
    for hand in ("A", "B", "A", "B"):
        page.get_by_role("option", name=f"{hand} moves").tap()
    expect(page.locator(".stamp.wrong")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    box = page.get_by_role("option", name="A moves").bounding_box()
    assert box
    assert box["height"] >= 44


COUNT_GHOSTS = """new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
    if (node.className === "ghost") window.ghosts = (window.ghosts ?? 0) + 1
}))).observe(document.body, {childList: true})"""


@pytest.mark.parametrize(("motion", "flights"), [("no-preference", 2), ("reduce", 0)])
def test_values_are_animated_unless_reduced_motion_is_set(visit: Visit, motion: str, flights: int) -> None:
    page = visit(reduced_motion=motion).enter(f"{LESSON}?at=break")
    page.locator("#break [role=listbox]").focus()
    page.evaluate(COUNT_GHOSTS)
    press(page, "aa")
    expect(page.locator("#break .band .value")).to_have_text("150")
    assert page.evaluate("window.ghosts ?? 0") == flights


def test_it_is_usable_within_a_second(visit: Visit) -> None:
    page = visit().enter("#/first")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.evaluate("localStorage.removeItem('looktwice.first')")
    times = []
    for _ in range(3):
        page.reload()
        expect(page.get_by_role("button", name="Approve")).to_be_focused()
        times.append(page.evaluate("performance.now()"))
    assert min(times) < 1000, times


INLINE = """() => {
  const script = document.createElement("script");
  script.textContent = "window.owned = true";
  document.body.append(script);
  return window.owned ? "executed" : "refused";
}"""


def test_opened_from_disk_everything_but_verdicts_works(browser: Browser, tmp_path: Path) -> None:
    opened = export(tmp_path / "playbook")
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.goto(opened.as_uri())
    page.get_by_role("button", name="Approve").click()
    press(page, "abba")
    expect(page.locator(".stamp.wrong")).to_be_visible()
    page.get_by_role("link", name="Fix it").click()
    expect(page.get_by_role("heading", name="Fix", exact=True)).to_be_visible()
    assert page.get_by_role("button", name="Edit this code").count() == 0
    page.get_by_role("button", name="Show me").click()
    page.get_by_role("button", name="Yes, show me").click()
    expect(page.locator(".compare [aria-label='fixed']")).to_be_visible()
    assert page.evaluate("document.fonts.check('16px \"Plex Serif\"')")
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Plex Serif"')
    assert errors == []
    assert page.evaluate(INLINE) == "refused"
    assert [it for it in errors if "Content Security Policy" in it]
    context.close()
