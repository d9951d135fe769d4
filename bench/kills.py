"""Kills runs of `looktwice prove` in every way, and counts what is left of them.

    python bench/kills.py [--runs 300] [--seed 1] [--verbose]

Half of the runs are killed at random moments, half at named ones. Prints the tables of bench/ROBUSTNESS.md, and ends
with 1 when anything was left of any run.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from killed_run import MOMENTS, Case, Left, killed

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
EVERYBODY = ("parent", "application", "database", "a guardian", "all guardians")
THERE = {"before the watcher": ("parent",), "set-up": ("parent", "database", "a guardian", "all guardians")}
"""Who is there to be killed at a moment; at those that are not named, everybody."""


def cases(runs: int) -> list[Case]:
    """Half at random moments and half at named ones, all ways in turn; in every second one there is a daemon, so that
    each way meets it, and its absence, when there are runs enough."""
    at_random = [(victim, number, "random") for victim in EVERYBODY for number in SIGNALS]
    named = [
        (victim, number, moment) for moment in MOMENTS for victim in THERE.get(moment, EVERYBODY) for number in SIGNALS
    ]
    chosen = [*_spread(at_random, runs // 2), *_spread(named, runs - runs // 2)]
    return [Case(*case, daemon=(number + number // len(at_random)) % 2 == 1) for number, case in enumerate(chosen)]


def run(wanted: Iterable[Case], seed: int) -> Iterator[tuple[Case, Left]]:
    """What was left of each."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        Path(folder).chmod(0o755)
        length = undisturbed(Path(folder) / "first")
        for number, case in enumerate(wanted):
            yield case, killed(case, Path(folder) / str(number), length, chance)


def undisturbed(scratch: Path) -> float:
    """How long a run takes that nobody kills, in seconds. The one before it makes what later ones find."""
    for name in ("cold", "warm"):
        began = time.monotonic()
        left = killed(Case("parent", signal.SIGKILL, "never", True), scratch / name, 0.0, random.Random(0))
        if left.code != 1 or left.count:
            raise SystemExit(f"a run that is let be ends with {left.code} and leaves {left.count}:\n{left.printed}")
    return time.monotonic() - began


def _spread(ways: list[tuple[str, signal.Signals, str]], count: int) -> list[tuple[str, signal.Signals, str]]:
    """So many of them, evenly spread; all of them in turn when that is more."""
    if count < len(ways):
        return [ways[number * len(ways) // count] for number in range(count)]
    return list(itertools.islice(itertools.cycle(ways), count))


COLUMNS = ("processes", "ports", "memory", "folders", "halves", "tracebacks")


def table(done: list[tuple[Case, Left]], by: tuple[str, ...]) -> str:
    """Markdown: what was left, by these fields of the case."""
    groups: dict[tuple[str, ...], list[Left]] = {}
    for case, left in done:
        groups.setdefault(tuple(_word(getattr(case, name)) for name in by), []).append(left)
    lines = ["| " + " | ".join((*by, "runs", *COLUMNS, "longest, s", "exit codes")) + " |"]
    lines.append("|" + "---|" * (len(by) + len(COLUMNS) + 3))
    for key, lefts in groups.items():
        sums = [str(sum(getattr(left, column) for left in lefts)) for column in COLUMNS]
        codes = Counter(left.code for left in lefts)
        listed = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
        longest = f"{max(left.seconds for left in lefts):.1f}"
        lines.append("| " + " | ".join((*key, str(len(lefts)), *sums, longest, listed)) + " |")
    return "\n".join(lines)


def _word(value: object) -> str:
    if isinstance(value, signal.Signals):
        return value.name
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="print every run")
    chosen = parser.parse_args()
    done = []
    for case, left in run(cases(chosen.runs), chosen.seed):
        done.append((case, left))
        if chosen.verbose or left.count:
            print(*case, left, file=sys.stderr, flush=True)
    for by in (("victim", "signal"), ("moment",), ("daemon",)):
        print(table(done, by), end="\n\n")
    hit, count = sum(left.victims > 0 for _, left in done), sum(left.count for _, left in done)
    print(f"{len(done)} runs, in {hit} of which there was somebody to be killed; {count} things left.")
    return int(any(left.count for _, left in done))


if __name__ == "__main__":
    sys.exit(main())
