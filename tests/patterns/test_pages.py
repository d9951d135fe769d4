"""Every page tests its pattern: marked lines are found with their roles, and good programs have no findings."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from looktwice.audit import audit_sources
from looktwice.core.finding import Confidence, Finding
from looktwice.patterns.catalogue import Catalogue, catalogue
from looktwice.patterns.fences import Kind
from looktwice.patterns.page import HEADINGS
from looktwice.patterns.programs import Program

CATALOGUE: Catalogue = catalogue()
PROGRAMS = [program for pattern in CATALOGUE.patterns for program in CATALOGUE.programs(pattern)]
SHOWN = (Confidence.PROVEN, Confidence.HIGH, Confidence.MEDIUM)


def name(program: Program) -> str:
    turn = f"-{program.turn}" if program.turn else ""
    return f"{program.code}-{program.language}-{program.kind}-{program.case}{turn}-line{program.line}"


def of_kind(kind: Kind) -> list[Program]:
    return [program for program in PROGRAMS if program.kind is kind]


def shown(program: Program) -> list[Finding]:
    findings = audit_sources({file.path: file.text for file in program.files}, system=program.system)
    return [finding for finding in findings if finding.confidence in SHOWN]


def listed(program: Program, findings: list[Finding]) -> str:
    """The program with numbered lines, and its findings: shown when a page fails."""
    text = [
        f"{file.path}:{number}: {line}"
        for file in program.files
        for number, line in enumerate(file.text.splitlines(), 1)
    ]
    reported = [
        f"{it.code} {it.message_id} {it.confidence} {it.path}:{it.start_line} {it.message} "
        f"{[(span.role.value, span.path, span.start_line) for span in it.spans]} because {it.because}"
        for it in findings
    ]
    return "\n".join([*text, "", *(reported or ["nothing was found"])])


def marked(program: Program) -> Iterator[tuple[str, int]]:
    for file in program.files:
        for mark in file.marks:
            if program.code in mark.finds:
                yield file.path, mark.line


@pytest.mark.parametrize("program", of_kind(Kind.BAD), ids=name)
def test_a_bad_program_is_found_at_its_marks(program: Program) -> None:
    findings = shown(program)
    own = [finding for finding in findings if finding.code == program.code]
    assert {(it.path, it.start_line) for it in own} == set(marked(program)), listed(program, findings)
    roles = {(file.path, mark.line, role) for file in program.files for mark in file.marks for role in mark.roles}
    reported = {(span.path, span.start_line, span.role) for it in own for span in it.spans}
    primary = {(it.path, it.start_line) for it in own}
    assert roles <= reported, listed(program, own)
    assert {place for place in reported if place[:2] not in primary} <= roles, listed(program, own)


@pytest.mark.parametrize("program", of_kind(Kind.GOOD), ids=name)
def test_a_good_program_has_no_findings(program: Program) -> None:
    findings = shown(program)
    assert not findings, listed(program, findings)


@pytest.mark.parametrize("pattern", CATALOGUE.patterns, ids=lambda pattern: pattern.name)
def test_a_page_is_complete(pattern) -> None:
    page = pattern.page
    assert pattern.module, f"{pattern.name} has no detector beside its page"
    assert page.path.endswith(f"{pattern.section}/{pattern.name.replace('-', '_')}.md"), (
        "the file is named like the pattern"
    )
    assert tuple(section.heading for section in page.sections) == HEADINGS
    assert len(page.turns) >= 2, "at least two wrong turns"


@pytest.mark.parametrize("pattern", CATALOGUE.patterns, ids=lambda pattern: pattern.name)
def test_every_message_is_used_by_some_program(pattern) -> None:
    used = {
        it.message_id
        for program in CATALOGUE.programs(pattern)
        if program.kind is Kind.BAD
        for it in shown(program)
        if it.code == pattern.code
    }
    assert set(pattern.page.header.messages) == used


def test_codes_and_names_are_unique() -> None:
    codes = [pattern.code for pattern in CATALOGUE.patterns]
    names = [pattern.name for pattern in CATALOGUE.patterns]
    assert len(set(codes)) == len(codes) and len(set(names)) == len(names)
    assert CATALOGUE.find("lost-update") is CATALOGUE.find("lt301")
    assert CATALOGUE.find("no-such-pattern") is None


@pytest.mark.parametrize("program", [it for it in PROGRAMS if it.language == "python"], ids=name)
def test_python_examples_are_python(program: Program) -> None:
    for file in program.files:
        if file.path.endswith(".py"):
            ast.parse(file.text, file.path)
