"""Models of libraries: the effects of their calls, as data, looked up by resolved name.

A key of `[calls]` is a resolved name, `library.Type.method`; `*` matches one segment, `**` one or more; spaces separate
several names. A reference to an argument is a position or keyword with a path into an object literal: "0",
"timeout", "0.where", "1.signal"; "|" separates alternatives. `receiver` is the object the method is called on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct


class Invoked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The callee calls the function passed as `argument`, in a region of this kind, with these arguments.

    args: "element", "receiver", "rest", "unknown", "request", "response" or "type:library.Type" each.
    """

    argument: str
    region: str = "CALLBACK"
    detail: str = ""
    args: tuple[str, ...] = ()


class CallModel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The effect and the result of one call."""

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
    keeps: str = ""  # whose origins the result keeps: "" receiver's and arguments'; "none"; "receiver"
    statement: str = ""  # starts a statement of this verb, or a link: see lowering/store_statements.py
    around: str = ""  # the arguments run inside a region of this kind
    detail: str = ""
    invokes: tuple[Invoked, ...] = ()
    refines: str = ""  # the rows of the effect whose result the receiver is
    registers: str = ""  # "route", "mount", "guard": framework registration
    method: str = ""  # HTTP method of a route
    handler: str = ""  # kind of handler
    never_returns: bool = False
    enter: str = ""  # `with call() as x`: "transaction", "self", "lock", "connection"
    injects: str = ""  # a parameter whose default is this call gets the result of the argument
    note: str = ""


class TypeModel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A library type, and what its instances provide."""

    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # class names so distinctive that they are recognised wherever they are imported from
    like: str = ""  # has the calls of another type
    attributes: dict[str, str] = {}  # name → origin ("request", "principal", "config") or "type:…"; "*" for any other
    enter: str = ""  # entering it as a context manager: "transaction", "self", "type:…"
    default_timeout: str = ""  # "has", "none"
    timeout: str = ""  # the constructor argument that sets one
    base: str = ""  # "entity": subclasses are entities; "schema": subclasses validate
    origin: str = ""
    through: str = ""  # the method that all others call, so that overriding it is enough
    note: str = ""


class Library(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table of one library. language: "python", or "typescript" for JavaScript as well."""

    library: str
    language: str = ""
    note: str = ""
    marks: tuple[str, ...] = ()  # what shows that a file uses it: imported packages, or the text of a call up to "("
    types: dict[str, TypeModel] = {}
    calls: dict[str, CallModel] = {}
    guards: dict[str, str] = {}  # words in a guard's name → role
    principals: tuple[str, ...] = ()  # attributes of a request that identify the caller


class Models:
    """All models of one language, looked up by resolved name."""

    def __init__(self, libraries: tuple[Library, ...], shapes: Mapping[str, Any] | None = None) -> None:
        """shapes: readers of arguments that libraries add to those of `lowering.shapes`, by name."""
        self.shapes = shapes or {}
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
        patterns = [".".join(segments) for found in self._patterns.values() for segments, _ in found]
        self.method_names = frozenset(name.rpartition(".")[2] for name in self.calls) | frozenset(self._patterns)
        self.telling = self._telling_names()
        self.uses = _use_of(self._marks)
        self.packages = frozenset(package_of(each) for each in (*self.types, *self.calls, *patterns))

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
        """The last segments of calls with an effect: a function without any of them has no effects of its own."""
        patterns = ((name, model) for name, found in self._patterns.items() for _, model in found)
        calls = ((name.rpartition(".")[2], model) for name, model in self.calls.items())
        return frozenset(name for name, model in (*calls, *patterns) if is_relevant(model)) - {"()", "*"}

    def _canonical(self, name: str) -> str:
        """The name under which the models know it: type aliases are replaced, also in front of a method."""
        head, tail = name, ""
        while head:
            if (known := self.aliases.get(head)) is not None:
                return known + tail
            head, dot, last = head.rpartition(".")
            tail = dot + last + tail
        return self._generated(name)

    def _generated(self, name: str) -> str:
        """A class from a missing file (a generated client), recognised by a name that only one library uses."""
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
        """The model of a call and the text that its wildcard matched; None for an unknown call."""
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
        """The type whose calls `owner` also has, keeping any attribute path in between."""
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


def package_of(name: str) -> str:
    """The package that a dotted name belongs to: "sqlalchemy", "@prisma/client"."""
    scope, slash, rest = name.partition("/") if name.startswith("@") else ("", "", name)
    return f"{scope}{slash}{re.split(r'[./]', rest, maxsplit=1)[0]}"


def _use_of(marks: list[str]) -> re.Pattern[bytes]:
    """A pattern for text that imports one of these packages, in either language, or makes one of these calls."""
    packages = "|".join(re.escape(each) for each in marks if not each.endswith("("))
    called = [re.escape(each) for each in marks if each.endswith("(")]
    imported = rf"""(?:\b(?:import|from)[ \t]+(?:{packages})\b|["'](?:node:)?(?:{packages})["'/])"""
    return re.compile("|".join([imported, *called]).encode())


def is_relevant(model: CallModel) -> bool:
    """Whether a call makes its function relevant: it has an effect, or registers something with a framework."""
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
