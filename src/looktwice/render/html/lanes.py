"""The picture of a run in the report: a table with a column for each lane and the rows between them."""

from __future__ import annotations

from collections.abc import Iterable

from looktwice.core.trace import Lane, StepKind, Trace
from looktwice.render.html.text import escape, inline
from looktwice.render.lanes import Cell, Moment, Picture, Result, ending, picture
from looktwice.render.words import plural

QUIET = frozenset({StepKind.BEGIN, StepKind.COMMIT, StepKind.ROLLBACK})


def lanes(trace: Trace) -> str:
    """The picture of `trace`; its look is the report's style sheet (classes `lanes`, `a`, `b`, `rows`, `lost` …)."""
    it = picture(trace)
    heads = [request(lane, side) for side, lane in enumerate(it.lanes[:2])] or [""]
    left, right = heads[0], heads[1] if len(heads) > 1 else '<th scope="col" class="lane b"></th>'
    moments = "".join(moment(one, it.names_rows) for one in it.moments)
    return (
        f'<figure class="run {tone(it)}">{caption(it)}<table class="lanes"><thead><tr>{left}'
        f'<th scope="col" class="rows">{standing(it.start)}</th>{right}</tr></thead>'
        f"<tbody>{moments}{endings(it)}</tbody></table>{results(it)}</figure>"
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


def moment(it: Moment, names_rows: bool) -> str:
    kinds = " ".join(filter(None, [it.kind, "waits" if it.waits_for else "", "stale" if it.is_stale else ""]))
    quiet = it.kind in QUIET
    content = f'<span class="words">{inline(it.words)}</span>'
    if it.is_stale:
        content += '<span class="why">from a value that has changed since</span>'
    if it.error:
        content += f'<span class="why">{escape(it.error)}</span>'
    if it.statement and not quiet:
        content += f"<code>{escape(it.statement)}</code>"
    lane = f'<td class="lane {"ab"[it.side]} {kinds}{" quiet" if quiet else ""}">{content}</td>'
    rows = f'<td class="rows">{"".join(beside(it.cells, names_rows))}</td>'
    empty = f'<td class="lane {"ba"[it.side]} idle"></td>'
    return f"<tr>{lane}{rows}{empty}</tr>" if it.side == 0 else f"<tr>{empty}{rows}{lane}</tr>"


def beside(cells: tuple[Cell, ...], names_rows: bool) -> Iterable[str]:
    """What a step found or left; a row that it added is named above its columns, others when there are several."""
    named = ""
    for it in cells:
        is_new = it.is_change and it.before is None
        if it.row != named and (is_new or names_rows):
            yield (
                f'<div class="added">+ {escape(it.row)}</div>' if is_new else f'<div class="row">{escape(it.row)}</div>'
            )
        named = it.row
        yield cell(it)


def cell(it: Cell) -> str:
    label = f'<span class="column">{escape(it.column)}</span> '
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
    return "".join(
        f'<div><span class="row">{escape(row)}</span> {", ".join(events)}</div>' for row, events in rows.items()
    )


def endings(it: Picture) -> str:
    if not it.unanswered:
        return ""
    sides = ["", ""]
    for number, lane in enumerate(it.lanes):
        if lane not in it.unanswered:
            continue
        good = "ok" if lane.status and lane.status < 400 else "bad"
        sides[min(number, 1)] += f'<span class="answer {good}">{escape(lane.name)} ← {escape(ending(lane))}</span>'
    left, right = (f'<td class="lane {letter}">{events}</td>' for letter, events in zip("ab", sides, strict=True))
    return f'<tr class="ends">{left}<td class="rows"></td>{right}</tr>'


def results(it: Picture) -> str:
    if not it.results:
        return ""
    rows = "".join(
        f'<tr{"" if number else " class=end"}><th scope="row">{escape(result.label)}</th><td>{state(result)}</td></tr>'
        for number, result in enumerate(it.results)
    )
    return f'<table class="results"><tbody>{rows}</tbody></table>'


def state(result: Result) -> str:
    new = "".join(
        f'<div><b>{plural(count, "new row")}</b> <span class="row">in {escape(table)}</span></div>'
        for table, count in result.added
    )
    return standing(result.rows) + new or "no row"
