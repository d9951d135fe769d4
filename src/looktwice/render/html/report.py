"""The body of a report: what was found, where, what happens then, what was proven, and what was not looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from looktwice.core.coverage import Coverage
from looktwice.core.event import NotProven, Proven
from looktwice.core.evidence import Witness
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.quoting import shell
from looktwice.core.trace import Trace
from looktwice.render.collected import Report
from looktwice.render.coverage import TABLE, headline, rows, unfinished
from looktwice.render.excerpt import Sources, excerpts
from looktwice.render.html.document import document
from looktwice.render.html.excerpts import excerpt
from looktwice.render.html.lanes import lanes
from looktwice.render.html.text import escape, inline
from looktwice.render.lanes import FINE
from looktwice.render.renderer import Guide, Setting
from looktwice.render.words import confidence_counts, evidence_text, extent, gap, plural, proof_counts


class Chapter(Struct, frozen=True):
    """One project in a report: what a run reported of it, and runs worth showing beside the proofs."""

    name: str
    report: Report
    setting: Setting
    shown: tuple[Trace, ...] = ()


def whole(title: str, chapters: Sequence[Chapter]) -> str:
    """The report on one project, or on several, as one page."""
    groups = [grouped(it.report, it.setting) for it in chapters]
    every = [one for of_project in groups for one in of_project]
    body = ['<p class="mark" aria-label="looktwice"><span>looktwice</span></p>']
    for number, (it, own) in enumerate(zip(chapters, groups, strict=True)):
        body.append(head(it.name, it.report))
        body.append(coverage_of(it.report.coverage or Coverage(), it.setting))
        body.append(undecided_section(it.report))
        if not number and every:
            body.append(filters(every))
        if not own:
            body.append(nothing(it.report))
        body += [group(guide, findings, proofs, it.setting) for guide, findings, proofs in own]
        body += [protected(it.report.not_proven, it.shown), remarks(it.report)]
    return document(title, body, rules=filter_rules(every))


def nothing(report: Report) -> str:
    """What is written when there is neither a finding nor a proof: it must not sound cleaner than it is."""
    missing = unfinished(report.coverage or Coverage())
    firm = [it for it in report.not_proven if not it.is_open]
    if report.verb != "prove":
        text = f"Nothing was found in what was understood: {escape(missing)}." if missing else "Nothing was found."
    elif firm:
        text = "Nothing was proven."
    else:
        text = "Nothing could be decided." if report.not_proven else "Nothing was tried."
    is_unsure = bool(missing) if report.verb != "prove" else not firm
    return f'<p class="{"unsure" if is_unsure else "clean"}">{text}</p>'


def coverage_of(coverage: Coverage, setting: Setting) -> str:
    """What was not understood, and the table of all packages to be opened."""
    lines = headline(coverage, setting.guides)
    table = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows(coverage))
    head = "".join(f"<th>{cell}</th>" for cell in TABLE)
    shown = f"<p><b>{escape(lines[0])}</b></p>" + "".join(f"<p>{escape(it)}</p>" for it in lines[1:]) if lines else ""
    listed = (
        f'<details><summary>What was understood of each package</summary><table class="tried"><thead><tr>{head}</tr>'
        f"</thead><tbody>{table}</tbody></table></details>"
        if table
        else ""
    )
    return f'<section class="coverage{" unsure" if lines else ""}">{shown}{listed}</section>' if shown or listed else ""


HELD = frozenset(map(str, FINE))

Group = tuple[Guide, list[Finding], list[Proven]]


def grouped(report: Report, setting: Setting) -> list[Group]:
    """Findings and proofs by pattern: proven ones first, then by severity."""
    findings: dict[str, list[Finding]] = defaultdict(list)
    proofs: dict[str, list[Proven]] = defaultdict(list)
    for finding in report.findings:
        findings[finding.code].append(finding)
    for proof in report.proven:
        proofs[proof.code].append(proof)
    groups = [
        (guide_of(code, findings[code], setting), findings[code], proofs[code]) for code in {**findings, **proofs}
    ]
    return sorted(groups, key=lambda it: (not it[2], list(Severity).index(it[0].severity), it[0].code))


def guide_of(code: str, findings: list[Finding], setting: Setting) -> Guide:
    if code in setting.guides:
        return setting.guides[code]
    severity = findings[0].severity if findings else Severity.HIGH
    name = findings[0].pattern if findings else "no page describes this yet"
    return Guide(code=code, name=name, section="other", severity=severity)


def head(name: str, report: Report) -> str:
    done = report.finished
    counts = [
        f'<li class="{level}"><b>{count}</b> {level}</li>'
        for level in Severity
        if (count := sum(it.severity is level for it in report.findings))
    ]
    if report.proven:
        kind = plural(len(report.proven), "proof").partition(" ")[2]
        counts.insert(0, f'<li class="proven"><b>{len(report.proven)}</b> {kind}</li>')
    summary = (
        f"{plural(len(report.findings), 'finding')} ({confidence_counts(report.findings)})" if report.findings else ""
    )
    facts = " · ".join(
        filter(
            None,
            [
                str(report.reach) if report.reach else "",
                summary,
                proof_counts(report.findings, report.proven) if report.proven and report.findings else "",
                extent(done) if done and done.files else f"{done.seconds:.1f} s" if done else "",
                f"looktwice {escape(report.looktwice)}",
            ],
        )
    )
    return (
        f'<header><h1>{escape(name)}</h1><ul class="counts">{"".join(counts)}</ul><p class="facts">{facts}</p></header>'
    )


def filters(groups: list[Group]) -> str:
    """Boxes that hide what is not ticked; the style sheet does the work, so there is no script."""
    sections = sorted({guide.section for guide, _, _ in groups})
    levels = [level for level in Severity if any(it.severity is level for _, found, _ in groups for it in found)]
    boxes = [("section", it) for it in sections] + [("severity", str(it)) for it in levels]
    return (
        '<nav class="filters" aria-label="Show">'
        + "".join(
            f'<label><input type="checkbox" id="{kind}-{escape(value)}" checked> {escape(value)}</label>'
            for kind, value in boxes
        )
        + "</nav>"
    )


def filter_rules(groups: list[Group]) -> str:
    sections = {guide.section for guide, _, _ in groups}
    rules = [f"body:has(#section-{it}:not(:checked)) .section-{it}" for it in sorted(sections) if it.isidentifier()]
    rules += [f"body:has(#severity-{it}:not(:checked)) .severity-{it}" for it in Severity]
    return ",".join(rules) + "{display:none}"


def group(guide: Guide, findings: list[Finding], proofs: list[Proven], setting: Setting) -> str:
    sources = Sources(setting.root)
    severities = {it.severity for it in findings} or {guide.severity}
    levels = f" severity-{next(iter(severities))}" if len(severities) == 1 else ""
    advice = "".join(
        f"<div><h3>{title}</h3><p>{inline(text)}</p></div>"
        for title, text in (("What happens", guide.production), ("Do this instead", guide.remedy))
        if text
    )
    return (
        f'<section class="pattern section-{escape(guide.section)}{levels}" id="{escape(guide.code)}">'
        f'<h2><span class="code">{escape(guide.code)}</span> <span class="name">{escape(guide.name)}</span>'
        f'<span class="tag {guide.severity}">{guide.severity}</span>'
        f'<span class="tag">{escape(guide.section)}</span></h2>'
        f'<p class="summary">{inline(guide.summary)}</p>'
        + "".join(map(proof_of, proofs[:1]))
        + "".join(map(further, proofs[1:]))
        + "".join(finding_of(it, guide, sources) for it in findings)
        + (f'<div class="advice">{advice}</div>' if advice else "")
        + "</section>"
    )


def proof_of(proof: Proven) -> str:
    left = [f"replay: <code>{escape(shell('looktwice', 'replay', proof.proof))}</code>"] if proof.proof else []
    left += [f"the test that now guards it: <code>{escape(proof.test)}</code>"] if proof.test else []
    return f'<div class="proof">{lanes(proof.trace)}<p class="left">{" · ".join(left)}</p></div>'


def further(proof: Proven) -> str:
    """Another proof of the same pattern, to be opened."""
    trace = proof.trace
    summary = f"<b>{escape(trace.verdict)}{f' · {escape(trace.name)}' if trace.name else ''}</b> {escape(trace.title)}"
    return f"<details><summary>{summary}</summary>{proof_of(proof)}</details>"


def finding_of(finding: Finding, guide: Guide, sources: Sources) -> str:
    missing = gap(finding, guide.section)
    shown = "".join(excerpt(it, missing if not number else "") for number, it in enumerate(excerpts(finding, sources)))
    return (
        f'<article class="finding severity-{finding.severity}">'
        f'<p class="where">{escape(finding.path)}:{finding.start_line}'
        f"{f' · <b>{escape(finding.handler)}</b>' if finding.handler else ''}"
        f'<span class="tag {finding.severity}">{finding.severity}</span>'
        f'<span class="tag confidence {finding.confidence}">{finding.confidence}</span>'
        f"{'<span class=tag>preview</span>' if finding.status == 'preview' else ''}</p>"
        f'<p class="message">{escape(finding.message)}</p>{shown}{"".join(reasons(finding))}</article>'
    )


def reasons(finding: Finding) -> Iterator[str]:
    """Why it is believed; a witness is not repeated, its lanes stand above."""
    for it in finding.evidence:
        if isinstance(it, Witness):
            continue
        yield f'<p class="evidence">{escape(evidence_text(it, finding.handler))}</p>'
    if finding.because and finding.confidence is not Confidence.PROVEN:
        why = escape("; ".join(finding.because))
        yield f'<p class="because">{finding.confidence.capitalize()} confidence because {why}.</p>'


def undecided_section(report: Report) -> str:
    """What could not be decided, before everything else: requests that were not reached, runs that were void."""
    undecided = [it for it in report.not_proven if it.is_open]
    parts = [f"<h2>Tried, and undecided</h2>{table_of(undecided)}" if undecided else "", reach(report)]
    return f'<section class="undecided">{"".join(parts)}</section>' if any(parts) else ""


def protected(tried: list[NotProven], shown: Sequence[Trace]) -> str:
    """What was tried and did not break, with the reason; what was noticed on the way; and runs worth a look."""
    firm = [it for it in tried if it.verdict in HELD]
    rest = [it for it in tried if it.verdict not in HELD and not it.is_open]
    section = f"<h2>Tried, and nothing was found</h2>{table_of(firm)}{''.join(map(lanes, shown))}"
    parts = [section if firm or shown else ""]
    parts += [f"<h2>Noticed</h2>{table_of(rest)}" if rest else ""]
    return f'<section class="held">{"".join(parts)}</section>' if any(parts) else ""


def table_of(tried: list[NotProven]) -> str:
    if not tried:
        return ""
    rows = "".join(
        f"<tr><td>{escape(it.endpoint)}</td><td>{escape(it.experiment)}</td><td><b>{escape(it.verdict)}</b></td>"
        f"<td>{inline(it.why.removeprefix(f'{it.verdict}: '))}</td></tr>"
        for it in tried
    )
    head = "<tr><th>request</th><th>experiment</th><th>verdict</th><th>why</th></tr>"
    return f'<table class="tried"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def reach(report: Report) -> str:
    if not report.reached:
        return ""
    rows = "".join(
        f"<tr><td>{escape(it.endpoint)}</td><td>{it.status or 'no answer'}</td><td>{escape(it.why)}</td></tr>"
        for it in report.reached
    )
    counted = str(report.reach) if report.reach else "What was reached"
    is_open = any(not it.succeeded for it in report.reached)
    return (
        f'<details class="reach"{" open" if is_open else ""}><summary>{escape(counted)}</summary>'
        '<table class="tried"><thead><tr><th>request</th><th>answer</th><th>why not</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def remarks(report: Report) -> str:
    """What was not looked at, what was accepted, and what the run noticed: reported, never left out."""
    parts = []
    if report.unread:
        items = "".join(
            f"<li><code>{escape(it.path)}{f':{it.line}' if it.line else ''}</code> {escape(it.why)}</li>"
            for it in report.unread
        )
        parts.append(f"<h2>Not read whole</h2><ul>{items}</ul>")
    if report.suppressed:
        items = "".join(
            f"<li><code>{escape(it.path)}:{it.start_line}</code> {escape(it.code)} {escape(it.pattern)}: "
            f"<q>{escape(it.suppressed)}</q></li>"
            for it in report.suppressed
        )
        parts.append(f"<h2>Accepted, with a reason</h2><ul>{items}</ul>")
    if report.executed:
        items = "".join(f"<li><code>{escape(str(it))}</code></li>" for it in report.executed)
        parts.append(f"<h2>What was executed</h2><ul>{items}</ul>")
    if report.notes:
        items = "".join(
            f"<li>{f'<code>{escape(it.path)}:{it.line}</code> ' if it.path else ''}{escape(it.text)}</li>"
            for it in report.notes
        )
        parts.append(f"<h2>Notes</h2><ul>{items}</ul>")
    return f'<section class="remarks">{"".join(parts)}</section>' if parts else ""
