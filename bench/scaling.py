"""How the time of an audit grows with the size of what is audited, shape by shape: no walk may take the square.

    python bench/scaling.py [--size N] [--limit SECONDS] [--only WORDS]

Each shape of `shapes.py` is audited at sizes N, 2N and 4N, in a process of its own, by processor time. Twice the size
may take about twice the time; what takes more than `WORST` times as long, or does not end, is marked: exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from shapes import SHAPES, Files

WORST = 2.7
"""Growth for twice the size that is still no square: n log n is a little above 2, and clocks are not exact."""
NOISE = 0.25
"""Seconds below which growth is not judged."""


class Run(NamedTuple):
    """One audit: seconds of processor time, None when it did not end; and what went wrong."""

    seconds: float | None
    fault: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1_000)
    parser.add_argument("--limit", type=int, default=60, help="seconds of processor time for one audit")
    parser.add_argument("--only", default="", help="shapes whose name holds these words")
    chosen = parser.parse_args()
    warm_up()
    bad = 0
    for name in SHAPES:
        if chosen.only in name:
            runs = [run(name, chosen.size * factor, chosen.limit) for factor in (1, 2, 4)]
            verdict = judge(runs)
            bad += bool(verdict)
            shown = " ".join("     -" if it.seconds is None else f"{it.seconds:6.2f}" for it in runs)
            print(f"{name:<42} {shown}  {growth(runs)}  {verdict}".rstrip(), flush=True)
    print(f"{bad} of {len(SHAPES)} shapes grow too fast or fail")
    return 1 if bad else 0


def growth(runs: list[Run]) -> str:
    before, after = runs[-2].seconds, runs[-1].seconds
    return f"x{after / before:4.1f}" if before and after and after > NOISE else "     "


def judge(runs: list[Run]) -> str:
    """What is wrong with a shape; "" when nothing is."""
    for it in runs:
        if it.fault:
            return it.fault
    before, after = runs[-2].seconds, runs[-1].seconds
    if before is None or after is None:
        return "DOES NOT END"
    return "GROWS TOO FAST" if after > NOISE and after > WORST * max(before, NOISE / 3) else ""


def warm_up() -> None:
    """Import everything once, so that no audit pays for it."""
    for name in ("handlers, Python", "handlers, JavaScript", "SQL texts", "migration, many statements"):
        audited(SHAPES[name](2))


def audited(files: Files) -> str:
    """Audit in memory; gives what no audit may say."""
    from looktwice.audit.reading import Files as Contents
    from looktwice.audit.understanding import understand
    from looktwice.code.syntax.languages import adapter_for
    from looktwice.core.config import Config

    code = {path: text.encode() for path, text in files.items() if adapter_for(path)}
    context = {path: text.encode() for path, text in files.items() if path not in code}
    result = understand(Contents(code, context, (), {}), Config())
    faults = [it.text for it in result.notes if "bug in looktwice" in it.text] + [
        it.why for it in result.unread if "bug in looktwice" in it.why
    ]
    return faults[0] if faults else ""


def run(name: str, size: int, limit: int) -> Run:
    """One audit in a process of its own, which inherits what was imported."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        try:
            files = SHAPES[name](size)
            began = time.process_time()
            fault = audited(files)
            answer = [time.process_time() - began, fault]
        except BaseException as error:
            answer = [0.0, f"{type(error).__name__}: {str(error)[:80]}"]
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        ended = os.WTERMSIG(status)
        return Run(None, "" if ended in (signal.SIGXCPU, signal.SIGKILL) else f"ended by signal {ended}")
    seconds, fault = json.loads(data)
    return Run(seconds, fault)


if __name__ == "__main__":
    sys.exit(main())
