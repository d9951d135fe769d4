"""Library models: what the calls of a library do, as data. One TOML file a library, no code.

A key of `[calls]` is a resolved name, `library.Type.method`; a `*` stands for one segment, `**` for one or more; spaces
separate several names. A reference to an argument is a position or keyword with a path into an object literal: "0",
"timeout", "0.where", "1.signal"; "|" separates alternatives. `receiver` is the object the method is called on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from looktwice.code.models.words import wrong_word
from looktwice.core.errors import ConfigurationError
from looktwice.core.parsing import NotParsedError, attempt

FOLDER = Path(__file__).parent


class Invoked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The callee calls the function given as `argument`, in a region of the kind, with these things as its arguments.

    args: "element", "receiver", "rest", "unknown", "request", "response" or "type:library.Type" each.
    """

    argument: str
    region: str = "CALLBACK"
    detail: str = ""
    args: tuple[str, ...] = ()


class CallModel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one call does and gives."""

    kind: str = ""  # effect kind, "" for a call without effect
    shape: str = ""  # how its arguments are read: "prisma", "sql", "execute", "key", "instance", "query", "redis"
    target: str = ""  # "service:stripe", "cache", "queue:email", "lock"
    key: str = ""
    puts: str = ""
    text: str = ""
    bound: str = ""
    rows: str = ""
    args: dict[str, str] = {}
    timeout: str = ""  # where a timeout is given
    fails: str = ""
    traits: tuple[str, ...] = ()
    returns: str = ""  # "row", "rows", "count", "response", "receiver", "argument", "element", "principal", "config" …
    type: str = ""  # of what is returned
    item: str = ""
    via: tuple[str, ...] = ()
    keeps: str = ""  # "" origins of receiver and arguments pass through; "none"; "receiver"
    statement: str = ""  # starts a statement of this verb, or a link: see lowering/statements_of_store.py
    around: str = ""  # the arguments run inside a region of this kind
    detail: str = ""
    invokes: tuple[Invoked, ...] = ()
    refines: str = ""  # rows of the effect that the receiver is the result of
    registers: str = ""  # "route", "mount", "guard": framework registration
    method: str = ""  # HTTP method of a route
    handler: str = ""  # kind of handler
    never_returns: bool = False
    enter: str = ""  # `with call() as x`: "transaction", "self", "lock", "connection"
    injects: str = ""  # a parameter whose default is this call gets the result of the argument
    note: str = ""


class TypeModel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an instance of a library's type is."""

    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # class names so distinctive that they are known wherever they come from
    like: str = ""  # has the calls of another type
    attributes: dict[str, str] = {}  # name → origin ("request", "principal", "config") or "type:…"; "*" any other
    enter: str = ""  # entering it as a context manager: "transaction", "self", "type:…"
    default_timeout: str = ""  # "has", "none"
    timeout: str = ""  # where its constructor takes one
    base: str = ""  # "entity": subclasses are entities; "schema": subclasses validate
    origin: str = ""
    through: str = ""  # the method that all others go through, so that a subclass need only override that one
    note: str = ""


