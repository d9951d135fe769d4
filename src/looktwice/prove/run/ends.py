"""How several runs from the same snapshot end, row by row: every row that one of them touches stands in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looktwice.prove.servers.postgres.change import RowChange, Values
from looktwice.prove.servers.postgres.net import Identity, net

Image = tuple[str, Values]  # table and values
Ends = tuple[Image, ...]


def ends(
    runs: Sequence[Sequence[RowChange]], keys: Mapping[str, tuple[str, ...]], most: int
) -> tuple[Ends, tuple[Ends, ...]]:
    """The rows at stake before every run, then what each run leaves of them, with those that it added.

    keys: table → columns of its primary key. most: rows of a state. What a truncate leaves is not known: nothing.
    """
    known: dict[Identity, Image] = {}
    effects: list[tuple[dict[Identity, Image | None], list[Image]] | None] = []
    for changes in runs:
        if any(change.kind == "truncate" for change in changes):
            effects.append(None)
            continue
        left: dict[Identity, Image | None] = {}
        added: list[Image] = []
        for row in net(changes, keys):
            after = (row.table, row.after) if row.after is not None else None
            if row.before is not None:
                identity = _identity(row.table, row.before, keys)
                known.setdefault(identity, (row.table, row.before))
                left[identity] = after
            elif after is not None:
                added.append(after)
        effects.append((left, added))
    at_stake = dict(list(known.items())[:most])
    finals = []
    for effect in effects:
        stay = [effect[0].get(identity, image) for identity, image in at_stake.items()] if effect else []
        finals.append(tuple([image for image in stay if image is not None] + (effect[1][:most] if effect else [])))
    return tuple(at_stake.values()), tuple(finals)


def _identity(table: str, row: Values, keys: Mapping[str, tuple[str, ...]]) -> Identity:
    names = keys.get(table) or tuple(sorted(row))
    return table, tuple(row.get(name) for name in names)
