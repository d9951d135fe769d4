"""From what detectors say to what is reported: selection, arbitration, suppressions."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from looktwice.audit.dedupe import dedupe
from looktwice.audit.selection import select
from looktwice.audit.suppress import apply, suppressions
from looktwice.code.syntax.languages import adapter_for
from looktwice.core.config import Suppression
from looktwice.core.errors import ConfigurationError
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.source import Source

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def finding(code: str = "LT301", line: int = 5, **more) -> Finding:
    given = {
        "code": code, "pattern": code.lower(), "message_id": "m", "message": "text", "severity": Severity.HIGH,
        "confidence": HIGH, "path": "a.py", "start_line": line, "start_column": 1, "end_line": line, "end_column": 9,
    }  # fmt: skip
    return Finding(**(given | more))


def deduplicated(*findings: Finding, wins_over: dict[str, tuple[str, ...]] | None = None) -> list[Finding]:
    return list(dedupe(findings, wins_over or {}, lambda it: f"statement {it.start_line % 10}"))


# ── one place, one finding ───────────────────────────────────────────────────────────────────────────────────────────
WINS = {"LT301": ("LT307", "LT303"), "LT303": ("LT302",)}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ([("LT301", 5, HIGH), ("LT307", 5, HIGH)], ["LT301"]),
        ([("LT301", 5, HIGH), ("LT307", 6, HIGH)], ["LT301", "LT307"]),
        ([("LT301", 5, MEDIUM), ("LT307", 5, HIGH)], ["LT301", "LT307"]),  # the surer one is not silenced
        ([("LT301", 5, HIGH), ("LT303", 5, HIGH), ("LT302", 5, HIGH)], ["LT301"]),
        ([("LT307", 5, HIGH), ("LT302", 5, HIGH)], ["LT302", "LT307"]),
        ([("LT301", 5, LOW), ("LT301", 5, HIGH)], ["LT301"]),
    ],
)
def test_places(given: list[tuple[str, int, Confidence]], left: list[str]) -> None:
    found = deduplicated(*(finding(code, line, confidence=level) for code, line, level in given), wins_over=WINS)
    assert [it.code for it in found] == left


def test_the_surest_of_equals_stays() -> None:
    (it,) = deduplicated(finding(confidence=MEDIUM), finding(confidence=HIGH), finding(confidence=LOW))
    assert it.confidence is HIGH


def test_a_winner_over_several_lines() -> None:
    found = deduplicated(finding("LT307", 6), finding("LT301", 5, end_line=8), wins_over=WINS)
    assert [it.code for it in found] == ["LT301"]


def test_preview_says_at_most_medium() -> None:
    high, low = deduplicated(finding(status="preview"), finding(line=7, status="preview", confidence=LOW))
    assert (high.confidence, low.confidence) == (MEDIUM, LOW)
    assert "preview" in high.because[-1]


def test_order_is_that_of_places() -> None:
    found = deduplicated(finding(line=9), finding(line=2), finding(path="0.py", line=30))
    assert [(it.path, it.start_line) for it in found] == [("0.py", 30), ("a.py", 2), ("a.py", 9)]


def test_fingerprints_survive_moves_and_tell_equals_apart() -> None:
    first, second, other = deduplicated(finding(line=5), finding(line=15), finding(line=26))
    assert len({first.fingerprint, second.fingerprint, other.fingerprint}) == 3
    moved = deduplicated(finding(line=105, path="b.py"), finding(line=115, path="b.py"), finding(line=126, path="b.py"))
    assert [it.fingerprint for it in moved] == [first.fingerprint, second.fingerprint, other.fingerprint]


# ── selection ────────────────────────────────────────────────────────────────────────────────────────────────────────
class Known(Struct, frozen=True):
    code: str
    name: str
    section: str


KNOWN = [
    Known("LT101", "sql-injection", "security"),
    Known("LT301", "lost-update", "races"),
    Known("LT303", "check-then-act", "races"),
]


@pytest.mark.parametrize(
    ("wanted", "unwanted", "codes"),
    [
        ((), (), {"LT101", "LT301", "LT303"}),
        (("races",), (), {"LT301", "LT303"}),
        (("lt301", "sql-injection"), (), {"LT101", "LT301"}),
        (("LT3",), ("lost-update",), {"LT303"}),
        ((), ("races",), {"LT101"}),
    ],
)
def test_selection(wanted: tuple[str, ...], unwanted: tuple[str, ...], codes: set[str]) -> None:
    assert select(KNOWN, wanted, unwanted) == codes


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("race", "`races`"),
        ("LT310", "`LT30"),
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
    allowed, wrong = suppressions(parsed.source, parsed.comments(), resolve)
    decided, unused = apply(findings, allowed, rules, frozenset({"LT101", "LT301", "LT303"}), resolve)
    return [it.suppressed for it in decided], [f"{it.line}: {it.text}" for it in (*wrong, *unused)]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a = 1  # looktwice: ignore[LT301] one worker only\n", 1, "one worker only"),
        ("# looktwice: ignore[LT301] one worker only\na = 1\n", 2, "one worker only"),
        ("# looktwice: ignore[lost-update] by name\na = 1\n", 2, "by name"),
        ("# looktwice: ignore[LT303, LT301] two\na = 1\n", 2, "two"),
        ("# looktwice: ignore[LT301] above\n# and a word more\n\na = 1\n", 4, "above"),
        ("a = (\n  1)  # looktwice: ignore[LT301] on a later line of it\n", (1, 2), "on a later line of it"),
        ("#looktwice:ignore[LT301]tight\na = 1\n", 2, "tight"),
        ("a = 1  # noqa: X # looktwice: ignore[LT301] after another\n", 1, "after another"),
        ("a = 1  # looktwice: ignore[LT301] früher geprüft\n", 1, "früher geprüft"),
    ],
)
def test_accepted(text: str, line: int | tuple[int, int], reason: str) -> None:
    first, last = line if isinstance(line, tuple) else (line, line)
    reasons, notes = suppress("a.py", text, finding(line=first, end_line=last))
    assert reasons == [reason]
    assert not [it for it in notes if "LT303" not in it]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a = 1  # looktwice: ignore[LT301]\n", "1: ignore[LT301] gives no reason"),
        ("a = 1  # looktwice: ignore why not\n", "1: a suppression names no pattern"),
        ("a = 1  # looktwice: ignore[LT999] why\n", "1: ignore[LT999]: no pattern"),
        ("b = 2  # looktwice: ignore[LT301] wrong line\na = 1\n", "1: ignore[LT301] no longer suppresses anything"),
        ("b = 2\na = 1  # looktwice: ignore[LT303] other code\n", "2: ignore[LT303] no longer suppresses anything"),
    ],
)
def test_not_accepted(text: str, note: str) -> None:
    reasons, notes = suppress("a.py", text, finding(line=text.count("\n")))
    assert reasons == [""]
    assert notes[0].startswith(note)


def test_a_string_is_no_comment() -> None:
    assert suppress("a.py", "a = '# looktwice: ignore[LT301] no'\n", finding(line=1)) == ([""], [])


def test_one_comment_does_not_cover_the_rest_of_the_file() -> None:
    reasons, _ = suppress("a.py", "# looktwice: ignore[LT301] this\na = 1\na = 2\n", finding(line=2), finding(line=3))
    assert reasons == ["this", ""]


def test_codes_that_were_not_looked_for_are_not_unused() -> None:
    parsed = adapter_for("a.py").parse(Source("a.py", b"a = 1  # looktwice: ignore[LT301] x\n"))
    allowed, _ = suppressions(parsed.source, parsed.comments(), resolve)
    assert apply((), allowed, (), frozenset({"LT101"}), resolve) == ((), ())


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        (Suppression(code="LT301", path="a.py", reason="r"), True),
        (Suppression(code="lost-update", path="/a.*", reason="r"), True),
        (Suppression(code="LT301", path="b/", reason="r"), False),
        (Suppression(code="LT303", path="*", reason="r"), False),
    ],
)
def test_configured(rule: Suppression, accepted: bool) -> None:
    decided, unused = apply([finding()], (), (rule,), frozenset({"LT301", "LT303"}), resolve)
    assert [it.suppressed for it in decided] == ["r" if accepted else ""]
    assert bool(unused) is not accepted


def test_the_fingerprint_is_the_same_with_a_suppression() -> None:
    """Accepting a finding must not make it a new one."""
    (it,) = deduplicated(finding())
    decided, _ = apply([it], (), (Suppression(code="LT301", path="*", reason="r"),), frozenset(), resolve)
    assert msgspec.structs.replace(decided[0], suppressed="") == it
