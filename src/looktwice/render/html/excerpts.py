"""Source lines in the report: numbered, spans marked, words beside them."""

from __future__ import annotations

from looktwice.render.excerpt import Excerpt, Line
from looktwice.render.html.text import escape


def excerpt(it: Excerpt, missing: str = "") -> str:
    """One file's lines. `missing` is what is not there between the first two marked lines."""
    marked = [line.number for line in it.lines if line.labels]
    between = marked[0] if missing and len(marked) > 1 else 0
    rows = []
    for line in it.lines:
        rows.append(row(line))
        if between and line.number == between:
            rows.append(f'<tr class="gap"><td></td><td>{escape(missing)}</td></tr>')
    return (
        f'<figure class="excerpt"><figcaption>{escape(it.path)}:{it.line}</figcaption>'
        f"<table><tbody>{''.join(rows)}</tbody></table></figure>"
    )


def row(line: Line) -> str:
    if not line.number:
        return '<tr class="cut"><td>⋮</td><td></td></tr>'
    kind = "primary" if any(it.is_primary for it in line.labels) else "marked" if line.labels else ""
    labels = " · ".join(escape(it.words) for it in line.labels)
    note = f'<span class="note">{labels}</span>' if labels else ""
    return f'<tr class="{kind}"><td>{line.number}</td><td><code>{code(line)}</code>{note}</td></tr>'


def code(line: Line) -> str:
    """The text with its spans marked; where spans overlap the first one that begins is marked whole."""
    parts: list[str] = []
    position = 0
    for it in sorted(line.labels, key=lambda label: (label.start, -label.end)):
        start, end = max(it.start, position), min(it.end, len(line.text))
        if start >= end:
            continue
        kind = ' class="primary"' if it.is_primary else ""
        parts.append(escape(line.text[position:start]))
        parts.append(f"<mark{kind}>{escape(line.text[start:end])}</mark>")
        position = end
    return "".join(parts) + escape(line.text[position:])
