"""Which patterns an audit lists as not checked: those that need what a package that was not understood would give."""

from __future__ import annotations

import pytest

from looktwice.audit.coverage import not_checked
from looktwice.cli.reading import guides
from looktwice.core.coverage import Count, Coverage, Package, Understanding
from looktwice.patterns.catalogue import catalogue
from looktwice.render.coverage import headline

NAMES = {it.code: it.name for it in catalogue().patterns}
HANDLERS = {"missing-authorization", "missing-idempotency"}
STORE = {
    "missing-authorization",
    "swallowed-exception",
    "lost-update",
    "check-then-create",
    "check-then-act",
    "n-plus-one",
    "dual-write",
}
STATEMENTS = {"sql-injection"}
SERVICES = {"swallowed-exception", "dual-write", "missing-timeout", "missing-idempotency"}


def package(name: str, role: str, language: str = "python", **seen: int | tuple[int, int]) -> Package:
    """seen: by kind, how many were seen, and how many of them were understood (none, when it is one number)."""
    counts = {kind: Count(it) if isinstance(it, int) else Count(*it) for kind, it in seen.items() if kind != "aside"}
    files = {"files": 0, "aside": 1} if seen.get("aside") else {"files": 1}
    return Package(name=name, language=language, role=role, verdict=Understanding.NOT, **counts, **files)


TABLE = [
    ("routes alone", package("flask", "framework", handlers=2), HANDLERS),
    ("a framework with its store", package("django", "framework", handlers=4, entities=3, calls=5), None),
    ("its SQL was understood", package("django", "framework", handlers=4, entities=3, calls=(7, 2)), HANDLERS | STORE),
    ("its routes were understood", package("django", "framework", handlers=(4, 4), calls=(9, 1)), STORE),
    ("a store", package("peewee", "store", entities=1, calls=4), STORE | STATEMENTS),
    ("entities alone", package("mongoose", "store", "typescript", entities=4), STORE),
    ("a store of no name", package("quarry", "store", entities=1, calls=5), STORE | STATEMENTS),
    ("both, of no name", package("acme", "framework, store", handlers=3, calls=5), HANDLERS | STORE | STATEMENTS),
    ("a queue's jobs", package("celery", "queue", handlers=2), HANDLERS),
    ("a queue's calls", package("celery", "queue", calls=2), SERVICES),
    ("a payment", package("stripe", "payment", calls=1), SERVICES),
    ("mail", package("sendgrid", "mail", calls=1), SERVICES),
    ("imported: a framework", package("flask", "framework"), HANDLERS),
    ("imported: one with a store", package("django", "framework"), HANDLERS | STORE | STATEMENTS),
    ("imported: a driver", package("asyncpg", "store"), STORE | STATEMENTS),
    ("imported: a queue", package("celery", "queue"), HANDLERS | SERVICES),
    ("in tests only", package("flask", "framework", handlers=2, aside=1), set()),
]


@pytest.mark.parametrize(("given", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_by_what_is_missing(given: Package, expected: set[str] | None) -> None:
    found = {NAMES[code] for code in not_checked(Coverage(packages=(given,)))}
    assert found == (HANDLERS | STORE | STATEMENTS if expected is None else expected)


def test_what_is_understood_is_checked() -> None:
    assert not list(not_checked(Coverage()))


def test_every_pattern_needs_something() -> None:
    """Else it would be checked everywhere, whatever is not understood."""
    assert [it.name for it in catalogue().patterns if not it.page.header.needs] == []


def test_all_of_them_are_not_listed() -> None:
    given = (package("django", "framework", handlers=1, entities=1, calls=1), package("stripe", "payment", calls=1))
    coverage = Coverage(packages=given)
    coverage = Coverage(packages=given, not_checked=tuple(not_checked(coverage)))
    assert set(coverage.not_checked) == set(NAMES)
    assert "No pattern can be checked there" in headline(coverage, guides())
    some = headline(Coverage(packages=given[1:], not_checked=("LT601",)), guides())
    assert "Not checked there: missing-timeout" in some
