"""Ignore patterns as git reads them, matched in time that grows with the length of the pattern and of the path.

An expression that tries every place for every star takes the power of their number: `*a*a*a*a*b` never ends. What
stands between two stars has one length, so the first place where it fits is as good as any other, and is the only one.
"""

from __future__ import annotations

import re
from functools import cached_property

from looktwice.audit.glob import expression, is_literal, unescaped

TOGETHER = 200
"""Patterns in one expression, which tells quickly that none of them matches."""


class Rule:
    """One pattern. `text` is what is matched: the name alone when it has no slash (`by_name`), else the path.

    is_hopeless: no path can match it, as git sees it too (`!`, `[z-a]`, a last backslash).
    """

    def __init__(self, line: str) -> None:
        self.written = line
        self.shows = line.startswith("!")
        text = line[1:] if self.shows else line
        self.only_folders = text.endswith("/")
        text = text.removesuffix("/")
        self.by_name = "/" not in text
        self.text = text.removeprefix("/")
        parts = self.text.split("/")
        self.is_hopeless = any(part in ("", ".", "..") for part in parts) or expression(self.text) == ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(expression(self.text), re.DOTALL)


class Rules:
    """The patterns of one file, or of one setting; the last one that matches decides."""

    def __init__(self, text: str) -> None:
        self.rules = [Rule(bytewise(line)) for line in lines(text)]
        self._names: dict[str, list[int]] = {}
        self._endings: dict[str, list[int]] = {}
        self._paths: dict[str, list[int]] = {}
        self._others: dict[bool, list[int]] = {True: [], False: []}
        for number, rule in enumerate(self.rules):
            if not rule.is_hopeless:
                self._place(number, rule)

    def _place(self, number: int, rule: Rule) -> None:
        if is_literal(rule.text):
            (self._names if rule.by_name else self._paths).setdefault(unescaped(rule.text), []).append(number)
        elif rule.by_name and rule.text.startswith("*") and is_literal(rule.text[1:]):
            self._endings.setdefault(unescaped(rule.text[1:]), []).append(number)
        else:
            self._others[rule.by_name].append(number)

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        return tuple(sorted(set(map(len, self._endings))))

    @cached_property
    def _any_of(self) -> dict[bool, list[re.Pattern[str]]]:
        """Expressions that match where one of the patterns that are no plain words does."""
        found: dict[bool, list[re.Pattern[str]]] = {}
        for by_name, numbers in self._others.items():
            parts = [f"(?:{expression(self.rules[number].text)})" for number in numbers]
            groups = (parts[start : start + TOGETHER] for start in range(0, len(parts), TOGETHER))
            found[by_name] = [re.compile("|".join(group), re.DOTALL) for group in groups]
        return found

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether the path itself is ignored; None when no pattern matches it.

        path: relative to where the patterns stand, without a slash at its end.
        """
        path = bytewise(path)
        name = path.rpartition("/")[2]
        found = [*self._names.get(name, ()), *self._paths.get(path, ())]
        for length in self._lengths:
            if length <= len(name):
                found += self._endings.get(name[len(name) - length :], ())
        for by_name, text in ((True, name), (False, path)):
            if any(each.fullmatch(text) for each in self._any_of[by_name]):
                found += (each for each in self._others[by_name] if self.rules[each].pattern.fullmatch(text))
        last = max((each for each in found if is_folder or not self.rules[each].only_folders), default=-1)
        return None if last < 0 else not self.rules[last].shows

    def covers(self, path: str) -> bool:
        """Whether the file is ignored, by itself or with a folder that it lies in."""
        parts = path.split("/")
        folders = ("/".join(parts[:length]) for length in range(1, len(parts)))
        return any(self.verdict(folder, True) for folder in folders) or bool(self.verdict(path, False))

    @property
    def hopeless(self) -> str | None:
        """The first pattern that no path can match; None when all can match something."""
        return next((rule.written for rule in self.rules if rule.is_hopeless), None)


def bytewise(text: str) -> str:
    """One character for each byte: to git, `?` is a byte."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def lines(text: str) -> list[str]:
    """The patterns in a text: without comments, empty lines, and blanks at the end that are not escaped."""
    found = []
    for line in text.removeprefix("\ufeff").split("\n"):
        line = line.removesuffix("\r")
        if line and not line.startswith("#"):
            bare = line.rstrip(" ")
            escapes = len(bare) - len(bare.rstrip("\\"))
            line = bare + " " if escapes % 2 and bare != line else bare
        if line and not line.startswith("#"):
            found.append(line)
    return found
