"""What `prove` says in the terminal: a proof with its lanes, what held, and what could be reached at all."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from looktwice.core.event import NotProven, Proven, Reach, Reached
from looktwice.core.quoting import shell
from looktwice.render.lanes import FINE
from looktwice.render.terminal import lanes


def proof(event: Proven, width: int) -> Text:
    """The lanes, and what the proof leaves behind."""
    text = lanes.text(event.trace, width)
    for label, value in (("proof", event.proof), ("test", event.test)):
        if value:
            text.append(f"\n{label:<6}{value}", "dim")
    if event.proof:
        text.append(f"\nagain {shell('looktwice', 'replay', event.proof)}", "dim")
    return text.append("\n")


def brief_proof(event: Proven) -> Text:
    """One line for readers that are programs."""
    requests = " and ".join(f"{lane.method} {lane.path}" for lane in event.trace.lanes)
    left = "".join(f" {label}={value}" for label, value in (("proof", event.proof), ("test", event.test)) if value)
    return Text(f"proven {event.code or 'no-page'} {event.experiment}: {requests}: {event.trace.explanation}{left}")


HELD = frozenset(map(str, FINE))


def held(event: NotProven) -> Text:
    """One line: what was run on which endpoint, and what came of it."""
    mark = ("held  ", "green") if event.verdict in HELD else ("open  ", "yellow")
    text = Text.assemble(mark, f"{event.experiment}")
    if event.endpoint:
        text.append(f"  {event.endpoint}", "bold")
    why = event.why.removeprefix(f"{event.verdict}: ")
    return text.append(f"  {event.verdict}").append(f": {why}" if why else "")


def _is_all(reach: Reach | None) -> bool:
    return reach is None or reach.reached == reach.endpoints


def reach_table(reach: Reach | None, reached: Iterable[Reached], width: int) -> Text:
    """How many were reached; then endpoint, solo status, and why it was not more: those that were not reached first."""
    rows = sorted(reached, key=lambda it: it.succeeded)
    if not rows:
        return Text(f"{reach}\n" if reach else "", "bold")
    widest = min(max(len(it.endpoint) for it in rows), width // 2)
    text = Text(f"{reach}\n" if reach else "What was reached\n", "bold" if _is_all(reach) else "bold yellow")
    for it in rows:
        text.append(f"  {it.endpoint:<{widest}}  ")
        text.append(str(it.status or "no answer"), "green" if it.succeeded else "yellow")
        text.append(f"  {it.why}\n" if it.why else "\n", "dim")
    return text
