"""What kind of value stands at each position, learnt from serial runs of the same order that should be equal.

Between such runs sequences are moved forward and the clock goes on. What then differs is renamed (made-up identifiers,
tokens), put into a bucket (times), or is unstable (a number whose origin is unknown). What does not differ is
compared literally: a number is never hidden because it *might* be an identifier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from looktwice.prove.oracle.document import Document, Domain, Leaf, Position, documents, leaves
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.oracle.scalar import Scalar, moment_of
from looktwice.prove.oracle.tokens import Made, substitute
from looktwice.prove.servers.postgres.catalogue import Schema

Kind = Literal["literal", "made", "reference", "clock", "opaque", "template", "unstable"]


class Role(Struct, frozen=True):
    """literal: compared unchanged. made: filled by the database (sequence, uuid). reference: a made value of `domain`.
    clock: a moment; `has_offset` when its distance from the start of the run is always the same. opaque: a token,
    renamed whole. template: text around made values and times. unstable: differs for no reason known."""

    kind: Kind
    domain: Domain | None = None
    has_offset: bool = False


class Roles(Struct, frozen=True):
    """Roles by position; positions that no serial run had are judged by what the schema says alone."""

    schema: Schema
    positions: dict[Position, Role]
    is_calibrated: bool = False

    def of(self, leaf: Leaf) -> Role:
        known = self.positions.get(leaf.position)
        if known is not None:
            return known
        return Role("made", leaf.domain) if is_filled(leaf, self.schema) else Role("literal")

    @property
    def unstable(self) -> tuple[Position, ...]:
        return tuple(sorted(position for position, role in self.positions.items() if role.kind == "unstable"))


class Sample(Struct, frozen=True):
    """The values at one position in one run."""

    run: Observation
    made: Made
    leaves: tuple[Leaf, ...]

    @property
    def values(self) -> Counter[Scalar]:
        return Counter(leaf.value for leaf in self.leaves)


def calibrate(repeats: Iterable[Sequence[Observation]], schema: Schema) -> Roles:
    """Learn the roles.

    repeats: groups of runs of the same serial order from the same snapshot, at least two in a group to learn from;
    perturbed (sequences advanced, more than a second between one pair).
    """
    groups = [tuple(group) for group in repeats if len(group) > 1]
    read = [[(run, documents(run, schema)) for run in group] for group in groups]
    first = _classify(read, schema, {})
    # Tokens are known only now: what quotes them (a link, a body, another column) is looked at again. A token itself
    # stays one: it consists of nothing but what it would quote.
    quoting = _classify(read, schema, first, quoted_only=True)
    tokens = {
        position: role
        for position, role in first.items()
        if role.kind == "opaque" and quoting[position].kind != "template"
    }
    return Roles(schema, {**_classify(read, schema, {**first, **quoting}), **tokens}, bool(groups))


def made_in(found: Iterable[Document], schema: Schema, positions: Mapping[Position, Role]) -> Made:
    """The values that came into being in one run: filled columns of inserted rows, and whatever stands where tokens
    do."""
    numbers: dict[str, set[Domain]] = {}
    texts: set[str] = set()
    for document in found:
        for leaf in leaves(document.tree):
            role = positions.get(leaf.position)
            is_inserted = document.row is not None and document.row.before is None
            is_made = is_inserted and is_filled(leaf, schema) and (role is None or role.kind == "made")
            if not is_made and (role is None or role.kind != "opaque"):
                continue
            if leaf.value.kind == "number" and leaf.domain is not None:
                numbers.setdefault(leaf.value.text, set()).add(leaf.domain)
            elif leaf.value.kind in ("text", "number"):
                texts.add(leaf.value.text)
    return Made(numbers, frozenset(texts))


def is_filled(leaf: Leaf, schema: Schema) -> bool:
    """True when the database fills this very column from a sequence or with a uuid."""
    if leaf.position[0] != "row" or len(leaf.position) != 3:
        return False
    table = schema.tables.get(leaf.position[1])
    column = table.column(leaf.position[2]) if table else None
    return column is not None and column.filled in ("sequence", "uuid")


def _classify(
    read: list[list[tuple[Observation, tuple[Document, ...]]]],
    schema: Schema,
    known: Mapping[Position, Role],
    quoted_only: bool = False,
) -> dict[Position, Role]:
    """One pass over all positions. quoted_only: a text does not count as made by standing here itself."""
    collected: dict[Position, list[list[Sample]]] = {}
    for group in read:
        at: dict[Position, list[Sample]] = {}
        for run, found in group:
            made = made_in(found, schema, known)
            by_position: dict[Position, list[Leaf]] = {}
            for document in found:
                for leaf in leaves(document.tree):
                    by_position.setdefault(leaf.position, []).append(leaf)
            for position, here in by_position.items():
                own = frozenset(leaf.value.text for leaf in here) if quoted_only else frozenset()
                others = Made(made.numbers, made.texts - own) if own & made.texts else made
                at.setdefault(position, []).append(Sample(run, others, tuple(here)))
        for position, samples in at.items():
            collected.setdefault(position, []).append(samples)
    return {position: _role(samples, schema) for position, samples in collected.items()}


def _role(groups: list[list[Sample]], schema: Schema) -> Role:
    """The role at one position from all groups that have it."""
    varying = [group for group in groups if any(sample.values != group[0].values for sample in group)]
    leaf = groups[0][0].leaves[0]
    if not varying:
        return Role("literal")
    if is_filled(leaf, schema):
        return Role("made", leaf.domain)
    samples = [sample for group in groups for sample in group]
    if leaf.domain is not None and leaf.domain[0] in schema.tables:
        return _key_role(leaf.domain, varying, samples)
    kinds = {value.kind for sample in samples for value in sample.values} - {"null"}
    if kinds == {"number"} and (domain := _shared_domain(varying)) is not None:
        return Role("reference", domain)
    if (clock := _clock(samples, varying)) is not None:
        return clock
    if kinds == {"number"}:
        return Role("opaque") if _is_unique(leaf, schema) and _never_repeats(varying) else Role("unstable")
    if kinds != {"text"}:
        return Role("unstable")
    if all(_steady(group) for group in varying):
        return Role("template")
    return Role("opaque") if _never_repeats(varying) else Role("unstable")


def _key_role(domain: Domain, varying: list[list[Sample]], samples: list[Sample]) -> Role:
    """A key the application makes itself, or a reference: it varies as far as made values do, or it wanders."""
    if all(_without_made(group, domain) for group in varying):
        return Role("reference", domain)
    if all(leaf.position[1:3] == domain for sample in samples for leaf in sample.leaves) and _never_repeats(varying):
        return Role("opaque")
    if all(leaf.value.kind == "text" for sample in samples for leaf in sample.leaves) and _never_repeats(varying):
        return Role("opaque")
    return Role("unstable")


def _without_made(group: list[Sample], domain: Domain) -> bool:
    """True when the values of all runs agree once made ones are taken for equal."""

    def plain(sample: Sample) -> Counter[Scalar]:
        return Counter(
            Scalar("text", "•") if sample.made.has(leaf.value, domain) else leaf.value for leaf in sample.leaves
        )

    return all(plain(sample) == plain(group[0]) for sample in group)


def _shared_domain(varying: list[list[Sample]]) -> Domain | None:
    """The one column whose made values explain every number that differs."""
    domains: set[Domain] | None = None
    for group in varying:
        common = _common(group)
        for sample in group:
            for value in sample.values:
                if value in common or value.kind != "number":
                    continue
                found = sample.made.numbers.get(value.text, set())
                domains = set(found) if domains is None else domains & found
    return min(domains) if domains else None


def _common(group: list[Sample]) -> set[Scalar]:
    """Values that every run of a group has."""
    return set.intersection(*(set(sample.values) for sample in group))


def _never_repeats(varying: list[list[Sample]]) -> bool:
    """True when no value that differs between runs is seen in two of them: a token, not a choice among few."""
    for group in varying:
        common = _common(group)
        counts = Counter(value for sample in group for value in sample.values if value not in common)
        if any(count > 1 for value, count in counts.items() if value.kind != "null"):
            return False
    return True


def _steady(group: list[Sample]) -> bool:
    """True when texts agree once the made values and times in them are taken out, and something was taken out."""

    def skeletons(sample: Sample) -> Counter[str]:
        window = (sample.run.started, sample.run.ended)
        return Counter(
            substitute(leaf.value.text, sample.made, window).skeleton if leaf.value.kind == "text" else "null"
            for leaf in sample.leaves
        )

    return all(skeletons(sample) == skeletons(group[0]) for sample in group)


def _clock(samples: list[Sample], varying: list[list[Sample]]) -> Role | None:
    """The clock role, when every value that differs moves with the start of its run."""
    for group in varying:
        common = _common(group)
        for sample in group:
            for value in sample.values:
                if value in common or value.kind == "null":
                    continue
                moment = moment_of(value)
                if moment is None:
                    return None
                if value.kind == "number" and not _moves_along(group, common):
                    return None
    offsets = [_offsets(sample) for group in varying for sample in group]
    return Role("clock", has_offset=all(offset == offsets[0] for offset in offsets))


def _moves_along(group: list[Sample], common: set[Scalar]) -> bool:
    """True when the numbers of each run lie as far from its start as those of the first (two seconds of tolerance)."""

    def distances(sample: Sample) -> list[float]:
        moments = (moment_of(value) for value in sample.values.elements() if value not in common)
        return sorted(moment - sample.run.started for moment in moments if moment is not None)

    first = distances(group[0])
    return all(
        len(other := distances(sample)) == len(first)
        and all(abs(left - right) < 2 for left, right in zip(first, other, strict=True))
        for sample in group
    )


def _offsets(sample: Sample) -> Counter[str]:
    window = (sample.run.started, sample.run.ended)
    return Counter(bucket(moment_of(leaf.value), window, True) for leaf in sample.leaves)


def bucket(moment: float | None, window: tuple[float, float], has_offset: bool) -> str:
    """Where a moment lies: "null", "before", "during" or "after" the run (start and end in seconds).

    has_offset: a moment after the run also says how far, in minutes. People choose round spans, and what the run itself
    takes is added to them; a quarter of a minute is let in before the minute is cut, so that the cut is never close.
    """
    if moment is None:
        return "null"
    started, ended = window
    if moment < started - 1:
        return "before"
    if moment <= ended + 1:
        return "during"
    return f"after +{int((moment - started + 15) // 60)}min" if has_offset else "after"


def _is_unique(leaf: Leaf, schema: Schema) -> bool:
    table = schema.tables.get(leaf.position[1]) if leaf.position[0] == "row" else None
    return table is not None and (leaf.position[2],) in table.uniques
