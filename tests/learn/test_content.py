"""The content sent to the browser: every page as a lesson, prose without scripts, code unchanged."""

from __future__ import annotations

import html.parser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.learn.content import SECTIONS, Playbook, playbook
from looktwice.learn.exercise import exercise
from looktwice.learn.markup import highlighted, phrase, prose
from looktwice.patterns.catalogue import Catalogue

SAFE = {"p", "a", "em", "strong", "code", "pre", "ul", "ol", "li", "br", "hr", "blockquote", "img"} | {
    f"h{level}" for level in range(1, 7)
}


@pytest.fixture(scope="module")
def made(patterns: Catalogue) -> Playbook:
    return playbook(patterns, live=True)


def test_every_pattern_is_a_lesson_of_a_known_section(made: Playbook, patterns: Catalogue) -> None:
    assert [lesson.name for lesson in made.lessons] == [pattern.name for pattern in patterns.patterns]
    assert {lesson.section for lesson in made.lessons} <= {section.name for section in SECTIONS}
    assert [section.number for section in SECTIONS] == [f"{number:02}" for number in range(1, 9)]


def test_every_lesson_has_an_exercise_and_a_fix_in_each_of_its_languages(made: Playbook) -> None:
    for lesson in made.lessons:
        assert lesson.languages, lesson.name
        assert len(lesson.hints) == 4
        assert lesson.look
        assert lesson.remedies
        assert lesson.production
        assert lesson.why
        for language in lesson.languages:
            found = lesson.exercises[language]
            assert found.bad.marks, (lesson.name, language)
            assert found.good is not None, (lesson.name, language)


def test_the_shown_code_equals_the_fence(made: Playbook) -> None:
    for lesson in made.lessons:
        for found in lesson.exercises.values():
            for block in (found.bad, found.good):
                assert block is not None
                shown = "\n".join("".join(text for _, text in line) for line in block.lines)
                assert shown == block.text.removesuffix("\n")


def test_an_exercise_replaces_the_fence_with_the_editors_text(patterns: Catalogue) -> None:
    for pattern in patterns.patterns:
        for language in ("python", "typescript"):
            task = exercise(patterns, pattern, language)
            if task is None:
                continue
            main = task.program.main
            assert task.sources(task.bad.text)[main.path] == main.text
            marked = next(mark.line for mark in task.bad.marks if mark.finds)
            line = task.sources(task.bad.text)[main.path].split("\n")[task.above + marked - 1]
            assert line == task.bad.text.split("\n")[marked - 1]


def test_the_playbook_survives_a_round_trip_through_json(made: Playbook) -> None:
    assert msgspec.json.decode(msgspec.json.encode(made), type=Playbook) == made


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]
        assert not any(name.startswith("on") or name == "style" for name, _ in attributes)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](data:text/html,x)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_contains_no_script(text: str) -> None:
    for rendered in (prose(text), phrase(text)):
        tags = Tags()
        tags.feed(rendered)
        assert tags.names <= SAFE
        assert not any(link.lower().startswith(("javascript:", "data:")) for link in tags.links), rendered


@given(st.text())
def test_any_prose_gives_only_safe_tags(text: str) -> None:
    tags = Tags()
    tags.feed(prose(text))
    assert tags.names <= SAFE


@given(st.text(), st.sampled_from(["python", "typescript", "no such language"]))
def test_highlighting_keeps_the_text_of_any_code(code: str, language: str) -> None:
    plain = code.replace("\r\n", "\n").replace("\r", "\n")
    shown = ["".join(text for _, text in line) for line in highlighted(plain, language)]
    assert "".join(shown) == "".join(plain.split("\n"))
