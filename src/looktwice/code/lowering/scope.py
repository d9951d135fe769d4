"""What names mean along one way through a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looktwice.code.lowering.values import UNKNOWN, Val, join


class Scope:
    """Names and their values; an inner scope holds only what was set in it, and asks the one around it for the rest.

    Copying all names at every branch would take the square of a function's length. `rest` holds names that only a
    inline function can see, because it was written where they were known.
    """

    __slots__ = ("_names", "outer", "own", "rest")

    def __init__(self, outer: Scope | None = None, rest: Mapping[str, Val] | None = None) -> None:
        self.own: dict[str, Val] = {}
        self.outer = outer
        self.rest: Mapping[str, Val] = rest if rest is not None else outer.rest if outer is not None else {}
        self._names: dict[int, dict[str, None]] = {}  # by identity of the value: names it was given, perhaps no longer

    def get(self, name: str) -> Val | None:
        layer: Scope | None = self
        while layer is not None:
            if (value := layer.own.get(name)) is not None:
                return value
            layer = layer.outer
        return self.rest.get(name)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __setitem__(self, name: str, value: Val) -> None:
        self.own[name] = value
        self._names.setdefault(id(value), {})[name] = None

    def layers(self) -> Iterator[Scope]:
        """This scope and those around it, innermost first."""
        layer: Scope | None = self
        while layer is not None:
            yield layer
            layer = layer.outer

    def replace(self, before: Val, after: Val) -> None:
        """Every name of the value `before` means `after` from now on."""
        named = [name for layer in self.layers() for name in layer.named(before)]
        named += [name for name, value in self.rest.items() if value is before]
        for name in named:
            if self.get(name) is before:
                self[name] = after

    def named(self, value: Val) -> list[str]:
        """The names that were given this value in this very scope, and have it still."""
        names = self._names.get(id(value), {})
        for name in [name for name in names if self.own.get(name) is not value]:
            del names[name]
        return list(names)

    def meet(self, *ways: Scope) -> None:
        """Go on with what the names may mean after these ways: inner scopes, and this one where a way sets nothing."""
        changed = dict.fromkeys(name for way in ways if way is not self and way is not self.outer for name in way.own)
        for name in changed:
            value = ways[0].get(name)
            for way in ways[1:]:
                other = way.get(name)
                value = value if value is other else join(value, other)
            self[name] = value or UNKNOWN

    def called_from(self, caller: Scope) -> Scope:
        """The scope of a function that was written where this one is, and runs in `caller`, whose names come first."""
        shared = {id(layer) for layer in caller.layers()}
        seen: dict[str, Val] = {}
        for layer in self.layers():
            if id(layer) in shared:
                break
            seen = {**layer.own, **seen}
        if self.rest is not caller.rest:
            seen = {**self.rest, **seen}
        return Scope(caller, {**seen, **caller.rest} if seen else None)

    def give_back(self, local: frozenset[str]) -> None:
        """Tell the scope around what was set in it of its own names; `local` names are those of a parameter."""
        outer = self.outer
        for name, value in self.own.items():
            if outer is not None and name not in local and name in outer:
                outer[name] = value
