"""Measures the speed of the audit, in lines per second of CPU time, against bandit and against the budgets.

    python bench/speed.py [--python PATH] [--typescript PATH]

Without paths it downloads two pinned packages from the registries: Django's wheel and the sources of Effect. bandit is
installed in its own environment, so that its pins affect nothing else. Everything is stored in the temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = Path(tempfile.gettempdir()) / "looktwice-bench"  # outside the repository, whose .gitignore would exclude it
PYTHON_TREE = "Django==5.2.7"
TYPESCRIPT_TREE = "effect@3.18.4"
BANDIT = "bandit==1.8.6"
AUDIT = [sys.executable, "-c", "from looktwice.cli.main import main; main()"]


class Run(NamedTuple):
    """The resources of one process (CPU and wall-clock seconds, peak memory in bytes), its output and exit code."""

    cpu: float
    wall: float
    peak: int
    output: str
    code: int


class Row(NamedTuple):
    """One measurement. A `ratio` above 1 meets the budget."""

    what: str
    measured: str
    budget: str
    ratio: float | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, help="a Python source tree to audit")
    parser.add_argument("--typescript", type=Path, help="a TypeScript source tree to audit")
    chosen = parser.parse_args()
    SCRATCH.mkdir(exist_ok=True)
    trees = {"Python": chosen.python or python_tree(), "TypeScript": chosen.typescript or typescript_tree()}
    rows = [start_up()]
    for language, tree in trees.items():
        if tree is None:
            print(f"not run: {language} (the registry could not be reached; give --{language.lower()} PATH)")
            continue
        rows += audited(language, tree)
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} of the budget"
        print(f"{row.what:<34}{row.measured:>24}   {row.budget:<28}{ratio}")
    return 0


def audited(language: str, tree: Path) -> Iterator[Row]:
    """Cold and warm runs on one tree, memory, one changed file, and bandit where it supports the language."""
    copy = SCRATCH / f"copy-{language.lower()}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree, copy)
    cold, lines = audit(copy, "--no-cache")
    if not lines:
        yield Row(f"{language}, cold", "no result", cold.output.strip()[-200:], None)
        return
    speed = lines / cold.cpu / 1_000
    yield Row(f"{language}, cold", f"{speed:,.0f} kLOC per CPU-s", f"≥ 80 ({lines:,} lines)", speed / 80)
    yield Row(f"{language}, memory", f"{cold.peak / lines:,.0f} bytes per line", "< 1,024", 1_024 * lines / cold.peak)
    audit(copy)
    warm, _ = audit(copy)
    yield Row(
        f"{language}, nothing changed", f"{lines / warm.cpu / 1e6:.2f} MLOC per CPU-s", "≥ 3", lines / warm.cpu / 3e6
    )
    changed = next(
        path for path in sorted(copy.rglob("*")) if path.suffix in (".py", ".ts") and path.stat().st_size > 500
    )
    changed.write_bytes(changed.read_bytes() + b"\n")
    again, _ = audit(copy)
    yield Row(f"{language}, one file changed", f"{again.wall:.2f} s", "< 1 s", 1 / again.wall)
    if language == "Python" and (command := bandit()) is not None:
        other = run([*command, "-q", "-r", str(copy), "-f", "json", "-o", os.devnull])
        yield Row("bandit on the same tree", f"{lines / other.cpu / 1_000:,.0f} kLOC per CPU-s", "", None)
        yield Row("looktwice compared with bandit", f"{other.cpu / cold.cpu:.1f} times as fast", "", None)
    shutil.rmtree(copy, ignore_errors=True)


def audit(tree: Path, *options: str) -> tuple[Run, int]:
    """One audit and the number of lines it read; 0 when it did not finish."""
    report = SCRATCH / "report.json"
    report.unlink(missing_ok=True)
    done = run([*AUDIT, "audit", str(tree), "--format", "json", "-o", str(report), *options])
    if not report.exists():
        return done, 0
    return done, int(json.loads(report.read_text("utf-8"))["finished"]["lines"])


def start_up() -> Row:
    """The median of five calls of --help."""
    walls = sorted(run([*AUDIT, "--help"]).wall for _ in range(5))
    return Row("--help", f"{walls[2] * 1_000:.0f} ms", "< 150 ms", 0.15 / walls[2])


def run(command: list[str]) -> Run:
    """Run a process to its end; measures its CPU time and peak memory, including those of its child processes."""
    before = os.times()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = os.times().elapsed - before.elapsed
    per_unit = 1 if sys.platform == "darwin" else 1_024
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * per_unit, output, process.returncode)


def python_tree() -> Path | None:
    target = SCRATCH / PYTHON_TREE
    if not target.exists():
        got = run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(SCRATCH), PYTHON_TREE])
        wheels = sorted(SCRATCH.glob("[dD]jango*.whl"))
        if got.code or not wheels:
            return None
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(target)
    return target


def typescript_tree() -> Path | None:
    target = SCRATCH / TYPESCRIPT_TREE
    npm = shutil.which("npm")
    if not target.exists():
        if npm is None or run([npm, "pack", "--silent", "--pack-destination", str(SCRATCH), TYPESCRIPT_TREE]).code:
            return None
        with tarfile.open(sorted(SCRATCH.glob("effect-*.tgz"))[-1]) as package:
            package.extractall(target, filter="data")
    return target / "package" / "src"


def bandit() -> list[str] | None:
    """bandit's command, installed on first use; None when the registry cannot be reached."""
    home = SCRATCH / "bandit"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    if run([str(python), "-c", "import bandit"]).code and run([str(python), "-m", "pip", "install", "-q", BANDIT]).code:
        return None
    return [str(python), "-m", "bandit"]


if __name__ == "__main__":
    sys.exit(main())
