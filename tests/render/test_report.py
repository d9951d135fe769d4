"""The report in one page, and the formats for programs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from looktwice.core.errors import ConfigurationError
from looktwice.core.event import Event, Executing, Finished, Found, Noted, NotProven, Proven, Reached, Started, Unread
from looktwice.core.finding import Finding, Severity
from looktwice.core.trace import Trace
from looktwice.render.collected import collect
from looktwice.render.html.report import Chapter, whole
from looktwice.render.renderer import Guide, Setting, names, renderer

GUIDE = Guide(
    code="LT301", name="lost-update", section="races", severity=Severity.CRITICAL, summary="A write is undone.",
    production="Both answer `200`.", remedy="**Let the database** do it.",
)  # fmt: skip
VOID = {"meta", "input", "br"}


def rendered(form: str, root: Path, *events: Event) -> str:
    out = io.StringIO()
    renderer(form).render(iter(events), out, Setting(root=root, guides={"LT301": GUIDE}))
    return out.getvalue()


@pytest.fixture
def events(lost_update: Finding, trace: Trace) -> list[Event]:
    accepted = msgspec.structs.replace(lost_update, suppressed="one worker", start_line=7, end_line=7)
    return [
        Started("audit", "shop"),
        Executing(step="start", command="run <it>", origin="Procfile:1", user="nobody"),
        Proven("twice", "LT301", ".looktwice/proofs/one.json", "tests/looktwice/test_one.py", trace),
        NotProven("twice", "LT303", "protected", "a row lock", "POST /transfers"),
        Reached("GET /orders/1", 404, "no order"),
        Found(lost_update),
        Found(accepted),
        Unread("bad.py", "not Python", 7),
        Noted("remove it", "a.py", 3),
        Finished(verb="audit", seconds=0.5, files=3, lines=1200, findings=1, unread=1, suppressed=1),
    ]


class Balance(HTMLParser):
    """Fails on elements that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


def test_the_page_is_whole(root: Path, events: list[Event]) -> None:
    page = rendered("html", root, *events)
    parser = Balance()
    parser.feed(page)
    assert not parser.open
    for words in ["lost-update", "shop/wallet.py:6", "no lock between", "read here", '<s class="lost">150</s>',
                  "looktwice replay .looktwice/proofs/one.json", "test_one.py", "Both answer <code>200</code>",
                  "<strong>Let the database</strong>", "bad.py:7", "one worker", "a row lock", "no order",
                  "remove it", "3 files, 1,200 lines"]:  # fmt: skip
        assert words in page, words


def test_the_page_runs_nothing_and_asks_nobody(root: Path, events: list[Event]) -> None:
    page = rendered("html", root, *events)
    assert "<script" not in page and "http://" not in page and "https://" not in page and "url(" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'")
    for style in re.findall(r"<style>(.*?)</style>", page, re.DOTALL):
        assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy


def test_several_projects_in_one_page(root: Path, events: list[Event], trace: Trace) -> None:
    setting = Setting(root=root, guides={"LT301": GUIDE})
    page = whole("both", [Chapter("one", collect(events), setting), Chapter("two", collect([]), setting, (trace,))])
    parser = Balance()
    parser.feed(page)
    assert not parser.open
    assert page.count("<h1>") == 2 and page.count('id="section-races"') == 1
    assert "Tried, and nothing was found" in page.partition("<h1>two")[2]


def test_nothing_found_says_so(root: Path) -> None:
    page = rendered("html", root, Started("audit", "."), Finished(verb="audit", seconds=0.1, files=1, lines=1))
    assert "Nothing was found." in page


EVIL = [
    "<img src=x onerror=alert(1)>",
    "\" autofocus onfocus='alert(1)' x=\"",
    "</style></title></code><script>alert(1)</script>",
    "[x](javascript:alert(1)) `<b>` **<i>**",
]


class Elements(HTMLParser):
    """The elements of a page, and the attributes that they have."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attributes) -> None:
        self.seen |= {tag, *(f"{tag}.{name}" for name, _ in attributes)}


def elements(page: str) -> set[str]:
    reader = Elements()
    reader.feed(page)
    return reader.seen


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_can_write_into_the_page(root: Path, lost_update: Finding, trace: Trace, evil: str) -> None:
    """With hostile texts everywhere the page has the elements that it has with harmless ones."""
    (root / "shop" / "wallet.py").write_text(f"# {evil}\n" * 20)

    def page(text: str) -> str:
        found = msgspec.structs.replace(
            lost_update, message=text, handler=text, because=(text,), function=text, code=text, pattern=text
        )
        drawn = msgspec.structs.replace(trace, title=text, explanation=text, name=text, environment={text: text})
        return rendered(
            "html", root, Found(found), Found(msgspec.structs.replace(found, suppressed=text)), Unread(text, text),
            Noted(text, text), Reached(text, 500, text), NotProven(text, text, text, text, text),
            Proven(text, text, text, text, drawn),
        )  # fmt: skip

    harmless = elements(page("`x` **y**"))
    assert elements(page(evil)) <= harmless | {"code", "strong"}
    assert not [it for it in harmless if ".on" in it or it.endswith((".href", ".src"))]


@pytest.mark.skipif(not shutil.which("chromium"), reason="not run: needs Chromium")
def test_in_a_browser(root: Path, events: list[Event], tmp_path: Path) -> None:
    """The policy lets the style through, and a box that is not ticked hides its findings."""
    page = rendered("html", root, *events).replace(' id="severity-critical" checked', ' id="severity-critical"')
    (tmp_path / "report.html").write_text(page)
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'report.pdf'}",
         f"file://{tmp_path}/report.html"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (tmp_path / "report.pdf").stat().st_size > 5000, done.stderr
    assert "Content Security Policy" not in done.stderr


def test_json_says_everything(root: Path, events: list[Event]) -> None:
    report = json.loads(rendered("json", root, *events))
    counts = {name: len(value) for name, value in report.items() if isinstance(value, list)}
    assert counts == {
        "findings": 1,
        "suppressed": 1,
        "executed": 1,
        "proven": 1,
        "not_proven": 1,
        "reached": 1,
        "unread": 1,
        "notes": 1,
    }
    assert report["finished"]["lines"] == 1200
    assert msgspec.convert(report["findings"][0], Finding).code == "LT301"


def test_jsonl_is_a_finding_a_line(root: Path, events: list[Event]) -> None:
    (line,) = rendered("jsonl", root, *(it for it in events if isinstance(it, Found | Unread | Noted))).splitlines()
    it = json.loads(line)
    assert (it["code"], it["confidence"], it["path"], it["start_line"], it["end_line"]) == (
        "LT301",
        "high",
        "shop/wallet.py",
        6,
        6,
    )
    assert [(span["role"], span["start_line"]) for span in it["spans"]] == [("write", 6), ("read", 13)]
    assert msgspec.json.decode(line, type=Finding).handler == "POST /deposits"


def test_jsonl_of_proofs(root: Path, events: list[Event]) -> None:
    lines = [json.loads(line) for line in rendered("jsonl", root, *events).splitlines()]
    assert [it.get("event", "finding") for it in lines] == ["executing", "proven", "not-proven", "reached", "finding"]


def test_formats_are_found_by_walking() -> None:
    assert set(names()) >= {"console", "html", "json", "jsonl"}
    for name in names():
        assert callable(renderer(name).render)


@pytest.mark.parametrize("name", ["xml", "", "../core", "__init__"])
def test_a_format_that_is_not_there(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot write the format"):
        renderer(name)
