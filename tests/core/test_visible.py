"""What may reach a terminal: what could act on it or deceive its reader is an escape, all else is as it was."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Noted, Unread
from looktwice.core.finding import Severity
from looktwice.core.trace import StepKind, TraceStep
from looktwice.core.visible import block, line, source_line, visible

HOSTILE = {
    "a colour": ("\x1b[31mred", "\\x1b[31mred"),
    "a window title": ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
    "a hyperlink": ("\x1b]8;;http://x\x1b\\y", "\\x1b]8;;http://x\\x1b\\y"),
    "C1's own CSI": ("a\x9b31mb", "a\\x9b31mb"),
    "backspace and delete": ("a\x08\x7f", "a\\x08\\x7f"),
    "carriage return": ("good\rbad", "good\\rbad"),
    "a line of its own": ("a\nlooktwice: nothing found", "a\\nlooktwice: nothing found"),
    "vertical tab, form feed": ("a\x0b\x0c", "a\\x0b\\x0c"),
    "next line": ("a\x85b", "a\\x85b"),
    "line and paragraph separators": ("a\u2028b\u2029", "a\\u2028b\\u2029"),
    "overrides of direction": ("\u202euser\u202c", "\\u202euser\\u202c"),
    "isolates": ("\u2066a\u2069", "\\u2066a\\u2069"),
    "marks of direction": ("\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"),
    "letters of no width": ("ad\u200bmin\u2060\ufeff", "ad\\u200bmin\\u2060\\ufeff"),
    "a joiner between letters": ("a\u200db", "a\\u200db"),
    "a joiner at the end of an emoji": ("👩\u200d", "👩\\u200d"),
    "blank letters": ("a\u3164\uffa0\u115f", "a\\u3164\\uffa0\\u115f"),
    "a soft hyphen": ("pass\u00adword", "pass\\xadword"),
    "tags that spell words": ("a\U000e0041\U000e0042", "a\\U000e0041\\U000e0042"),
    "a byte that is no UTF-8": ("bad\udcff.py", "bad\\udcff.py"),
    "half a pair": ("\ud83d", "\\ud83d"),
    "NUL": ("a\0b", "a\\x00b"),
    "a tab": ("a\tb", "a\\tb"),
}
HARMLESS = [
    "plain text, [red]markup[/red] and :smile: as they stand",
    "C:\\new\\table \\x1b",
    "Überraschung, naïve façade, Ångström",
    "e\u0301 with its accent beside it",
    "支払い 漢字　and a wide blank",
    "עברית العربية हिन्दी ไทย",
    "🎉 👍🏽 ❤️ 👩‍💻 👨‍👩‍👧 🏳️‍🌈 🇩🇪",
    "non\u00a0breaking",
]


@pytest.mark.parametrize(("text", "expected"), HOSTILE.values(), ids=list(HOSTILE))
def test_what_could_act_is_escaped(text: str, expected: str) -> None:
    assert line(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_letters_of_any_script_are_shown(text: str) -> None:
    assert line(text) == block(text) == source_line(text) == text


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    for shown in (line(text), source_line(text), block(text).replace("\n", "")):
        assert not {unicodedata.category(it) for it in shown.replace("\u200d", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        shown.encode()
        assert line(shown) == shown


def test_a_block_keeps_its_lines_and_its_tabs_as_blanks() -> None:
    assert block("a\n\tb\r\n\x1b[2J") == "a\n    b\\r\n\\x1b[2J"


def test_every_text_of_a_value() -> None:
    step = TraceStep(lane="A\n", kind=StepKind.READ, words="w\x1b", statement="SELECT 1\n  FROM t", parameters=("\r",))
    assert visible(step) == TraceStep(
        lane="A\\n", kind=StepKind.READ, words="w\\x1b", statement="SELECT 1 FROM t", parameters=("\\r",)
    )
    assert visible([Unread("a\nb", "c", 3), {"k\x1b": Noted("\u202e")}]) == [
        Unread("a\\nb", "c", 3),
        {"k\\x1b": Noted("\\u202e")},
    ]
    assert visible(Severity.HIGH) is Severity.HIGH
    assert visible((1, None, 2.5)) == (1, None, 2.5)


def test_an_error_cannot_be_mistaken_for_another_line() -> None:
    error = LooktwiceError(
        "cannot read a\nAll is well", "\x1b[1mTOML\nAll is well\n    at line 3", "Fix\u202e it.\nNow"
    )
    assert str(error) == (
        "cannot read a\\nAll is well: \\x1b[1mTOML\n  All is well\n    at line 3\nFix\\u202e it.\n  Now"
    )


def test_an_ordinary_error_is_as_it_was() -> None:
    error = LooktwiceError("cannot read größe.toml", "it is not UTF-8 text", "Save it as UTF-8.")
    assert str(error) == "cannot read größe.toml: it is not UTF-8 text\nSave it as UTF-8."
