"""Verdicts on the editor's text: exercises break as written, hold with a remedy, and reject cheats."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.learn.exercise import Task, exercise
from looktwice.learn.verdict import State, answer, outline
from looktwice.patterns.catalogue import Catalogue, catalogue
from looktwice.patterns.page import INSTEAD

PATTERNS = catalogue()
EXERCISES = [
    (pattern.name, language)
    for pattern in PATTERNS.patterns
    for language in ("python", "typescript")
    if exercise(PATTERNS, pattern, language)
]


def task(name: str, language: str, patterns: Catalogue = PATTERNS) -> Task:
    pattern = patterns.find(name)
    assert pattern is not None
    found = exercise(patterns, pattern, language)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "language"), EXERCISES)
def test_an_exercise_as_written_breaks_at_the_marked_lines(name: str, language: str) -> None:
    given = task(name, language)
    verdict = answer(given, given.bad.text)
    assert verdict.state is State.BREAKS
    marked = {mark.line for mark in given.bad.marks}
    assert marked <= {place.line for one in verdict.findings for place in one.places}


@pytest.mark.parametrize(("name", "language"), EXERCISES)
def test_every_remedy_of_the_page_holds(name: str, language: str) -> None:
    given = task(name, language)
    pattern = PATTERNS.find(name)
    assert pattern is not None
    assert given.good is not None
    assert answer(given, given.good.text).state is State.SOLVED
    for fence in pattern.page.section(INSTEAD).fences:
        around = (fence.language, fence.case, fence.context, fence.libraries, fence.file)
        is_comparable = around == (language, given.bad.case, given.bad.context, given.bad.libraries, "")
        if is_comparable and outline(given, given.bad.text).functions <= outline(given, fence.text).functions:
            assert answer(given, fence.text).state is State.SOLVED, fence.line


@pytest.mark.parametrize(("name", "language"), EXERCISES)
def test_removing_the_code_is_not_a_fix(name: str, language: str) -> None:
    given = task(name, language)
    assert answer(given, "").state is State.GONE
    assert answer(given, "# nothing\n" if language == "python" else "// nothing\n").state is State.GONE


CHEATS = [
    "def top_up(session, wallet_id, cents):\n    pass\n",
    "def top_up(session, wallet_id, cents):\n    session.commit()\n",
    "def top_up(session: Session, wallet_id: int, cents: int):\n    return session.get_one(Wallet, wallet_id)\n",
    "def credit(session: Session, wallet_id: int, cents: int):\n"
    "    session.execute(update(Wallet).where(Wallet.id == wallet_id).values(cents=Wallet.cents + cents))\n",
]


@pytest.mark.parametrize("text", CHEATS)
def test_a_function_that_no_longer_does_its_work_is_gone(text: str) -> None:
    verdict = answer(task("lost-update", "python"), text)
    assert verdict.state is State.GONE
    assert verdict.why


def test_a_suppression_is_not_a_fix() -> None:
    given = task("lost-update", "python")
    lines = given.bad.text.split("\n")
    at = next(mark.line for mark in given.bad.marks if mark.finds) - 1
    lines[at] += "  # looktwice: ignore[LT301] it is an exercise"
    assert answer(given, "\n".join(lines)).state is State.BREAKS


WRONG_TURNS = [
    (pattern.name, program.turn, program.language)
    for pattern in PATTERNS.patterns
    for program in PATTERNS.programs(pattern)
    if program.turn and len(program.files) == 1
]


@pytest.mark.parametrize(("name", "turn", "language"), WRONG_TURNS)
def test_a_wrong_turn_still_breaks(name: str, turn: str, language: str) -> None:
    pattern = PATTERNS.find(name)
    assert pattern is not None
    given = task(name, language)
    for fence in pattern.page.fences:
        if (fence.turn, fence.language, fence.context) == (turn, language, given.bad.context):
            verdict = answer(given, fence.text)
            assert verdict.state in (State.BREAKS, State.GONE), fence.line


def test_a_wrong_turn_is_recognised_whatever_its_variable_names() -> None:
    given = task("lost-update", "typescript")
    turn = next(fence for known in given.turns for fence in known.fences if fence.language == "typescript")
    title = next(known.title.rstrip(".") for known in given.turns if turn in known.fences)
    own = turn.text.replace("amount", "more").replace("wallet =", "held =").replace("wallet.cents", "held.cents")
    assert answer(given, own).turn == title
    assert answer(given, given.bad.text).turn == ""
    assert answer(given, given.bad.text.replace("amount", "plus")).turn == ""


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_board_plays_the_chosen_remedy(language: str) -> None:
    given = task("lost-update", language)
    pattern = PATTERNS.find("lost-update")
    assert pattern is not None
    chosen = []
    for fence in pattern.page.section(INSTEAD).fences:
        if (fence.language, fence.case, fence.context) == (language, given.bad.case, given.bad.context):
            chosen.append(answer(given, fence.text).remedy)
    assert chosen == {"python": ["statement", "lock", "lock"], "typescript": ["statement", "condition"]}[language]


def test_messages_use_the_editors_line_numbers() -> None:
    given = task("lost-update", "python")
    message = answer(given, given.bad.text).findings[0].message
    assert given.above > 5
    assert "line 2" in message


@pytest.mark.parametrize(
    "text", ["def (", "def top_up(session):\n\tx = = 1\n", "\x00", "}}}{{{", "def top_up(:\n" * 50]
)
def test_a_syntax_error_is_reported(text: str) -> None:
    assert answer(task("lost-update", "python"), text).state in (State.UNREAD, State.GONE)


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_any_text_gets_a_verdict_and_none_is_solved_by_chance(text: str) -> None:
    for name, language in (("lost-update", "python"), ("lost-update", "typescript")):
        assert answer(task(name, language), text).state is not State.SOLVED


def test_verdicts_are_fast_enough_for_typing() -> None:
    given = task("lost-update", "typescript")
    answer(given, given.bad.text)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        answer(given, given.bad.text)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.1, times
