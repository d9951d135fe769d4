"""The oracle on real runs: every bad handler is found, no good one is accused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sql_handlers import INFORMATION, RIGHT, STATUS_WRONG, WRONG
from sql_stage import Program, Stage

from looktwice.core.trace import Verdict
from looktwice.prove.oracle import Judgement, judge, summarize
from looktwice.prove.servers.postgres import server as postgres


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.start() as running:
        yield running


def all_schedules(server: postgres.Server, program: Program) -> list[Judgement]:
    stage = Stage(server, program)
    try:
        reading = stage.reading()
        return [judge(stage.interleave(order, stop), reading) for order, stop in stage.schedules()]
    finally:
        stage.close()


def named(cases: list[tuple[Program, str]]) -> list[object]:
    return [pytest.param(program, expected, id=program.name) for program, expected in cases]


@pytest.mark.parametrize(("program", "name"), named(WRONG))
def test_wrong_handlers_are_found_and_named(server: postgres.Server, program: Program, name: str) -> None:
    judgements = all_schedules(server, program)
    wrong = [judgement for judgement in judgements if judgement.verdict is Verdict.DATA_WRONG]
    assert wrong, [judgement.explain() for judgement in judgements]
    assert {judgement.name for judgement in wrong} == {name}, [judgement.explain() for judgement in wrong]
    assert all(judgement.differences for judgement in wrong)


@pytest.mark.parametrize(("program", "state"), named(STATUS_WRONG))
def test_right_data_with_a_wrong_status(server: postgres.Server, program: Program, state: str) -> None:
    judgements = all_schedules(server, program)
    assert summarize(judgements, len(judgements)).verdict is Verdict.STATUS_WRONG
    assert {judgement.sqlstate for judgement in judgements if judgement.is_defect} == {state}


@pytest.mark.parametrize(("program", "mechanism"), named(RIGHT))
def test_right_handlers_are_not_accused(server: postgres.Server, program: Program, mechanism: str) -> None:
    judgements = all_schedules(server, program)
    explained = [judgement.explain() for judgement in judgements]
    assert judgements
    assert not any(judgement.is_defect for judgement in judgements), explained
    assert all(judgement.verdict in (Verdict.PROTECTED, Verdict.COMMUTES) for judgement in judgements), explained
    fired = {judgement.mechanism.kind for judgement in judgements if judgement.mechanism}
    assert (mechanism in fired) if mechanism else not fired, explained


@pytest.mark.parametrize(("program", "verdict"), named(INFORMATION))
def test_what_is_reported_and_never_proven(server: postgres.Server, program: Program, verdict: str) -> None:
    judgements = all_schedules(server, program)
    explained = [judgement.explain() for judgement in judgements]
    assert any(judgement.verdict.value == verdict and judgement.is_information for judgement in judgements), explained
    assert not any(judgement.is_defect for judgement in judgements), explained


@pytest.mark.thorough
@pytest.mark.parametrize(("program", "name"), named(WRONG))
def test_a_hundred_of_a_hundred(server: postgres.Server, program: Program, name: str) -> None:
    """The schedule that shows the defect shows it every time, under the same name."""
    stage = Stage(server, program)
    try:
        reading = stage.reading()
        shows = next(
            schedule
            for schedule in stage.schedules()
            if judge(stage.interleave(*schedule), reading).verdict is Verdict.DATA_WRONG
        )
        judgements = [judge(stage.interleave(*shows), reading) for _ in range(100)]
    finally:
        stage.close()
    assert [(judgement.verdict, judgement.name) for judgement in judgements] == [(Verdict.DATA_WRONG, name)] * 100


@pytest.mark.thorough
@pytest.mark.parametrize("program", [pytest.param(program, id=program.name) for program, _ in RIGHT])
def test_none_of_a_hundred(server: postgres.Server, program: Program) -> None:
    stage = Stage(server, program)
    try:
        reading, schedules = stage.reading(), stage.schedules()
        judgements = [judge(stage.interleave(*schedules[turn % len(schedules)]), reading) for turn in range(100)]
    finally:
        stage.close()
    assert not [judgement.explain() for judgement in judgements if judgement.is_defect]
