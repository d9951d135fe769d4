"""The picture of a run in the report: a table with a column for each lane and the rows between them."""

from __future__ import annotations

from doubletake.core.trace import Lane, StepKind, Trace
from doubletake.render.html.text import escape, inline
from doubletake.render.lanes import Cell, Moment, Picture, ending, picture

QUIET = frozenset({StepKind.BEGIN, StepKind.COMMIT, StepKind.ROLLBACK})


def lanes(trace: Trace) -> str:
    """The picture of `trace`; its look is the report's style sheet (classes `lanes`, `a`, `b`, `rows`, `lost` …)."""
    it = picture(trace)
    heads = [request(lane, side) for side, lane in enumerate(it.lanes[:2])] or [""]
    left, right = heads[0], heads[1] if len(heads) > 1 else '<th scope="col" class="lane b"></th>'
    return (
        f'<figure class="run {tone(it)}">{caption(it)}<table class="lanes"><thead><tr>{left}'
        f'<th scope="col" class="rows">{standing(it.start)}</th>{right}</tr></thead>'
        f"<tbody>{''.join(map(moment, it.moments))}{endings(it)}</tbody></table>{results(it)}</figure>"
    )


def tone(it: Picture) -> str:
    return "wrong" if it.is_wrong else "fine" if it.is_fine else "open"


def caption(it: Picture) -> str:
    name = f" · {escape(it.name)}" if it.name else ""
    return (
        f'<figcaption><span class="stamp">{escape(it.verdict)}{name}<small>{escape(it.environment)}</small></span>'
        f"<b>{inline(it.title)}</b><p>{inline(it.explanation)}</p></figcaption>"
    )


def request(lane: Lane, side: int) -> str:
    body = f"<small>{escape(lane.body)}</small>" if lane.body else ""
    return (
        f'<th scope="col" class="lane {"ab"[side]}"><i>{escape(lane.name)}</i> '
        f"{escape(lane.method)} {escape(lane.path)}{body}</th>"
    )


def moment(it: Moment) -> str:
    kinds = " ".join(filter(None, [it.kind, "waits" if it.waits_for else "", "stale" if it.is_stale else ""]))
    quiet = it.kind in QUIET
    said = f'<span class="words">{inline(it.words)}</span>'
    if it.is_stale:
        said += '<span class="why">from a value that has changed since</span>'
    if it.error:
        said += f'<span class="why">{escape(it.error)}</span>'
    if it.statement and not quiet:
        said += f"<code>{escape(it.statement)}</code>"
    lane = f'<td class="lane {"ab"[it.side]} {kinds}{" quiet" if quiet else ""}">{said}</td>'
    rows = f'<td class="rows">{"".join(map(cell, it.cells))}</td>'
    empty = f'<td class="lane {"ba"[it.side]} idle"></td>'
    return f"<tr>{lane}{rows}{empty}</tr>" if it.side == 0 else f"<tr>{empty}{rows}{lane}</tr>"


def cell(it: Cell) -> str:
    new = f"{escape(it.row)} " if it.is_change and it.before is None else ""
    label = f'<span class="column">{new}{escape(it.column)}</span> '
    if not it.is_change:
        return f"<div>{label}<b>{value(it.after)}</b></div>"
    old = f'<span class="old">{value(it.before)}</span> → ' if it.before is not None else ""
    if it.is_lost:
        return f'<div class="change">{label}{old}<s class="lost">{value(it.after)}</s> <em>lost</em></div>'
    return f'<div class="change">{label}{old}<b>{value(it.after) if it.after is not None else "gone"}</b></div>'


def value(text: str | None) -> str:
    return "NULL" if text is None else escape(text)


def standing(cells: tuple[Cell, ...]) -> str:
    rows: dict[str, list[str]] = {}
    for it in cells:
        rows.setdefault(it.row, []).append(f"{escape(it.column)} <b>{value(it.after)}</b>")
    return "".join(f'<div><span class="row">{escape(row)}</span> {", ".join(said)}</div>' for row, said in rows.items())


def endings(it: Picture) -> str:
    sides = ["", ""]
    for number, lane in enumerate(it.lanes):
        good = "ok" if lane.status and lane.status < 400 else "bad"
        sides[min(number, 1)] += f'<span class="answer {good}">{escape(lane.name)} ← {escape(ending(lane))}</span>'
    left, right = (f'<td class="lane {letter}">{said}</td>' for letter, said in zip("ab", sides, strict=True))
    return f'<tr class="ends">{left}<td class="rows"></td>{right}</tr>'


def results(it: Picture) -> str:
    if not it.end and not it.serial:
        return ""
    rows = [f'<tr class="end"><th scope="row">It ends with</th><td>{standing(it.end) or "no row"}</td></tr>']
    rows += [
        f'<tr><th scope="row">{escape(order)}</th><td>{standing(cells) or "no row"}</td></tr>'
        for order, cells in it.serial
    ]
    return f'<table class="results"><tbody>{"".join(rows)}</tbody></table>'
