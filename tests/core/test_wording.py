"""Wording: names, messages, comments and documentation use the field's terms and none of the words listed here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEARCHED = (
    "src",
    "tests",
    "web/src",
    "web/README.md",
    "web/vite.config.ts",
    "docs",
    "bench",
    "examples",
    "Makefile",
    "README.md",
    "ARCHITECTURE.md",
)
SUFFIXES = frozenset({".py", ".toml", ".ts", ".svelte", ".css", ".html", ".md", ".sql", ".prisma"})
SKIPPED = re.compile(
    r"node_modules|__pycache__|/generated/|/\.looktwice/|^src/looktwice/learn/assets/"
    r"|^src/looktwice/patterns/.*\.md$"  # the pages' prose
    r"|^examples/[^/]+/tests/looktwice/"  # regression tests that a demo wrote
    r"|^tests/core/test_wording\.py$"
)
DENIED = {
    r"mend(s|ed|ing|er)?": "fix",
    r"(re|fore)?told": "reported, recorded, distinguished, determined",
    r"said": "reported, message, text",
    r"twins?": "fixed version, look-alike",
    r"lets? (it |them )?go": "allowed, released",
    r"at hand": "available",
    r"as (it is|they are|it stands)": "unchanged",
    r"parted": "separated",
    r"anyhow": "regardless, in any case",
    r"(a|the|its) word on": "verdict",
    r"pardon(s|ed|ing)?": "suppression",
    r"settled?": "computed, decided",
    r"mishaps?": "failure",
    r"anew": "again",
    r"spliced?|splices|splicing": "inlined, inserted",
    r"written in place": "inline",
    r"put together": "assembled, joined",
    r"work(s|ed) out": "computed",
    r"over there": "in the other system",
    r"out of sight": "unread, not visible",
    r"what nobody": "without users, unused",
    r"nobody (asks|reads|uses|calls|waits|awaits)": "unused, not awaited",
    r"who is asking": "the caller",
    r"one (file|module|table|column|line|test) an? \w+": "one … per …",
}
"""Pattern → what to write instead. Words in identifiers count, too."""

ALLOWED = frozenset(
    {
        ("src/looktwice/code/coverage/verbs.py", "splice"),  # Array.prototype.splice
        ("src/looktwice/code/libraries/javascript/calls.toml", "settled"),  # Promise.allSettled
        ("src/looktwice/code/schema/kinds.py", "settled"),  # the state of a payment
        ("web/src/shared/link.ts", "splice"),  # Array.prototype.splice
    }
)

PATTERN = re.compile("|".join(f"(?<![a-z])(?:{words})(?![a-z])" for words in DENIED), re.IGNORECASE)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def denied(text: str) -> list[str]:
    """The denied words of a text, with identifiers taken apart."""
    return [match[0].lower() for match in PATTERN.finditer(CAMEL.sub(" ", text).replace("_", " "))]


def files() -> Iterator[tuple[str, str]]:
    """Relative path and text of every file that is searched."""
    for name in SEARCHED:
        top = ROOT / name
        for path in [top] if top.is_file() else sorted(it for it in top.rglob("*") if it.suffix in SUFFIXES):
            relative = path.relative_to(ROOT).as_posix()
            if path.is_file() and not SKIPPED.search(relative):
                yield relative, path.read_text("utf-8")


def test_no_file_uses_a_denied_word() -> None:
    found = [
        f"{path}:{number}: '{word}' in: {line.strip()[:100]}"
        for path, text in files()
        for number, line in enumerate([path, *text.splitlines()])
        for word in denied(line)
        if (path, word) not in ALLOWED
    ]
    assert not found, "\n".join([*found, "What to write instead is in DENIED."])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# mend it", ["mend"]),
        ("def test_what_was_told() -> None:", ["told"]),
        ("class PardonList(Struct):", ["pardon"]),
        ("editing.retold = isSaid(text)", ["retold", "said"]),
        ("values parted by commas", ["parted"]),
        ("one module a command", ["one module a command"]),
        ("recommended, amend, departed, Golden, settles", []),
    ],
)
def test_words_are_found_in_identifiers_but_not_inside_other_words(text: str, expected: list[str]) -> None:
    assert denied(text) == expected


def test_every_exception_is_needed() -> None:
    texts = dict(files())
    assert [(path, word) for path, word in ALLOWED if word not in denied(texts.get(path, ""))] == []
