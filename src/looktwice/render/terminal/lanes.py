"""The picture of a run for a terminal: two lanes side by side, the rows in the middle."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from io import StringIO
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from looktwice.core.trace import Lane, StepKind, Trace
from looktwice.core.visible import visible
from looktwice.render.bounds import bounded
from looktwice.render.lanes import Cell, Moment, Picture, Result, ending, picture
from looktwice.render.terminal.writer import Writer
from looktwice.render.words import plural

LANE_STYLES = ("blue", "yellow")
QUIET = frozenset({StepKind.BEGIN, StepKind.COMMIT, StepKind.ROLLBACK})
LEAST_SIDE, LEAST_MIDDLE = 18, 16
_SHORTEST_LABEL = 16
MOST_SQL = 2
"""Lines of one statement."""


def draw(trace: Trace, width: int = 100, colour: bool = False) -> str:
    """The picture of `trace` in at most `width` columns (60 or more), with ANSI colours when `colour`."""
    out = StringIO()
    Writer(out, width, colour).print(text(trace, width))
    return out.getvalue()


def text(trace: Trace, width: int = 100) -> Text:
    """The same as a rich Text."""
    shape = _Shape(picture(visible(bounded(trace))), max(width, 2 * LEAST_SIDE + LEAST_MIDDLE + 4))
    return Text("\n").join([*shape.head(), *shape.body(), *shape.foot()])


class _Shape:
    """One drawing: column widths, and the rows of text that follow from them."""

    def __init__(self, shown_picture: Picture, width: int) -> None:
        self.picture = shown_picture
        cells = [cell for it in shown_picture.moments for cell in it.cells] + list(shown_picture.start)
        widest = max((cell_len(value(cell).plain) for cell in cells), default=0)
        widest = max(widest, *(cell_len(it.plain) for it in standing(shown_picture.start)), 0)
        self.middle = max(LEAST_MIDDLE, min(widest + 2, width // 3))
        self.side = (width - self.middle - 4) // 2
        self.width = width

    def head(self) -> Iterable[Text]:
        it = self.picture
        style = "bold red" if it.is_wrong else "bold green" if it.is_fine else "bold yellow"
        yield Text.assemble((it.verdict.upper(), style), f"  {it.name}" if it.name else "", (f"   {it.title}", ""))
        if it.environment:
            yield Text(it.environment, "dim")
        yield Text()
        left = [line for lane in it.lanes[:1] for line in self.request(lane, 0)]
        right = [line for lane in it.lanes[1:] for line in self.request(lane, 1)]
        yield from self.row(left, [], right)
        yield Text("─" * self.side + "─┬" + "─" * self.middle + "┬─" + "─" * self.side, "dim")
        yield from self.row([], standing(it.start), [])

    def request(self, lane: Lane, side: int) -> list[Text]:
        name = (f"{lane.name}  ", f"bold {LANE_STYLES[side]}")
        heading = [Text.assemble(name, (f"{lane.method} {lane.path}", "bold"))]
        return [*heading, Text(f"   {lane.body}", "dim")] if lane.body else heading

    def body(self) -> Iterable[Text]:
        for it in self.picture.moments:
            yield from self.moment(it)
        sides: tuple[list[Text], list[Text]] = ([], [])
        for number, lane in enumerate(self.picture.lanes):
            if lane not in self.picture.unanswered:
                continue
            style = "bold" if lane.status and lane.status < 400 else "bold yellow"
            sides[min(number, 1)].append(Text(f"{lane.name} ← {ending(lane)}", style))
        yield from self.row(sides[0], [], sides[1])
        yield Text("─" * self.side + "─┴" + "─" * self.middle + "┴─" + "─" * self.side, "dim")

    def moment(self, it: Moment) -> Iterable[Text]:
        mark = "⧗ " if it.waits_for else "· " if it.kind in QUIET else "● "
        style = "dim" if it.kind in QUIET else "yellow" if it.waits_for else ""
        content = Text(it.words, style) if style else Text(it.words)
        if it.is_stale:
            content.append("  from a value that has changed since", "red")
        if it.error:
            content.append(f"  {it.error}", "red")
        marks = [Text(mark, LANE_STYLES[it.side]), *[Text("  ")] * len(content.plain)]
        lane = [first + rest for first, rest in zip(marks, self.fold([content], self.side - 2), strict=False)]
        if it.statement and it.kind not in QUIET:
            lane += [Text(f"  {line}", "dim") for line in statement(it.statement, self.side - 2)]
        middle = list(beside(it.cells, self.picture.names_rows))
        yield from self.row(*((lane, middle, []) if it.side == 0 else ([], middle, lane)))

    def row(self, left: list[Text], middle: list[Text], right: list[Text]) -> Iterable[Text]:
        folded = [self.fold(left, self.side), self.fold(middle, self.middle - 2), self.fold(right, self.side)]
        for first, second, third in zip_longest(*folded, fillvalue=Text()):
            line = Text()
            line.append_text(padded(first, self.side))
            line.append(" │ ", "dim")
            line.append_text(padded(second, self.middle - 2))
            line.append(" │ ", "dim")
            line.append_text(third)
            line.rstrip()
            yield line

    def fold(self, texts: list[Text], width: int) -> list[Text]:
        console = Writer(StringIO(), width)
        return [line for it in texts for line in it.wrap(console, width, tab_size=4)]

    def foot(self) -> Iterable[Text]:
        it = self.picture
        width = max([_SHORTEST_LABEL, *(len(result.label) + 2 for result in it.results)])
        for number, result in enumerate(it.results):
            style = ("bold red" if it.is_wrong else "bold") if not number else ""
            yield Text(f"{result.label:<{width}}").append_text(listed(result, style))
        for line in textwrap.wrap(it.explanation, self.width):
            yield Text(line, "bold")


def listed(result: Result, style: str) -> Text:
    parts = standing(result.rows, style)
    parts += [Text(f"{plural(count, 'new row')} in {table}", style) for table, count in result.added]
    return Text(" · ").join(parts) if parts else Text("no row", style)


def standing(cells: tuple[Cell, ...], style: str = "") -> list[Text]:
    """A text for each row: its name, then its columns."""
    rows: dict[str, list[Text]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(value(cell, style=style))
    return [Text.assemble((f"{row} ", "dim"), Text(", ").join(values)) for row, values in rows.items()]


def statement(sql: str, width: int) -> list[str]:
    """SQL on at most two lines."""
    lines = textwrap.wrap(sql, width) or [""]
    return lines if len(lines) <= MOST_SQL else [*lines[: MOST_SQL - 1], cut(" ".join(lines[MOST_SQL - 1 :]), width)]


def beside(cells: tuple[Cell, ...], names_rows: bool) -> Iterable[Text]:
    """What a step found or left; a row that it added is named above its columns, others when there are several."""
    named = ""
    for cell in cells:
        is_new = cell.is_change and cell.before is None
        if cell.row != named and (is_new or names_rows):
            yield Text.assemble(("+ " if is_new else "", "bold"), (cell.row, "" if is_new else "dim"))
        named = cell.row
        yield Text("  ").append_text(value(cell)) if is_new or names_rows else value(cell)


def value(cell: Cell, style: str = "") -> Text:
    """ "balance 100", "balance 100 → 150"; a value that was lost is struck through."""
    text = Text.assemble((f"{cell.column} ", "dim"))
    if cell.is_change and cell.before is not None:
        text.append(f"{shown(cell.before)} → ", "dim")
    if cell.is_lost:
        text.append(shown(cell.after), "strike red")
        text.append(" lost", "red")
    else:
        text.append(shown(cell.after) if cell.after is not None or not cell.is_change else "gone", style)
    return text


def shown(value: str | None) -> str:
    return "NULL" if value is None else value


def cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def padded(text: Text, width: int) -> Text:
    padding = width - cell_len(text.plain)
    return text + Text(" " * padding) if padding > 0 else text
