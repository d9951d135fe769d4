"""From what detectors say to what is reported: selection, arbitration, suppressions."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from doubletake.audit.arbitrate import arbitrate
from doubletake.audit.selection import select
from doubletake.audit.suppress import apply, pardons
from doubletake.code.languages import adapter_for
from doubletake.core.config import Suppression
from doubletake.core.errors import ConfigurationError
from doubletake.core.finding import Confidence, Finding, Severity
from doubletake.core.source import Source

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def finding(code: str = "DT301", line: int = 5, **more) -> Finding:
    given = {
        "code": code, "pattern": code.lower(), "message_id": "m", "message": "said", "severity": Severity.HIGH,
        "confidence": HIGH, "path": "a.py", "start_line": line, "start_column": 1, "end_line": line, "end_column": 9,
    }  # fmt: skip
    return Finding(**(given | more))


def settle(*findings: Finding, wins_over: dict[str, tuple[str, ...]] | None = None) -> list[Finding]:
    return list(arbitrate(findings, wins_over or {}, lambda it: f"statement {it.start_line % 10}"))


# ── one place, one finding ───────────────────────────────────────────────────────────────────────────────────────────
WINS = {"DT301": ("DT307", "DT303"), "DT303": ("DT302",)}


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ([("DT301", 5, HIGH), ("DT307", 5, HIGH)], ["DT301"]),
        ([("DT301", 5, HIGH), ("DT307", 6, HIGH)], ["DT301", "DT307"]),
        ([("DT301", 5, MEDIUM), ("DT307", 5, HIGH)], ["DT301", "DT307"]),  # the surer one is not silenced
        ([("DT301", 5, HIGH), ("DT303", 5, HIGH), ("DT302", 5, HIGH)], ["DT301"]),
        ([("DT307", 5, HIGH), ("DT302", 5, HIGH)], ["DT302", "DT307"]),
        ([("DT301", 5, LOW), ("DT301", 5, HIGH)], ["DT301"]),
    ],
)
def test_places(said: list[tuple[str, int, Confidence]], left: list[str]) -> None:
    found = settle(*(finding(code, line, confidence=level) for code, line, level in said), wins_over=WINS)
    assert [it.code for it in found] == left


def test_the_surest_of_equals_stays() -> None:
    (it,) = settle(finding(confidence=MEDIUM), finding(confidence=HIGH), finding(confidence=LOW))
    assert it.confidence is HIGH


def test_a_winner_over_several_lines() -> None:
    found = settle(finding("DT307", 6), finding("DT301", 5, end_line=8), wins_over=WINS)
    assert [it.code for it in found] == ["DT301"]


def test_preview_says_at_most_medium() -> None:
    high, low = settle(finding(status="preview"), finding(line=7, status="preview", confidence=LOW))
    assert (high.confidence, low.confidence) == (MEDIUM, LOW)
    assert "preview" in high.because[-1]


def test_order_is_that_of_places() -> None:
    found = settle(finding(line=9), finding(line=2), finding(path="0.py", line=30))
    assert [(it.path, it.start_line) for it in found] == [("0.py", 30), ("a.py", 2), ("a.py", 9)]


def test_fingerprints_survive_moves_and_tell_equals_apart() -> None:
    first, second, other = settle(finding(line=5), finding(line=15), finding(line=26))
    assert len({first.fingerprint, second.fingerprint, other.fingerprint}) == 3
    moved = settle(finding(line=105, path="b.py"), finding(line=115, path="b.py"), finding(line=126, path="b.py"))
    assert [it.fingerprint for it in moved] == [first.fingerprint, second.fingerprint, other.fingerprint]


# ── selection ────────────────────────────────────────────────────────────────────────────────────────────────────────
class Known(Struct, frozen=True):
    code: str
    name: str
    section: str


KNOWN = [
    Known("DT101", "sql-injection", "security"),
    Known("DT301", "lost-update", "races"),
    Known("DT303", "check-then-act", "races"),
]


@pytest.mark.parametrize(
    ("wanted", "unwanted", "codes"),
    [
        ((), (), {"DT101", "DT301", "DT303"}),
        (("races",), (), {"DT301", "DT303"}),
        (("dt301", "sql-injection"), (), {"DT101", "DT301"}),
        (("DT3",), ("lost-update",), {"DT303"}),
        ((), ("races",), {"DT101"}),
    ],
)
def test_selection(wanted: tuple[str, ...], unwanted: tuple[str, ...], codes: set[str]) -> None:
    assert select(KNOWN, wanted, unwanted) == codes


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("race", "`races`"),
        ("DT310", "`DT30"),
        ("lost_update", "`lost-update`"),
        ("?", "a section"),
        ("", "a section"),
    ],
)
def test_a_word_that_selects_nothing(word: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot select") as caught:
        select(KNOWN, (word,), ())
    assert hint in caught.value.next


# ── suppressions ─────────────────────────────────────────────────────────────────────────────────────────────────────
def resolve(word: str) -> frozenset[str]:
    return frozenset(it.code for it in KNOWN if word in (it.code, it.name))


def suppress(
    path: str, text: str, *findings: Finding, rules: tuple[Suppression, ...] = ()
) -> tuple[list[str], list[str]]:
    """(reason given to each finding, notes) for a file of this text."""
    parsed = adapter_for(path).parse(Source(path, text.encode()))
    allowed, wrong = pardons(parsed.source, parsed.comments(), resolve)
    settled, unused = apply(findings, allowed, rules, frozenset({"DT101", "DT301", "DT303"}), resolve)
    return [it.suppressed for it in settled], [f"{it.line}: {it.text}" for it in (*wrong, *unused)]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a = 1  # doubletake: ignore[DT301] one worker only\n", 1, "one worker only"),
        ("# doubletake: ignore[DT301] one worker only\na = 1\n", 2, "one worker only"),
        ("# doubletake: ignore[lost-update] by name\na = 1\n", 2, "by name"),
        ("# doubletake: ignore[DT303, DT301] two\na = 1\n", 2, "two"),
        ("# doubletake: ignore[DT301] above\n# and a word more\n\na = 1\n", 4, "above"),
        ("a = (\n  1)  # doubletake: ignore[DT301] on a later line of it\n", (1, 2), "on a later line of it"),
        ("#doubletake:ignore[DT301]tight\na = 1\n", 2, "tight"),
        ("a = 1  # noqa: X # doubletake: ignore[DT301] after another\n", 1, "after another"),
        ("a = 1  # doubletake: ignore[DT301] früher geprüft\n", 1, "früher geprüft"),
    ],
)
def test_accepted(text: str, line: int | tuple[int, int], reason: str) -> None:
    first, last = line if isinstance(line, tuple) else (line, line)
    reasons, notes = suppress("a.py", text, finding(line=first, end_line=last))
    assert reasons == [reason]
    assert not [it for it in notes if "DT303" not in it]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a = 1  # doubletake: ignore[DT301]\n", "1: ignore[DT301] gives no reason"),
        ("a = 1  # doubletake: ignore why not\n", "1: a suppression names no pattern"),
        ("a = 1  # doubletake: ignore[DT999] why\n", "1: ignore[DT999]: no pattern"),
        ("b = 2  # doubletake: ignore[DT301] wrong line\na = 1\n", "1: ignore[DT301] suppresses nothing"),
        ("b = 2\na = 1  # doubletake: ignore[DT303] other code\n", "2: ignore[DT303] suppresses nothing"),
    ],
)
def test_not_accepted(text: str, note: str) -> None:
    reasons, notes = suppress("a.py", text, finding(line=text.count("\n")))
    assert reasons == [""]
    assert notes[0].startswith(note)


def test_a_string_is_no_comment() -> None:
    assert suppress("a.py", "a = '# doubletake: ignore[DT301] no'\n", finding(line=1)) == ([""], [])


def test_one_comment_does_not_cover_the_rest_of_the_file() -> None:
    reasons, _ = suppress("a.py", "# doubletake: ignore[DT301] this\na = 1\na = 2\n", finding(line=2), finding(line=3))
    assert reasons == ["this", ""]


def test_codes_that_were_not_looked_for_are_not_unused() -> None:
    parsed = adapter_for("a.py").parse(Source("a.py", b"a = 1  # doubletake: ignore[DT301] x\n"))
    allowed, _ = pardons(parsed.source, parsed.comments(), resolve)
    assert apply((), allowed, (), frozenset({"DT101"}), resolve) == ((), ())


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        (Suppression(code="DT301", path="a.py", reason="r"), True),
        (Suppression(code="lost-update", path="/a.*", reason="r"), True),
        (Suppression(code="DT301", path="b/", reason="r"), False),
        (Suppression(code="DT303", path="*", reason="r"), False),
    ],
)
def test_configured(rule: Suppression, accepted: bool) -> None:
    settled, unused = apply([finding()], (), (rule,), frozenset({"DT301", "DT303"}), resolve)
    assert [it.suppressed for it in settled] == ["r" if accepted else ""]
    assert bool(unused) is not accepted


def test_the_fingerprint_is_the_same_with_a_suppression() -> None:
    """Accepting a finding must not make it a new one."""
    (it,) = settle(finding())
    settled, _ = apply([it], (), (Suppression(code="DT301", path="*", reason="r"),), frozenset(), resolve)
    assert msgspec.structs.replace(settled[0], suppressed="") == it
