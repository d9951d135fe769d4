"""What a person reads in the terminal."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.event import Event, Finished, Found, Noted, Unread
from looktwice.core.finding import Confidence, Finding, Role, RoleSpan, Severity
from looktwice.core.visible import source_line
from looktwice.render.formats import console
from looktwice.render.renderer import Guide, Setting

GUIDES = {"LT301": Guide(code="LT301", name="lost-update", section="races", severity=Severity.CRITICAL)}


def printed(root: Path, *events: Event, **setting) -> str:
    out = io.StringIO()
    console.render(events, out, Setting(**({"root": root, "guides": GUIDES} | setting)))
    return out.getvalue()


def test_a_finding(root: Path, lost_update: Finding) -> None:
    assert printed(root, Found(lost_update), width=84) == (
        "LT301 lost-update  critical · high                                shop/wallet.py:6:5\n"
        "  Wallet is read, changed and written back.\n"
        "\n"
        "   6 │ wallet.balance = wallet.balance + amount\n"
        "     │ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ written here\n"
        "     │ … no lock between\n"
        "   ⋮\n"
        "  13 │ return session.scalar(select(Wallet).where(Wallet.user_id == user_id))\n"
        "     │        ─────────────────────────────────────────────────────────────── read here\n"
        "  POST /deposits\n"
        "\n"
    )


def test_spans_in_other_files(root: Path, lost_update: Finding, spanning) -> None:
    (root / "other.py").write_text("x = 1\ny = lock(x)\n")
    peer = spanning("lock(x)", Role.PEER, "locked by this one", path="other.py")
    text = printed(root, Found(msgspec.structs.replace(lost_update, spans=(*lost_update.spans, peer))))
    assert "  other.py:2\n  2 │ y = lock(x)\n    │     ─────── locked by this one\n" in text


def test_doubt_is_explained(root: Path, lost_update: Finding) -> None:
    text = printed(root, Found(msgspec.structs.replace(lost_update, confidence=Confidence.MEDIUM)))
    assert "no lock seen between" in text
    assert "medium because nothing locks it" in text


def test_only_races_miss_a_lock(root: Path, lost_update: Finding) -> None:
    assert "no lock" not in printed(root, Found(lost_update), guides={})


def test_for_programs(root: Path, lost_update: Finding) -> None:
    assert printed(root, Found(lost_update), concise=True) == (
        "shop/wallet.py:6:5: LT301 lost-update [critical, high] Wallet is read, changed and written back.\n"
        "  read: shop/wallet.py:13 read here\n"
    )


def test_the_summary_says_what_was_not_read(root: Path, lost_update: Finding) -> None:
    finished = Finished(verb="audit", seconds=0.5, files=3, lines=1200, findings=1, unread=1, suppressed=2)
    events = [Found(lost_update), Unread("bad.py", "not Python", 7), Noted("remove it", "a.py", 3), finished]
    assert printed(root, *events).endswith(
        "note: a.py:3: remove it\n"
        "not fully read: bad.py:7: not Python\n"
        "1 finding (1 high) in 3 files, 1,200 lines in 0.50 s · 2 accepted with a reason · 1 file not fully read\n"
        "Why, and what to do instead: looktwice explain LT301\n"
    )


def test_nothing_found(root: Path) -> None:
    assert (
        printed(root, Finished(verb="audit", seconds=0.1, files=1, lines=1))
        == "No findings in 1 file, 1 line in 0.10 s\n"
    )


def test_accepted_findings_are_counted_only(root: Path, lost_update: Finding) -> None:
    assert printed(root, Found(msgspec.structs.replace(lost_update, suppressed="one worker"))) == ""


def test_no_colour_is_no_escape(root: Path, lost_update: Finding) -> None:
    assert "\x1b" not in printed(root, Found(lost_update))
    assert "\x1b[" in printed(root, Found(lost_update), colour=True)


def test_a_file_that_has_gone(root: Path, lost_update: Finding) -> None:
    (root / "shop" / "wallet.py").unlink()
    assert "LT301 lost-update" in printed(root, Found(lost_update))


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize(
    "line", ["x = f(" + "a, " * 3000 + "hit)", "hit" + ", a" * 3000, "\t\tx = 'ßü漢字' + hit", "    hit"]
)
def test_long_lines_are_cut_around_the_span(root: Path, lost_update: Finding, spanning, line: str, width: int) -> None:
    (root / "long.py").write_text(line + "\n")
    span = spanning("hit", Role.WRITE, "here", path="long.py")
    places = {name: getattr(span, name) for name in ("path", "start_line", "start_column", "end_line", "end_column")}
    text = printed(root, Found(msgspec.structs.replace(lost_update, spans=(span,), **places)), width=width)
    code, carets = text.splitlines()[3:5]
    cells = [(2 if unicodedata.east_asian_width(letter) in "WF" else 1) for letter in code]
    at = sum(cells[: code.index("hit")])
    assert carets[at : at + 4] == "^^^ " and carets[at - 1] == " "
    assert sum(cells) <= width


@given(st.text(max_size=60))
def test_source_cannot_move_the_cursor(text: str) -> None:
    assert not {unicodedata.category(letter) for letter in source_line(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(
    st.lists(st.text(st.sampled_from("ab \t漢"), max_size=30), min_size=1, max_size=6),
    st.lists(st.tuples(*[st.integers(1, 8), st.integers(1, 40)] * 2), min_size=1, max_size=4),
)
def test_any_spans_in_any_text_can_be_drawn(tmp_path_factory, rows: list[str], places) -> None:
    """Also those that lie outside of a file which has changed since."""
    root = tmp_path_factory.mktemp("any")
    (root / "a.py").write_text("\n".join(rows))
    spans = tuple(RoleSpan("a.py", *place, role=Role.READ) for place in places)
    first = {name: getattr(spans[0], name) for name in ("path", "start_line", "start_column", "end_line", "end_column")}
    finding = Finding(
        code="LT301", pattern="p", message_id="m", message="", severity=Severity.LOW, confidence=Confidence.LOW,
        spans=spans, **first,
    )  # fmt: skip
    assert printed(root, Found(finding), width=60)
