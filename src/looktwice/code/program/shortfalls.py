"""What of the code was not understood although it could be parsed: reported, for what was not read is not clean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from looktwice.code.ir.common import Place
from looktwice.code.lowering.functions import MODULE_BODY
from looktwice.code.project.names import CLASSES_KEPT, Names, split
from looktwice.core.event import Unread
from looktwice.core.source import Source

KEPT = 5
"""Functions of one file that are named; of a file in which all fail, the first few say enough."""


def shortfalls(names: Names, failed: Mapping[str, str], sources: Mapping[str, Source]) -> Iterator[Unread]:
    """Functions that could not be lowered, and classes of which not all that stands above them was followed.

    failed: by symbol, why.
    """
    counted: dict[str, int] = {}
    for symbol, why in sorted(failed.items()):
        path, name = split(symbol)
        counted[path] = counted.get(path, 0) + 1
        if counted[path] <= KEPT:
            what = "the top of the file" if name == MODULE_BODY else f"the function {name}"
            yield Unread(path, f"{what} could not be understood: {why}", _line(names, symbol, sources))
    shown: set[str] = set()
    for symbol in sorted(names.cut):
        path, name = split(symbol)
        if path not in shown:
            shown.add(path)
            why = f"more than {CLASSES_KEPT} classes stand above {name}, and those further up were not followed"
            yield Unread(path, why, _line(names, symbol, sources))


def cut_short(places: Iterable[Place], why: str, sources: Mapping[str, Source]) -> Iterator[Unread]:
    """One report per file on what was followed only so far, at the first of its places."""
    first: dict[str, int] = {}
    for place in places:
        first[place.path] = min(place.start, first.get(place.path, place.start))
    for path, start in sorted(first.items()):
        source = sources.get(path)
        yield Unread(path, why, source.position(start)[0] if source is not None else 1)


def why_failed(error: Exception) -> str:
    """Why a function could not be lowered: it is too deep, or we made a mistake."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    message = " ".join(str(error).split())[:120]
    return f"{type(error).__name__}{f': {message}' if message else ''}; this is a bug in looktwice; please report it"


def _line(names: Names, symbol: str, sources: Mapping[str, Source]) -> int:
    path, _ = split(symbol)
    node = names.node(symbol)
    source = sources.get(path)
    if source is None or node is None:
        return 1
    return source.position(node.start)[0]
