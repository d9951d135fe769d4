"""The picture of a run: which value was lost, and how it is drawn."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest
from rich.cells import cell_len
from wallet_runs import balance, step

from looktwice.core.trace import Lane, Outcome, StepKind, Trace, Verdict
from looktwice.render import svg
from looktwice.render.html.lanes import lanes
from looktwice.render.lanes import ending, picture
from looktwice.render.terminal.lanes import draw

READ, WRITE = StepKind.READ, StepKind.WRITE


def moves(text: str) -> list:
    """ "A 100, B 100, A 100>150": who read what, who changed what into what; "B ?A" waits for A."""
    steps = []
    for move in text.split(", "):
        lane, what = move.split()
        before, _, after = what.replace("+", "").partition(">")
        sent = {"parameters": (after,)} if after and "+" not in what else {}
        waits = {"waits_for": what[1:]} if what.startswith("?") else {}
        kind = WRITE if after else READ
        steps.append(step(lane, kind, None if waits else before, after or None, **waits, **sent))
    return steps


@pytest.mark.parametrize(
    ("run", "lost", "stale"),
    [
        ("A 100, B 100, A 100>150, B 150>130", ["150"], [3]),
        ("A 100, B 100, B 100>130, A 130>150", ["130"], [3]),
        ("A 100, A 100>150, B 150, B 150>180", [], []),
        ("A 100>150, B 150>180", [], []),  # neither had read
        ("A 100, B 100, A 100+>150, B 150+>180", [], []),  # the database did the arithmetic
        ("A 1, A 1>2, A 2>3", [], []),  # its own value
        ("A 1, B ?A, A 1>2, B 2, B 2>3", [], []),
    ],
)
def test_what_was_lost(run: str, lost: list[str], stale: list[int]) -> None:
    it = picture(Trace(title="", lanes=(), steps=tuple(moves(run))))
    assert [cell.after for moment in it.moments for cell in moment.cells if cell.is_lost] == lost
    assert [number for number, moment in enumerate(it.moments) if moment.is_stale] == stale


def test_a_write_that_changed_nothing(trace: Trace) -> None:
    refused = msgspec.structs.replace(trace, steps=(step("A", WRITE, "100", rows=0),))
    assert picture(refused).moments[0].cells == ()
    gone = msgspec.structs.replace(trace, steps=(step("A", WRITE, "100", rows=1),))
    assert picture(gone).moments[0].cells[0].after is None


def test_the_picture_in_the_terminal(trace: Trace) -> None:
    assert draw(trace, 88) == (
        "DATA WRONG  lost update   Two deposits\n"
        "PostgreSQL 18.6 · read committed\n"
        "\n"
        "A  POST /deposits              │                        │ B  POST /deposits\n"
        '   {"amount": 50}              │                        │    {"amount": 30}\n'
        "───────────────────────────────┬────────────────────────┬───────────────────────────────\n"
        "                               │ wallets 1 balance 100  │\n"
        "● reads the balance            │ balance 100            │\n"
        "  SQL read                     │                        │\n"
        "                               │ balance 100            │ ● reads the balance\n"
        "                               │                        │   SQL read\n"
        "● writes the balance           │ balance 100 → 150 lost │\n"
        "  SQL write  ← 150             │                        │\n"
        "                               │ balance 150 → 130      │ ● writes the balance  from a\n"
        "                               │                        │   value that has changed since\n"
        "                               │                        │   SQL write  ← 130\n"
        "A ← 200                        │                        │ B ← 200\n"
        "───────────────────────────────┴────────────────────────┴───────────────────────────────\n"
        "It ends with    wallets 1 balance 130\n"
        "A then B        wallets 1 balance 180\n"
        "B then A        wallets 1 balance 180\n"
        "What A added is gone.\n"
    )


@pytest.mark.parametrize("width", [40, 60, 100, 160])
def test_it_keeps_to_its_width(trace: Trace, width: int) -> None:
    long = msgspec.structs.replace(trace, final=balance("1" * 30), title="漢字" * 10)
    widest = max(map(cell_len, draw(long, width).splitlines()))
    assert widest <= max(width, 56) + 36  # results and titles are left whole; the lanes are not wider


def test_the_lost_value_is_struck_through(trace: Trace) -> None:
    assert "\x1b[9;31m150\x1b[0m" in draw(trace, 100, colour=True)
    assert '<s class="lost">150</s>' in lanes(trace)


@pytest.mark.parametrize("names", ["", "A", "ABC"])
def test_any_number_of_lanes(trace: Trace, names: str) -> None:
    some = tuple(Lane(name=name, method="GET", path="/") for name in names)
    steps = tuple(step(name, READ, "1") for name in names)
    it = msgspec.structs.replace(trace, lanes=some, steps=steps)
    text = draw(it, 100)
    assert all(f"{name} ← no answer" in text for name in names)
    assert lanes(it).count("<tr") == lanes(it).count("</tr>")


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        (200, Outcome.OK, "200"),
        (409, Outcome.REFUSED, "409 refused"),
        (None, Outcome.UNKNOWN, "no answer"),
        (500, Outcome.UNKNOWN, "500"),
    ],
)
def test_endings(status: int | None, outcome: Outcome, words: str) -> None:
    assert ending(Lane(name="A", method="GET", path="/", status=status, outcome=outcome)) == words


@pytest.mark.parametrize(
    ("verdict", "tone"), [(Verdict.PROTECTED, "fine"), (Verdict.DATA_WRONG, "wrong"), (Verdict.INCONCLUSIVE, "open")]
)
def test_the_tone_follows_the_verdict(trace: Trace, verdict: Verdict, tone: str) -> None:
    assert f'class="run {tone}"' in lanes(msgspec.structs.replace(trace, verdict=verdict))


def test_a_trace_cannot_write_into_the_page(trace: Trace) -> None:
    evil = "</td><script>alert(1)</script>\u202e"
    steps = tuple(msgspec.structs.replace(it, words=evil, statement=evil, error=evil) for it in trace.steps)
    lane = msgspec.structs.replace(trace.lanes[0], path=evil, body=evil, name=evil)
    html = lanes(
        msgspec.structs.replace(trace, steps=steps, lanes=(lane,), title=evil, explanation=evil, final=balance(evil))
    )
    assert "<script" not in html and "\u202e" not in html


def test_the_picture_for_a_page(trace: Trace) -> None:
    """It is an image that loads nothing; the only addresses in it name the format and who made it."""
    drawn = svg.draw(trace)
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "@font-face" not in drawn and "<script" not in drawn and "href" not in drawn
    words = "".join(root.itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert "DATA WRONG" in words and "What A added is gone." in words