class Library(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of models."""

    library: str
    note: str = ""
    marks: tuple[str, ...] = ()  # packages that a file imports when it uses the library; text of a call ends in "("
    types: dict[str, TypeModel] = {}
    calls: dict[str, CallModel] = {}
    guards: dict[str, str] = {}  # words in the name of a guard → role
    principals: tuple[str, ...] = ()  # attributes of a request that say who is asking


class Models:
    """All models of one language, looked up by resolved name."""

    def __init__(self, libraries: tuple[Library, ...]) -> None:
        self.types: dict[str, TypeModel] = {}
        self.calls: dict[str, CallModel] = {}
        self._patterns: dict[str, list[tuple[tuple[str, ...], CallModel]]] = {}
        self.aliases: dict[str, str] = {}
        self.class_names: dict[str, str] = {}
        self.guards: dict[str, str] = {}
        self.principals: tuple[str, ...] = ()
        self._marks: list[str] = []
        for library in libraries:
            self._add(library)
        self.call = lru_cache(maxsize=20_000)(self._call)
        self.canonical = lru_cache(maxsize=20_000)(self._canonical)
        self.method_names = frozenset(name.rpartition(".")[2] for name in self.calls) | frozenset(self._patterns)
        self.telling = self._telling_names()
        self.uses = _use_of(self._marks)

    def _add(self, library: Library) -> None:
        for name, model in library.types.items():
            self.types[name] = model
            self.aliases.update(dict.fromkeys(model.aliases, name))
            self.class_names.update(dict.fromkeys(model.names, name))
        for name, call in library.calls.items():
            for each in name.split(" "):
                if "*" in each:
                    self._patterns.setdefault(each.rpartition(".")[2], []).append((tuple(each.split(".")), call))
                else:
                    self.calls[each] = call
        self.guards.update(library.guards)
        self.principals += library.principals
        self._marks += library.marks

    def _telling_names(self) -> frozenset[str]:
        """Last names of calls that do something: a function that has none of them has no effects of its own."""
        patterns = ((name, model) for name, found in self._patterns.items() for _, model in found)
        calls = ((name.rpartition(".")[2], model) for name, model in self.calls.items())
        return frozenset(name for name, model in (*calls, *patterns) if tells(model)) - {"()", "*"}

    def _canonical(self, name: str) -> str:
        """The name under which the models know a thing: aliases of types replaced, also in front of a method."""
        head, tail = name, ""
        while head:
            if (known := self.aliases.get(head)) is not None:
                return known + tail
            head, dot, last = head.rpartition(".")
            tail = dot + last + tail
        return self._generated(name)

    def _generated(self, name: str) -> str:
        """A class out of a file that is not there (a generated client), known by a name that only one library has."""
        parts = name.split(".")
        if "/" not in parts[0]:
            return name
        for position, part in enumerate(parts[1:], 1):
            if (known := self.class_names.get(part)) is not None:
                return ".".join((known, *parts[position + 1 :]))
        return name

    def type(self, name: str) -> TypeModel | None:
        return self.types.get(name)

    def _call(self, name: str) -> tuple[CallModel, str] | None:
        """The model of a call and what its wildcard matched; None when the call is not known."""
        name = self._canonical(name)
        seen = 0
        while seen < 4:
            if (model := self.calls.get(name)) is not None:
                return model, ""
            if (found := self._match(name)) is not None:
                return found
            owner, _, method = name.rpartition(".")
            if not (like := self._like(owner)):
                return None
            name, seen = f"{like}.{method}" if method else like, seen + 1
        return None

    def _like(self, owner: str) -> str:
        """The type whose calls `owner` has as well, with any attribute path in between kept."""
        head, tail = owner, ""
        while head:
            model = self.types.get(head)
            if model is not None:
                return model.like + tail if model.like else ""
            head, dot, last = head.rpartition(".")
            tail = dot + last + tail
        return ""

    def _match(self, name: str) -> tuple[CallModel, str] | None:
        segments = tuple(name.split("."))
        for key in (segments[-1], "*", "**"):
            for pattern, model in self._patterns.get(key, ()):
                if (matched := _wildcard(pattern, segments)) is not None:
                    return model, matched
        return None


def _use_of(marks: list[str]) -> re.Pattern[bytes]:
    """Matches text that imports one of these packages, in either language, or makes one of these calls."""
    packages = "|".join(re.escape(each) for each in marks if not each.endswith("("))
    called = [re.escape(each) for each in marks if each.endswith("(")]
    imported = rf"""(?:\b(?:import|from)[ \t]+(?:{packages})\b|["'](?:{packages})["'/])"""
    return re.compile("|".join([imported, *called]).encode())


def tells(model: CallModel) -> bool:
    """Whether a call says that its function matters: it has an effect, or a framework is told of something."""
    if model.kind in ("LOG", "VERIFY") and not model.shape:
        return False
    return bool(
        model.kind or model.shape or model.statement == "terminal" or model.registers or model.detail == "transaction"
    )


def _wildcard(pattern: tuple[str, ...], segments: tuple[str, ...]) -> str | None:
    if "**" in pattern:
        at = pattern.index("**")
        after = len(pattern) - at - 1
        if len(segments) < at + after + 1:
            return None
        middle = segments[at : len(segments) - after]
        return (
            ".".join(middle)
            if segments[:at] == pattern[:at] and segments[len(segments) - after :] == pattern[at + 1 :]
            else None
        )
    if len(pattern) != len(segments):
        return None
    matched = ""
    for expected, actual in zip(pattern, segments, strict=True):
        if expected == "*":
            matched = actual
        elif expected != actual:
            return None
    return matched


@cache
def shipped(language: str) -> Models:
    """The models that come with looktwice, for "python" or "typescript" (JavaScript uses the same)."""
    return Models(tuple(_read(path) for path in sorted((FOLDER / language).glob("*.toml"))))


def with_own(language: str, own: Mapping[str, Mapping[str, Any]]) -> Models:
    """The shipped models and the user's `own` by name: `[models.python.NAME]` holds what a file of models holds.

    Raises ConfigurationError for a table that is no model.
    """
    if not own:
        return shipped(language)
    found = [_read(path) for path in sorted((FOLDER / language).glob("*.toml"))]
    for name, table in own.items():
        where, remedy = f"cannot use [models.{language}.{name}]", "Change the table and run again."
        try:
            library = attempt("model", lambda: msgspec.convert({"library": name, **table}, Library))  # noqa: B023
        except NotParsedError as error:
            raise ConfigurationError(where, error.why, remedy) from None
        if why := wrong_word(library):
            raise ConfigurationError(where, why, remedy)
        found.append(library)
    return Models(tuple(found))


def _read(path: Path) -> Library:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Library)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"cannot use the library model {path.name}", str(error), "Mend the file.") from None
