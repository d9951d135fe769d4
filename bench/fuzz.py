"""Damaged sources, damaged files beside them, and trees that nobody should make: what an audit says to them.

    python bench/fuzz.py [--sources 100000] [--trees 10000] [--seed 1] [--keep FOLDER]

A hundred damaged sources make one program, which is audited from disk; a tree is a small program with its auxiliary
files, some damaged, some replaced by pipes, devices, circles of links. Each has a deadline. Nothing may raise but
a LooktwiceError, nothing may be called a fault of our own, what could not be read must be reported, and a remembered
result must equal a fresh one. What breaks is printed with the number that makes it again, and its files are kept.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import mutations
import strange_trees

TOGETHER = 100
DEADLINE = 90
"""Seconds for one audit, far more than it takes: what has not ended by then never does."""


class Broken(Exception):
    """An audit printed or did what none may."""


class Late(BaseException):
    """The deadline has passed; no `except Exception` on the way may swallow it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="begin with this number, to see one failure again")
    parser.add_argument("--keep", type=Path, help="where the files of what broke are kept")
    chosen = parser.parse_args()
    began = time.perf_counter()
    runs: Counter[str] = Counter()
    failures = list(fuzz(chosen.sources, chosen.trees, chosen.seed, chosen.first, chosen.keep, runs))
    print(
        f"seed {chosen.seed}: {runs['sources']} damaged sources in {runs['programs']} audits, {runs['trees']} trees, "
        f"{runs['remembered']} compared with what was remembered, {runs['reported']} files reported, "
        f"{runs['refused']} refused in one sentence; {len(failures)} failures; {time.perf_counter() - began:.0f} s"
    )
    return 1 if failures else 0


def fuzz(
    sources: int, trees: int, seed: int, first: int = 0, keep: Path | None = None, runs: Counter[str] | None = None
) -> Iterator[str]:
    """The failures. `runs` counts what was done."""
    runs = Counter() if runs is None else runs
    corpus = mutations.sources()
    signal.signal(signal.SIGALRM, late)
    for number in range(first, first + sources // TOGETHER):
        yield from attempt(
            f"{seed}:sources:{number}", lambda root, random: of_sources(root, random, corpus, runs), keep
        )
    for number in range(first, first + trees):
        yield from attempt(f"{seed}:trees:{number}", lambda root, random: of_tree(root, random, runs), keep)


def late(number: int, frame: object) -> None:
    raise Late


def attempt(name: str, run: Callable[[Path, Random], None], keep: Path | None) -> Iterator[str]:
    """One case in a folder of its own; its failure, when there is one."""
    root = Path(tempfile.mkdtemp(prefix="looktwice-fuzz-"))
    signal.alarm(DEADLINE)
    fault = ""
    try:
        run(root, Random(name))
    except Late as error:
        fault = f"{name}: did not end\n{where(error)}"
    except Exception as error:
        fault = f"{name}: {type(error).__name__}: {error}\n{'' if isinstance(error, Broken) else where(error)}"
    finally:
        signal.alarm(0)
    if fault:
        print(fault, flush=True)
        if keep:
            shutil.move(root, keep / name.replace(":", "-"))
        yield fault
    strange_trees.remove(root)


def where(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)[-6:])


def of_sources(root: Path, random: Random, corpus: tuple[tuple[str, bytes], ...], runs: Counter[str]) -> None:
    """A program of damaged sources: what no grammar understands is reported."""
    written: dict[str, bytes] = {}
    for number in range(TOGETHER):
        ending, data = random.choice(corpus)
        written[f"f{number}{ending}"] = mutations.damaged(data, random, corpus)
    beside = {"prisma/schema.prisma": mutations.AUXILIARY["prisma/schema.prisma"]}
    if random.random() < 0.3:
        beside["long.py"] = b"x = 1\n" * 9_000  # in a large tree not everything is lowered
    plant(root, {**written, **beside})
    reported = audited(root, random, runs)
    for path, data in written.items():
        if path not in reported and (why := cannot_be_whole(path, data)):
            raise Broken(f"{path} was not reported: {why}")
    runs["sources"] += len(written)
    runs["programs"] += 1


def of_tree(root: Path, random: Random, runs: Counter[str]) -> None:
    """A tree with damaged files beside the code, and perhaps with what is no file at all."""
    files = dict(mutations.auxiliary(random))
    plant(root, {**mutations.PROGRAM, **files})
    strange = strange_trees.strange(root, random) if random.random() < 0.5 else {}
    reported = audited(root, random, runs)
    for path in [*files, *strange]:
        is_kept = path in files and holds(root / path, files[path])  # something strange may stand in its place
        why = strange.get(path) or (cannot_be_read(path, files[path]) if is_kept else "")
        if reported and path not in reported and why:
            raise Broken(f"{path} was not reported: {why}")
    proving(root, asks_node=random.random() < 0.1)
    runs["trees"] += 1


