"""LT401: a query for each row of another query."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.effects import STORE_READS, STORE_WRITES, Effect, EffectKind, Rows, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.control import ancestors
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.reaching import repeats
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

REPEATS = (RegionKind.LOOP, RegionKind.PARALLEL)
BOUNDED = ("retry", "pages", "constants", "range", "while")
ASYNCHRONOUS = "sqlalchemy.ext.asyncio."
WRITES = EffectKind.CREATE | EffectKind.WRITE


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    querying = k.leading_to(lambda f: any(is_query(each) for each in f.effects))
    repeating = querying & k.leading_to(lambda f: repeats(f, is_query, querying, BOUNDED))
    for root in k.shared_roots(STORE_READS | WRITES):
        if root.name not in repeating:
            continue
        reported: set[tuple[object, ...]] = set()
        for effect in root.f.effects:
            if not is_query(effect) or (match := _match(k, root, effect)) is None:
                continue
            # a relation is loaded once per row: a second access, or a second loop, finds it loaded
            relation = (match.roles[-1], effect.target, effect.name) if effect.traits & Trait.LAZY else (match.at,)
            if relation not in reported:
                reported.add(relation)
                yield match


def is_query(effect: Effect) -> bool:
    """Whether the effect is a separate round trip; writes that wait for a flush or that may fail are not."""
    if effect.kind & STORE_READS:
        return True
    alone = effect.traits & Trait.AUTOCOMMIT and not effect.traits & (Trait.CONDITIONAL | Trait.NESTED)
    return bool(effect.kind & WRITES and alone)


def _match(k: Knowledge, root: Root, query: Effect) -> Match | None:
    f = root.f
    for number in ancestors(f, query.region):
        loop = f.regions[number]
        if loop.kind not in REPEATS or loop.value == NONE or loop.detail in BOUNDED or not depends_on(f, query, number):
            continue
        if query.kind & WRITES and (is_conditional_in(f, query, number) or any(put.relative for put in query.puts)):
            return None  # only for some of the elements, or with a different amount for each
        sources = rows_iterated(f, loop.value)
        if query.traits & Trait.LAZY and not is_loaded_per_row(f, query, sources):
            return None
        if any(is_few(f, f.effects[ref]) for ref in sources):
            return None
        if sources:
            return _found(k, root, query, number, sources[0])
        if any(origin.kind is OriginKind.REQUEST for origin in f.values[loop.value]) and not writes_in(f, number):
            return _found(k, root, query, number, NONE)
    return None


def is_conditional_in(f: FunctionSummary, query: Effect, loop: int) -> bool:
    """Whether the effect happens for some of the elements only: it is in a branch inside the loop."""
    for number in ancestors(f, query.region):
        region = f.regions[number]
        if number == loop:
            return False
        if region.kind is RegionKind.HANDLER or (region.kind is RegionKind.BRANCH and region.fact != NONE):
            return True
    return False


def writes_in(f: FunctionSummary, loop: int) -> bool:
    """Whether each element is also written, which has to be done one by one."""
    return any(each.kind & STORE_WRITES and loop in ancestors(f, each.region) for each in f.effects)


def is_few(f: FunctionSummary, read: Effect) -> bool:
    """Whether the number of rows is one, or a constant in the code."""
    if read.rows is not Rows.BOUNDED:
        return read.rows is Rows.ONE
    take = dict(read.args).get("take", NONE)
    return take == NONE or all(origin.kind is OriginKind.CONST for origin in f.values[take])


def is_loaded_per_row(f: FunctionSummary, lazy: Effect, sources: list[int]) -> bool:
    """Whether accessing the relation is a query: not if it was eagerly loaded, or with an asynchronous session."""
    reads = [f.effects[ref] for ref in sources]
    while any(read.traits & Trait.LAZY for read in reads):  # rows of relations: find the query that they came from
        if any(loads_eagerly(lazy, read) for read in reads):
            return False
        owners = (rows_iterated(f, read.row) for read in reads if read.traits & Trait.LAZY and read.row != NONE)
        before, reads = reads, [read for read in reads if not read.traits & Trait.LAZY]
        reads += [f.effects[ref] for refs in owners for ref in refs if f.effects[ref] not in before]
    return bool(reads) and not any(loads_eagerly(lazy, read) or read.name.startswith(ASYNCHRONOUS) for read in reads)


def loads_eagerly(lazy: Effect, source: Effect) -> bool:
    """Whether the query that returned the rows also loaded the relation."""
    relation = lazy.name.rpartition(".")[2]
    return lazy.loads != () or any(relation in load.split(".") for load in source.loads)


def rows_iterated(f: FunctionSummary, value: int) -> list[int]:
    """The reads whose rows are iterated over."""
    return [
        origin.ref for origin in f.values[value] if origin.kind is OriginKind.ROW and 0 <= origin.ref < len(f.effects)
    ]


def depends_on(f: FunctionSummary, query: Effect, loop: int) -> bool:
    """Whether the query differs in each iteration: its conditions, row or values come from the element."""
    over = {(origin.kind, origin.ref) for origin in f.values[f.regions[loop].value]}
    values = [query.row, *(cond.value for cond in query.where), *(put.value for put in query.puts)]
    return any((origin.kind, origin.ref) in over for value in values if value != NONE for origin in f.values[value])


def _found(k: Knowledge, root: Root, query: Effect, loop: int, source: int) -> Match:
    f = root.f
    region = f.regions[loop]
    is_lazy = bool(query.traits & Trait.LAZY)
    links = [query] if source == NONE else [query, f.effects[source]]
    doubt = "the number of elements that the caller sends is not known" if source == NONE else ""
    intended = "" if query.kind & STORE_READS else "writing row by row may be intended"
    background = "slowness may be acceptable in a background job" if k.is_unrouted(root.name) else ""
    confidence, because = trust(f, links, doubt, intended, k.doubt_about(root), background)
    roles = [(Role.LOOP, place(f, region))]
    if source != NONE:
        roles.append((Role.QUERY, place(f, f.effects[source])))
    name = k.name(query)
    return Match(
        message="per-item" if source == NONE else "lazy" if is_lazy else "per-row",
        at=place(f, query),
        role=Role.QUERY if source == NONE else Role.READ,
        function=function_of(f, query),
        confidence=confidence,
        because=because,
        roles=tuple(roles),
        names={"entity": name, "relation": query.name.rpartition(".")[2] or name},
        entity=name,
        handler=root.route,
        path=route_to(query),
    )