def holds(path: Path, data: bytes) -> bool:
    """Whether a regular file with this content stands there."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size == len(data) and path.read_bytes() == data


def plant(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def audited(root: Path, random: Random, runs: Counter[str]) -> set[str]:
    """Audit the folder; gives what was reported as unread, empty when the audit was refused in one sentence."""
    from looktwice.audit import Options, audit
    from looktwice.core.config import load
    from looktwice.core.errors import LooktwiceError
    from looktwice.core.event import Finished, Noted, Started, Unread

    def run(use_cache: bool) -> list[object]:
        config = load(root)
        options = Options(config=config, exclude=config.audit.exclude, use_cache=use_cache)
        return [it for it in audit(root, options) if not isinstance(it, Started)]

    try:
        events = run(use_cache=False)
    except LooktwiceError as error:
        runs["refused"] += 1
        if "bug in looktwice" in str(error) or len(str(error)) > 2_000:
            raise Broken(f"no sentence: {error}") from None
        return set()
    for it in events:
        words = it.text if isinstance(it, Noted) else it.why if isinstance(it, Unread) else ""
        if "bug in looktwice" in words:
            raise Broken(words)
    if random.random() < 0.1:
        for again in (run(use_cache=True), run(use_cache=True)):
            if lasting(again) != lasting(events):
                raise Broken("a remembered result is another one")
        runs["remembered"] += 1
    reported = {it.path for it in events if isinstance(it, Unread)} | {
        it.path for it in events if isinstance(it, Noted)
    }
    runs["reported"] += len(reported)
    assert isinstance(events[-1], Finished)
    return reported


def lasting(events: list[object]) -> list[object]:
    """What an audit gives however often it runs: not its times, and not that it could not remember anything."""
    from looktwice.core.event import Found, Noted, Unread

    remembering = "the cache is not used"
    return [
        it
        for it in events
        if isinstance(it, (Found, Noted, Unread)) and not (isinstance(it, Noted) and it.text.startswith(remembering))
    ]


def proving(root: Path, asks_node: bool) -> None:
    """Read what `prove` reads before it starts anything. asks_node: also for its version, by starting it."""
    from looktwice.core.errors import LooktwiceError
    from looktwice.prove.app.sources import commands, dotenv, node, programs, settings_in_code
    from looktwice.prove.evidence import proof

    for read in (
        commands.start,
        commands.setup,
        commands.extensions,
        dotenv.settings,
        settings_in_code.settings,
        node.build,
    ):
        read(root)
    if asks_node:
        programs.search_path(root)
    try:
        proof.load(root / ".looktwice/proofs/one.json")
    except LooktwiceError as error:
        if "bug in looktwice" in str(error):
            raise Broken(str(error)) from None


# ── what another parser says ─────────────────────────────────────────────────────────────────────────────────────────
def cannot_be_whole(path: str, data: bytes) -> str:
    """Why a source cannot have been understood whole, by its grammar alone; "" when that cannot be determined."""
    import tree_sitter
    import tree_sitter_javascript
    import tree_sitter_python
    import tree_sitter_typescript

    languages = {
        ".py": tree_sitter_python.language,
        ".js": tree_sitter_javascript.language,
        ".mjs": tree_sitter_javascript.language,
        ".ts": tree_sitter_typescript.language_typescript,
        ".tsx": tree_sitter_typescript.language_tsx,
    }
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] == b"\0\0\xfe\xff":
        return ""  # decoded first
    if b"\0" in data:
        return "it holds zero bytes"
    rewritten = (b"&", b"using", b">`", b"out ", b"<in ")  # what we know and the grammar does not
    if path.endswith(".py") or not any(mark in data for mark in rewritten):
        try:
            data.decode()
        except UnicodeDecodeError:
            return ""
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # a lone return ends a line, the grammars think not
        parser = tree_sitter.Parser(tree_sitter.Language(languages[Path(path).suffix]()))
        if len(data) < 20_000 and parser.parse(data.removeprefix(b"\xef\xbb\xbf")).root_node.has_error:
            return "its grammar finds an error in it"
    return ""


def cannot_be_read(path: str, data: bytes) -> str:
    """Why a file beside the code cannot have been understood, by another parser; "" when that cannot be determined."""
    import json
    import tomllib

    if path.endswith(("package.json", "package-lock.json", "Pipfile.lock")):
        try:
            return "" if isinstance(json.loads(data.decode("utf-8-sig")), dict) else "it is no object"
        except RecursionError:
            return "it is nested too deeply"
        except ValueError:
            loose = (
                b"//" in data
                or b"/*" in data
                or b"," in data
                or data[:2] in (b"\xff\xfe", b"\xfe\xff")
                or b"\0" in data
            )
            return "" if loose else "it is no JSON"
    if path in ("pyproject.toml", "poetry.lock"):
        try:
            tomllib.loads(data.decode("utf-8-sig"))
        except RecursionError:
            return "it is nested too deeply"
        except ValueError:
            return "" if b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff") else "it is no TOML"
    return ""


if __name__ == "__main__":
    sys.exit(main())
